"""The processes of a cluster by name: killing, starting, freezing them, and knowing when they serve."""

from __future__ import annotations

import signal
import socket
import time
from collections.abc import Callable, Generator
from contextlib import contextmanager
from pathlib import Path
from typing import IO

from tests.grounds.kubernetes import control, node
from tests.grounds.kubernetes.api import Api, ApiError
from tests.grounds.kubernetes.slot import Slot
from tests.grounds.kubernetes.space import Space, tail

__all__ = ["ClusterFailed", "Parts"]

_MANY = 90.0
"""Seconds in which something must have become ready."""
_TOO_EARLY = "server is not initialized yet"
"""What a kubelet ends with when containerd answers, and is not ready for one."""


class ClusterFailed(Exception):
    """It did not come up, or a part of it did not come back. Says which, and the end of its log."""


class Parts:
    """What runs in one cluster: etcd, kube-apiserver, kube-controller-manager, kube-scheduler, containerd, kubelet.

    Attributes:
        dir: Its folder, with a log for each of them (`kubelet.log`, ...).
        times: What took how long to be ready, in seconds.
    """

    def __init__(self, folder: Path) -> None:
        self.dir = folder.resolve()
        self.times: dict[str, float] = {}
        self._space = Space(0)
        self._slot = Slot(0)
        self._commands: dict[str, list[str]] = {}

    def _settle(self, *, init: int, number: int, binary: Path, with_node: bool) -> None:
        self._space, self._slot = Space(init), Slot(number)
        self._commands = control.commands(self.dir, self._slot, binary)
        if with_node:
            self._commands |= node.commands(self.dir, self._slot, binary)

    @property
    def pod_api_url(self) -> str:
        """The API server, from pods and from this machine; the certificate holds it.

        Pods have another one in KUBERNETES_SERVICE_HOST, which is the same server: in-cluster configuration works.
        """
        return f"https://{self._slot.node}"

    @property
    def api(self) -> Api:
        """Requests as admin."""
        token = control.read_tokens(self.dir / "tokens.csv")["admin"]
        return Api(self.pod_api_url, token, self.dir / "pki/apiserver.crt")

    def _command(self, process: str) -> list[str]:
        if process not in self._commands:
            raise ValueError(f"{process!r} is none of {', '.join(self._commands)}")
        return self._commands[process]

    def kill(self, process: str) -> None:
        """SIGKILL, and wait until it is gone. Containers live on."""
        self._space.kill(self._command(process))

    def start(self, process: str) -> None:
        """Start it with the same command as ever, and wait until it serves (those that serve); nothing if it runs."""
        argv = self._command(process)
        with self._timed(process):
            if not self._space.find(argv):
                try:
                    self._space.start(argv, self.dir / f"{process}.log")
                except RuntimeError as error:
                    raise ClusterFailed(str(error)) from error
            if ready := self._probes().get(process):
                self._until(process, ready)

    def restart(self, process: str) -> None:
        """Kill it, and start it again."""
        self.kill(process)
        self.start(process)

    def freeze(self, process: str) -> None:
        """Stop it in its tracks (SIGSTOP): connections stay open, nothing answers."""
        self._space.signal(self._command(process), signal.SIGSTOP)

    def thaw(self, process: str) -> None:
        """Let it go on."""
        self._space.signal(self._command(process), signal.SIGCONT)

    @contextmanager
    def frozen(self, process: str) -> Generator[None]:
        """Frozen for a while."""
        self.freeze(process)
        try:
            yield
        finally:
            self.thaw(process)

    def heal(self) -> None:
        """Whatever a test killed or froze runs again, and pods can be started."""
        hurt = [name for name in self._commands if not self.pid(name) or self._space.stopped(self._command(name))]
        for process in hurt:
            self.thaw(process)
            self.start(process)
        if hurt:
            for process, ready in self._probes().items():
                self._until(process, ready)

    def pid(self, process: str) -> int | None:
        """Its number on this machine, if it runs."""
        return self._space.find(self._command(process))

    @contextmanager
    def _timed(self, what: str) -> Generator[None]:
        began = time.monotonic()
        yield
        self.times[what] = round(time.monotonic() - began, 2)

    def _until(self, process: str, ready: Callable[[], bool]) -> None:
        end, why = time.monotonic() + _MANY, "it said nothing"
        while time.monotonic() < end:
            try:
                if ready():
                    return
            except (OSError, ApiError, RuntimeError) as error:
                why = str(error)
            if not self.pid(process):
                if _TOO_EARLY in tail(self.dir / f"{process}.log", 500):
                    time.sleep(0.5)
                    self._space.start(self._command(process), self.dir / f"{process}.log")  # as systemd would
                    continue
                why = "it has ended"
                break
            time.sleep(0.05)
        log = self.dir / f"{process}.log"
        raise ClusterFailed(f"{process} is not ready: {why}. The end of {log}:\n{tail(log)}")

    def _probes(self) -> dict[str, Callable[[], bool]]:
        known = {
            "kube-apiserver": self._api_ready,  # which waits for etcd
            "containerd": self._containerd_ready,
            "kubelet": self._node_ready,
        }
        return {process: ready for process, ready in known.items() if process in self._commands}

    def _api_ready(self) -> bool:
        return self.api.call("GET", "/readyz") == "ok"

    def _containerd_ready(self) -> bool:
        return bool(self._ctr("version"))

    def _node_ready(self) -> bool:
        socket.create_connection((str(self._slot.node), node.PORT), 1).close()
        seen = self.api.call("GET", f"/api/v1/nodes/{node.NAME}")
        conditions = seen["status"].get("conditions", [])
        ready = any(one["type"] == "Ready" and one["status"] == "True" for one in conditions)
        taints = {one["key"] for one in seen["spec"].get("taints", [])}
        return ready and not any(key.startswith("node.kubernetes.io/") for key in taints)

    def _ctr(self, *args: str, stdin: IO[bytes] | None = None) -> str:
        return self._space.run(["ctr", "--address", node.SOCKET, "--namespace", "k8s.io", *args], stdin)
