"""The node: containerd and a real kubelet in the cluster's space, which a bridge joins to the pods."""

from __future__ import annotations

import json
import os
import shutil
from pathlib import Path
from typing import Any

from tests.grounds.images.archive import PAUSE, missing_busybox
from tests.grounds.kubernetes.build import no_binary
from tests.grounds.kubernetes.slot import Slot
from tests.grounds.kubernetes.space import BRIDGE, PATH

__all__ = ["CNI", "NAME", "PORT", "SOCKET", "commands", "missing", "trust_registry", "write_files"]

NAME = "node1"
PORT = 10250
SOCKET = "/run/containerd.sock"
"""In the cluster's space, whose /run nobody else sees."""
CNI = ("/usr/lib/cni", "/opt/cni/bin")
"""Where network plugins may be: Debian's place, and everybody else's."""

_CONTAINERD = """version = 2
root = "{folder}/containerd"
state = "/run/containerd"
oom_score = 0
disabled_plugins = ["io.containerd.snapshotter.v1.aufs", "io.containerd.snapshotter.v1.btrfs",
  "io.containerd.snapshotter.v1.devmapper", "io.containerd.snapshotter.v1.zfs", "io.containerd.internal.v1.opt",
  "io.containerd.tracing.processor.v1.otlp"]
[grpc]
  address = "{socket}"
[plugins."io.containerd.grpc.v1.cri"]
  sandbox_image = "{pause}"
  restrict_oom_score_adj = true
  disable_apparmor = true
  [plugins."io.containerd.grpc.v1.cri".registry]
    config_path = "{folder}/registries"
  [plugins."io.containerd.grpc.v1.cri".cni]
    bin_dir = "{cni}"
    conf_dir = "{folder}/cni"
  [plugins."io.containerd.grpc.v1.cri".containerd]
    snapshotter = "overlayfs"
    [plugins."io.containerd.grpc.v1.cri".containerd.runtimes.runc]
      runtime_type = "io.containerd.runc.v2"
      [plugins."io.containerd.grpc.v1.cri".containerd.runtimes.runc.options]
        SystemdCgroup = false
"""
"""restrict_oom_score_adj: without CAP_SYS_RESOURCE no container starts otherwise."""


def missing() -> str:
    """What this machine lacks for a cluster; empty when nothing."""
    if os.getuid():
        return "a cluster of our own needs root"
    packages = {"containerd": "containerd", "ctr": "containerd", "runc": "runc", "ip": "iproute2", "openssl": "openssl"}
    for program, package in packages.items():
        if not shutil.which(program, path=PATH):
            return f"{program} is not installed (Debian: {package})"
    if not any(os.access(f"{place}/bridge", os.X_OK) for place in CNI):
        return "the network plugins are not installed (Debian: containernetworking-plugins)"
    return no_binary() or missing_busybox()


def _kubelet(folder: Path, slot: Slot) -> dict[str, Any]:
    return {
        "apiVersion": "kubelet.config.k8s.io/v1beta1",
        "kind": "KubeletConfiguration",
        "address": str(slot.node),
        "port": PORT,
        "readOnlyPort": 0,
        "healthzPort": 0,
        "authentication": {
            "anonymous": {"enabled": False},
            "webhook": {"enabled": False},
            "x509": {"clientCAFile": str(folder / "pki/ca.crt")},
        },
        "authorization": {"mode": "AlwaysAllow"},
        "containerRuntimeEndpoint": f"unix://{SOCKET}",
        "cgroupDriver": "cgroupfs",
        "cgroupRoot": f"/{slot.cgroup}",
        "cgroupsPerQOS": True,
        "enforceNodeAllocatable": [],
        "failCgroupV1": False,
        "failSwapOn": False,
        "oomScoreAdj": 0,
        "maxOpenFiles": 20000,
        # The disk is the developer's: how full it is must not decide what a test sees.
        "evictionHard": dict.fromkeys(
            ("memory.available", "nodefs.available", "nodefs.inodesFree", "imagefs.available"), "0%"
        ),
        "imageGCHighThresholdPercent": 100,  # below it, the pause image may be collected
        "podLogsDir": str(folder / "podlogs"),
        "volumePluginDir": str(folder / "volumeplugins"),
        "kubeAPIQPS": 200,
        "kubeAPIBurst": 400,
        "eventRecordQPS": 0,
        "registryPullQPS": 0,
        "nodeStatusUpdateFrequency": "2s",
        "nodeLeaseDurationSeconds": 8,
        "clusterDNS": [str(slot.node)],  # nothing serves names there; without it each pod gets a warning
        "clusterDomain": "cluster.local",
        "resolvConf": "",
        "maxPods": 200,
        "rotateCertificates": False,
    }


def write_files(folder: Path, slot: Slot) -> None:
    """The configurations of containerd, kubelet and network."""
    plugins = next((place for place in CNI if os.path.isdir(place)), CNI[0])
    (folder / "containerd.toml").write_text(_CONTAINERD.format(folder=folder, socket=SOCKET, pause=PAUSE, cni=plugins))
    (folder / "kubelet.json").write_text(json.dumps(_kubelet(folder, slot), indent=1))
    pods = {"subnet": str(slot.network), "rangeStart": str(slot.network[10]), "rangeEnd": str(slot.network[250])}
    bridge = {
        "type": "bridge",
        "bridge": BRIDGE,
        "isGateway": True,
        "ipMasq": False,
        "ipam": {
            "type": "host-local",
            "dataDir": str(folder / "ipam"),
            "ranges": [[{**pods, "gateway": str(slot.node)}]],
            "routes": [{"dst": "0.0.0.0/0"}],
        },
    }
    (folder / "cni").mkdir()
    (folder / "cni/10-pods.conflist").write_text(
        json.dumps({"cniVersion": "0.4.0", "name": "pods", "plugins": [bridge]})
    )


def trust_registry(folder: Path, host: str) -> None:
    """Have containerd speak plain HTTP to the registry at "address:port", from its next pull on."""
    place = folder / "registries" / f"{host.replace(':', '_')}_"
    place.mkdir(parents=True, exist_ok=True)
    (place / "hosts.toml").write_text(f'server = "http://{host}"\n[host."http://{host}"]\n')


def commands(folder: Path, slot: Slot, binary: Path) -> dict[str, list[str]]:
    """Name of a process: its command, in the order in which they start."""
    kubelet = [
        f"--config={folder / 'kubelet.json'}",
        f"--kubeconfig={folder / 'kubelet.kubeconfig'}",
        f"--root-dir={folder / 'kubelet'}",
        f"--cert-dir={folder / 'kubelet-pki'}",
        f"--hostname-override={NAME}",
        f"--node-ip={slot.node}",
        "--v=2",
    ]
    return {
        "containerd": ["containerd", "--config", str(folder / "containerd.toml")],
        "kubelet": [str(binary), "kubelet", *kubelet],
    }
