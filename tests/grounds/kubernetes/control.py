"""The control plane: keys, tokens and kubeconfigs, and the commands of etcd, API server, controllers and scheduler."""

from __future__ import annotations

import base64
import json
import secrets
import subprocess
from pathlib import Path

from tests.grounds.kubernetes.slot import Slot
from tests.grounds.kubernetes.space import SERVICE

__all__ = ["USERS", "commands", "kubeconfig", "make_keys", "read_tokens", "write_scheduler", "write_tokens"]

USERS = {
    "admin": ("admin", "system:masters"),
    "kcm": ("system:kube-controller-manager", ""),
    "scheduler": ("system:kube-scheduler", ""),
    "kubelet": ("system:node:node1", "system:nodes"),
    "limited": ("limited", ""),  # nothing is bound to it: whatever it asks is forbidden until a test binds a role
}
"""Name of a kubeconfig: user and groups of the token in it."""

_CONTROLLERS = (
    "clusterrole-aggregation-controller",
    "cronjob-controller",
    "disruption-controller",
    "garbage-collector-controller",
    "job-controller",
    "namespace-controller",
    "node-lifecycle-controller",
    "pod-garbage-collector-controller",
    "resourcequota-controller",
    "root-ca-certificate-publisher-controller",
    "serviceaccount-controller",
    "serviceaccount-token-controller",
    "taint-eviction-controller",
    "ttl-after-finished-controller",
)
_ETCD = 2379


def make_keys(pki: Path) -> None:
    """The key of the service accounts' tokens, and a client certificate by which a kubelet knows the API server."""
    pki.mkdir()
    key = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes"]
    for argv in (
        ["ecparam", "-name", "prime256v1", "-genkey", "-noout", "-out", "sa.key"],
        ["req", "-x509", *key, "-days", "2", "-subj", "/CN=kubelet-clients", "-keyout", "ca.key", "-out", "ca.crt"],
        ["req", *key, "-subj", "/O=system:masters/CN=apiserver", "-keyout", "apiserver-kubelet.key", "-out", "request"],
        [
            *("x509", "-req", "-days", "2", "-in", "request", "-CA", "ca.crt", "-CAkey", "ca.key"),
            *("-CAcreateserial", "-out", "apiserver-kubelet.crt"),
        ],
    ):
        done = subprocess.run(["openssl", *argv], cwd=pki, capture_output=True, text=True, check=False)
        if done.returncode:
            raise RuntimeError(f"openssl {' '.join(argv)}: {done.stderr.strip()}")


def write_tokens(file: Path) -> None:
    """A fresh token for each of USERS."""
    lines = [f'{secrets.token_hex(16)},{user},{name},"{groups}"\n' for name, (user, groups) in USERS.items()]
    file.write_text("".join(lines))
    file.chmod(0o600)


def read_tokens(file: Path) -> dict[str, str]:
    """Name of a kubeconfig: its token."""
    lines = (line.split(",") for line in file.read_text().splitlines())
    return {name: token for token, _, name, *_ in lines}


def kubeconfig(file: Path, *, server: str, trusted: Path, user: str, token: str, namespace: str = "default") -> Path:
    """Write a kubeconfig with the server's certificate in it, so that it may be copied anywhere."""
    authority = base64.b64encode(trusted.read_bytes()).decode()
    context = {"cluster": "test", "user": user, "namespace": namespace}
    content = {
        "apiVersion": "v1",
        "kind": "Config",
        "current-context": "test",
        "clusters": [{"name": "test", "cluster": {"server": server, "certificate-authority-data": authority}}],
        "users": [{"name": user, "user": {"token": token}}],
        "contexts": [{"name": "test", "context": context}],
    }
    file.write_text(json.dumps(content, indent=1))
    file.chmod(0o600)
    return file


def write_scheduler(file: Path, user: Path) -> None:
    """The scheduler's configuration; `user` is its kubeconfig."""
    content = {
        "apiVersion": "kubescheduler.config.k8s.io/v1",
        "kind": "KubeSchedulerConfiguration",
        "leaderElection": {"leaderElect": False},
        "clientConnection": {"kubeconfig": str(user), "qps": 500, "burst": 1000},
    }
    file.write_text(json.dumps(content))


def commands(folder: Path, slot: Slot, binary: Path) -> dict[str, list[str]]:
    """Name of a process: its command, in the order in which they start.

    The API server listens on every address of the space: on the node's, by which this machine and the pods reach it,
    and on that of the service `kubernetes`, which is what KUBERNETES_SERVICE_HOST says in a pod. Its certificate, which
    it makes itself and keeps through restarts, holds both.
    """
    pki = folder / "pki"
    serving = [
        f"--etcd-servers=http://127.0.0.1:{_ETCD}",
        "--bind-address=0.0.0.0",
        f"--advertise-address={slot.node}",
        "--secure-port=443",
        f"--cert-dir={pki}",
        f"--token-auth-file={folder / 'tokens.csv'}",
        "--authorization-mode=Node,RBAC",
        "--enable-admission-plugins=NodeRestriction",
        "--allow-privileged=true",  # else the API server refuses what policies are to refuse
        f"--service-cluster-ip-range={SERVICE.rpartition('.')[0]}.0/24",
        "--service-account-issuer=https://kubernetes.default.svc",
        f"--service-account-key-file={pki / 'sa.key'}",
        f"--service-account-signing-key-file={pki / 'sa.key'}",
        f"--kubelet-client-certificate={pki / 'apiserver-kubelet.crt'}",
        f"--kubelet-client-key={pki / 'apiserver-kubelet.key'}",
        "--kubelet-preferred-address-types=InternalIP",
        "--endpoint-reconciler-type=none",
        "--profiling=false",
        "--v=1",
    ]
    controlling = [
        f"--kubeconfig={folder / 'kcm.kubeconfig'}",
        f"--controllers={','.join(_CONTROLLERS)}",
        f"--service-account-private-key-file={pki / 'sa.key'}",
        f"--root-ca-file={pki / 'apiserver.crt'}",
        "--use-service-account-credentials=true",
        "--leader-elect=false",
        "--secure-port=0",
        "--kube-api-qps=500",
        "--kube-api-burst=1000",
        "--node-monitor-period=1s",
        "--node-monitor-grace-period=10s",  # a lost node shows within seconds
        "--v=1",
    ]
    data = ["--data-dir", str(folder / "etcd"), "--client-port", str(_ETCD), "--peer-port", str(_ETCD + 1)]
    return {
        "etcd": [str(binary), "etcd", *data],
        "kube-apiserver": [str(binary), "kube-apiserver", *serving],
        "kube-controller-manager": [str(binary), "kube-controller-manager", *controlling],
        "kube-scheduler": [
            *(str(binary), "kube-scheduler", f"--config={folder / 'scheduler.json'}", "--secure-port=0", "--v=1")
        ],
    }
