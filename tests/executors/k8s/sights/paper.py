"""A second node, of paper: with one node only its loss is a "full disruption", and nothing is ever evicted."""

from __future__ import annotations

import contextlib
import threading
from datetime import UTC, datetime
from typing import Any

from tests.executors.k8s.sights.api import Answer, Api

__all__ = ["PaperNode"]

_LEASES = "/apis/coordination.k8s.io/v1/namespaces/kube-node-lease/leases"
_PATCH = "application/strategic-merge-patch+json"


class PaperNode:
    """Says every two seconds that it is well. With `unplug` it also says that its pods run, and can be taken away."""

    def __init__(self, api: Api, *, unplug: bool = False) -> None:
        self.api, self.pods, self.over = api, unplug, threading.Event()

    def __enter__(self) -> PaperNode:
        self.api.create({"apiVersion": "v1", "kind": "Node", "metadata": {"name": "paper"}, "spec": {"unschedulable": True}})
        lease = {"metadata": {"name": "paper"}, "spec": {"holderIdentity": "paper", "leaseDurationSeconds": 8}}
        with contextlib.suppress(Answer):
            self.api.call("POST", _LEASES, lease)
        threading.Thread(target=self._keep, daemon=True).start()
        return self

    def __exit__(self, *_: object) -> None:
        self.unplug()

    def unplug(self) -> None:
        """Takes the node out of the cluster."""
        self.over.set()
        with contextlib.suppress(Answer):
            self.api.call("DELETE", "/api/v1/nodes/paper")

    def _keep(self) -> None:
        while not self.over.is_set():
            with contextlib.suppress(Answer, OSError):
                self._say_well()
                if self.pods:
                    self._run_pods()
            self.over.wait(2)

    def _say_well(self) -> None:
        now = datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%S.%fZ")
        self.api.call("PATCH", f"{_LEASES}/paper", {"spec": {"renewTime": now}}, "application/merge-patch+json")
        ready = {"type": "Ready", "status": "True", "reason": "Paper", "message": "", "lastHeartbeatTime": now[:19] + "Z",
                 "lastTransitionTime": now[:19] + "Z"}
        room = {"cpu": "64", "memory": "64Gi", "pods": "1000"}
        status = {"conditions": [ready], "capacity": room, "allocatable": room}
        self.api.call("PATCH", "/api/v1/nodes/paper/status", {"status": status}, _PATCH)

    def _run_pods(self) -> None:
        now = datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
        for one in self.api.call("GET", "/api/v1/pods?fieldSelector=spec.nodeName%3Dpaper")["items"]:
            if one["status"].get("phase") == "Pending":
                path = f"/api/v1/namespaces/{one['metadata']['namespace']}/pods/{one['metadata']['name']}/status"
                self.api.call("PATCH", path, {"status": {"phase": "Running", "containerStatuses": _running(one, now)}}, _PATCH)


def _running(pod: dict[str, Any], now: str) -> list[dict[str, Any]]:
    return [
        {"name": one["name"], "image": one["image"], "imageID": "", "ready": True, "started": True, "restartCount": 0,
         "state": {"running": {"startedAt": now}}}
        for one in pod["spec"]["containers"]
    ]
