"""A cluster by hand: `python -m tests.grounds.kubernetes up --dir D`, then `down --dir D`."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

from tests.grounds.kubernetes.build import BuildFailed, build
from tests.grounds.kubernetes.cluster import Cluster, ClusterFailed


def main() -> None:
    """Do what the command line says."""
    words = argparse.ArgumentParser(prog="python -m tests.grounds.kubernetes", description=__doc__)
    commands = words.add_subparsers(dest="command", required=True)
    commands.add_parser("build", help="build the binary, which is kept, and say where it is")
    up = commands.add_parser("up", help="start a cluster, which stays until `down`")
    up.add_argument("--no-node", action="store_true", help="the control plane alone: no containerd, no kubelet")
    down = commands.add_parser("down", help="end the cluster and remove its folder, whatever state they are in")
    restart = commands.add_parser("restart", help="kill one process and start it again")
    restart.add_argument("process", help="etcd, kube-apiserver, kubelet, ...")
    for command in (up, down, restart):
        command.add_argument("--dir", type=Path, required=True, help="the cluster's folder")
    given = words.parse_args()
    try:
        _do(given)
    except (BuildFailed, ClusterFailed, ValueError) as error:
        sys.exit(str(error))


def _do(given: argparse.Namespace) -> None:
    if given.command == "build":
        print(build())
    elif given.command == "down":
        Cluster(given.dir).down()
    elif given.command == "restart":
        Cluster.at(given.dir).restart(given.process)
    else:
        cluster = Cluster(given.dir)
        cluster.up(with_node=not given.no_node)
        print(f"up after {cluster.times['total']} s; pods reach this machine as {cluster.host_address}")
        print(f"export KUBECONFIG={cluster.kubeconfig}")


if __name__ == "__main__":
    main()
