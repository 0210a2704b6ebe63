"""A node of paper: the control plane takes it for a node, and what it says of its pods is invented."""

from __future__ import annotations

import threading
from datetime import UTC, datetime
from typing import Any
from urllib.parse import quote

from tests.grounds.kubernetes.api import Api, ApiError

__all__ = ["EXIT", "TAINT", "PaperNode"]

EXIT = "anyjob.test/exit"
"""Annotation of a pod on paper: the exit status with which it ends at once; without it, it runs until it is deleted."""

TAINT = "anyjob.test/paper"
_BEAT = 2.0
_LOOK = 0.2


def _now() -> str:
    return datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


class PaperNode:
    """A healthy node that runs nothing. With a single node, its loss is a "full disruption" and nothing is evicted.

    Pods come to it only by tolerating `anyjob.test/paper` and choosing it by `kubernetes.io/hostname`. There they run,
    or end with the exit status that their annotation EXIT says. They have no logs.
    """

    def __init__(self, api: Api, name: str) -> None:
        self.name = name
        self._api = api
        self._over = threading.Event()
        labels = {"kubernetes.io/hostname": name}
        taints = [{"key": TAINT, "effect": "NoSchedule"}]
        node = {"metadata": {"name": name, "labels": labels}, "spec": {"taints": taints}}
        api.call("POST", "/api/v1/nodes", node)
        lease = {"metadata": {"name": name}, "spec": {"holderIdentity": name, "leaseDurationSeconds": 8}}
        api.call("POST", "/apis/coordination.k8s.io/v1/namespaces/kube-node-lease/leases", lease)
        self._live()
        self._threads = [
            threading.Thread(target=self._repeat, args=(self._live, _BEAT), name=f"paper node {name}", daemon=True),
            threading.Thread(target=self._repeat, args=(self._act, _LOOK), name=f"pods of {name}", daemon=True),
        ]
        for thread in self._threads:
            thread.start()

    def end(self) -> None:
        """Say no more: the control plane sees the node die."""
        self._over.set()
        for thread in self._threads:
            thread.join()

    def remove(self) -> None:
        """No such node any more; its pods are collected."""
        self.end()
        self._api.call("DELETE", f"/api/v1/nodes/{self.name}")

    def _repeat(self, act: Any, seconds: float) -> None:
        while not self._over.wait(seconds):
            try:
                act()
            except (ApiError, OSError):
                continue  # a test may have killed the API server

    def _live(self) -> None:
        beat = datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%S.%fZ")
        lease = f"/apis/coordination.k8s.io/v1/namespaces/kube-node-lease/leases/{self.name}"
        self._api.call("PATCH", lease, {"spec": {"renewTime": beat}})
        room = {"cpu": "640", "memory": "640Gi", "pods": "1000"}
        ready = {"type": "Ready", "status": "True", "reason": "Paper", "message": ""}
        times = {"lastHeartbeatTime": _now(), "lastTransitionTime": _now()}
        status = {"capacity": room, "allocatable": room, "conditions": [ready | times]}
        self._api.call("PATCH", f"/api/v1/nodes/{self.name}/status", {"status": status})

    def _act(self) -> None:
        mine = quote(f"spec.nodeName={self.name}")
        for pod in self._api.call("GET", f"/api/v1/pods?fieldSelector={mine}")["items"]:
            meta = pod["metadata"]
            path = f"/api/v1/namespaces/{meta['namespace']}/pods/{meta['name']}"
            if meta.get("deletionTimestamp"):
                self._api.call("DELETE", path, {"gracePeriodSeconds": 0})
            elif pod["status"].get("phase") == "Pending":
                self._api.call("PATCH", f"{path}/status", {"status": _status(pod)})


def _status(pod: dict[str, Any]) -> dict[str, Any]:
    said = pod["metadata"].get("annotations", {}).get(EXIT)
    if said is None:
        phase, state = "Running", {"running": {"startedAt": _now()}}
    else:
        reason = "Error" if int(said) else "Completed"
        ended = {"exitCode": int(said), "reason": reason, "startedAt": _now(), "finishedAt": _now()}
        phase, state = ("Failed" if int(said) else "Succeeded"), {"terminated": ended}
    containers = [
        {
            "name": one["name"],
            "image": one["image"],
            "imageID": "",
            "containerID": f"paper://{pod['metadata']['uid']}/{one['name']}",
            "ready": said is None,
            "restartCount": 0,
            "state": state,
        }
        for one in pod["spec"]["containers"]
    ]
    return {"phase": phase, "startTime": _now(), "containerStatuses": containers}
