"""A resident: a process that has loaded what many runs need, and forks for each of them.

It is started like a run, in a group of its own, and its stdin is a socket to the shim. What it says and hears there is
described in `residents.py`.
"""

from __future__ import annotations

import json
import os
import select
import socket
from collections import deque

from . import kernel, packet, process
from .seed import Seed

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from .residents import Residents
    from .run import Run

LOADING = 60.0
"""Seconds in which a resident must have loaded."""
ANSWER = 20.0
"""Seconds in which it must have forked."""
_FAREWELL = 1.0
"""Seconds between the end of what it says and its own end."""
_MOST = 32
"""Processes that are asked for in one message."""
_AHEAD = 16
"""Processes that are kept ready for runs to come while these come fast, and half of that at least; one otherwise."""
_BUSY = 1.0
"""Seconds: runs that are closer to each other come fast."""
_TAIL = 2000
"""Bytes of a resident's own output that evidence holds."""
_NAMES = ("PATH", "HOME", "LANG", "LANGUAGE", "TZ")
_PREFIXES = ("LC_", "LD_", "PYTHON", "GLIBC_", "MALLOC_")


def environment(env: dict[str, str]) -> dict[str, str]:
    """What a process reads of its environment when it starts, and can not be told later. Nothing else of a run reaches
    its resident.
    """
    return {name: value for name, value in env.items() if name in _NAMES or name.startswith(_PREFIXES)}


class Resident:
    """One resident. `waiting` are runs without a process yet, `spare` processes without a run; `moving` counts those on
    their way into a group.
    """

    __slots__ = (
        "_ahead",
        "_asked",
        "_channel",
        "_last",
        "_output",
        "_owner",
        "_said",
        "born",
        "key",
        "leaving",
        "longest",
        "moving",
        "pid",
        "ready",
        "slot",
        "spare",
        "used",
        "waiting",
    )

    def __init__(self, owner: Residents, key: object, order: dict[str, Any]) -> None:
        """Start it, as the order's user. Raises StartError and OSError."""
        self._owner, self.key = owner, key
        self.ready = self.leaving = False
        self._ahead, self._last = 1, 0.0
        self.moving = 0
        self.longest = 0
        self.waiting: deque[tuple[Run, dict[str, Any]]] = deque()
        self.spare: list[Seed] = []
        self._asked: deque[list[socket.socket]] = deque()
        self._said: dict[str, Any] | None = None
        self.born = self.used = kernel.boottime()
        start = {
            "argv": order["warm"]["argv"],
            "env": {**environment(order["env"]), process.MARK: process.NO_RUN},
            "cwd": "/",
            "user": order.get("user"),
        }
        self._channel, its = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        self._output = os.memfd_create("resident", os.MFD_CLOEXEC)
        shim = owner.shim
        try:
            self.pid, self.slot = shim.holds.start_resident(start, self._output, its.fileno())
        except BaseException:
            self._channel.close()
            os.close(self._output)
            raise
        finally:
            its.close()
        shim.by_pid[self.pid] = self._died
        shim.watch(self._channel.fileno(), select.EPOLLIN, lambda _: self._hear())
        self._hurry(LOADING)

    def add(self, run: Run, order: dict[str, Any]) -> None:
        """Start a run as soon as there is a process for it."""
        now = kernel.boottime()
        # Processes that are forked together share the cost of the one between.
        self._ahead = _AHEAD if now - self._last < _BUSY else 1
        self.used = self._last = now
        self.waiting.append((run, order))
        self.serve()

    def serve(self) -> None:
        """Give waiting runs the processes that there are, and ask for more, so that one is always there ahead."""
        while self.waiting and self.spare:
            run, order = self.waiting.popleft()
            self._owner.sow(self, self.spare.pop(), run, order)
        if self.ready and not self.leaving:
            coming = len(self.spare) + self.moving + sum(map(len, self._asked))
            if coming < len(self.waiting) + (self._ahead + 1) // 2:
                self._ask(min(len(self.waiting) + self._ahead - coming, _MOST))

    def leave(self) -> None:
        """Send it away. What it has forked for runs goes on."""
        if not self.leaving:
            self.leaving = True
            self._owner.shim.timers.cancel(("resident", self.pid))
            self._hang_up()
            self.slot.kill()

    def why(self) -> tuple[str, list[tuple[str, str]]]:
        """Why it did not come up, or is gone: cause and evidence."""
        size = os.fstat(self._output).st_size
        tail = os.pread(self._output, _TAIL, max(0, size - _TAIL)).decode(errors="replace").strip()
        said = [("resident", f"its output ends with: {tail}")] if tail else []
        if self._said is not None:
            return self._said["cause"], [*((source, text) for source, text in self._said["evidence"]), *said]
        return "start_failed", said

    def _ask(self, count: int) -> None:
        pairs = [socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET) for _ in range(count)]
        try:
            socket.send_fds(self._channel, [b"fork"], [its.fileno() for _, its in pairs])
        except OSError:
            pass  # it is gone, as its end will say
        for _, its in pairs:
            its.close()
        self._asked.append([ours for ours, _ in pairs])
        self._hurry(ANSWER)

    def _hurry(self, seconds: float) -> None:
        shim = self._owner.shim
        text = f"it was silent for {seconds:g} s and was killed"
        shim.timers.set(("resident", self.pid), kernel.boottime() + seconds, lambda: self._late(text))

    def _late(self, text: str) -> None:
        self._said = {"cause": "start_failed", "evidence": [["resident", text]]}
        self.slot.kill()

    def _hear(self) -> None:
        while True:
            data = packet.receive(self._channel)
            if data is None:
                return
            if not data:
                self._hang_up()
                # It is on its way out, and how it ended is worth knowing.
                shim = self._owner.shim
                shim.timers.set(("resident", self.pid), kernel.boottime() + _FAREWELL, self.slot.kill)
                return
            said = json.loads(data)
            if said["ev"] == "ready":
                self.ready = True
                self.longest = min(said.get("longest", 0), packet.LONGEST)
                self._owner.shim.timers.cancel(("resident", self.pid))
                self.serve()
            elif said["ev"] == "forked":
                self._forked(said)
            else:
                self._said = said

    def _forked(self, said: dict[str, Any]) -> None:
        self._owner.shim.timers.cancel(("resident", self.pid))
        leashes = self._asked.popleft()
        pids: list[int] = said["pids"]
        missing = leashes[len(pids) :]
        for leash in missing:
            leash.close()
        self._owner.place(self, leashes, pids)
        if missing and not self.spare and not self.moving:
            self._refuse(f"no fork: {said.get('error')}")
        if self._asked:
            self._hurry(ANSWER)
        self.serve()

    def placed(self, seeds: list[Seed], moved: int, error: str) -> None:
        """Of `moved` processes these are in groups of their own now. `error`: what became of others."""
        self.moving -= moved
        if self._channel.fileno() < 0:
            for seed in seeds:
                seed.leash.close()
            return
        self.spare += seeds
        if not self.spare and not self.moving:
            self._refuse(f"no group: {error}")
        self.serve()

    def _refuse(self, text: str) -> None:
        if self.waiting:
            self._owner.refuse(self.waiting[0][0], text)

    def _hang_up(self) -> None:
        if self._channel.fileno() >= 0:
            self._owner.shim.unwatch(self._channel.fileno())
            self._channel.close()
        for leashes in self._asked:
            for leash in leashes:
                leash.close()
        self._asked.clear()
        for seed in self.spare:
            seed.leash.close()
        self.spare.clear()

    def _died(self, status: int, _usage: Any) -> None:
        if self._channel.fileno() >= 0:
            self._hear()  # its last words
        self._hang_up()
        self._owner.shim.timers.cancel(("resident", self.pid))
        cause, evidence = self.why()
        if self._said is None:
            code = os.waitstatus_to_exitcode(status)
            how = f"with status {code}" if code >= 0 else f"by signal {-code}"
            evidence.insert(0, ("resident", f"{self.key_text()}: it ended {how}"))
        os.close(self._output)
        self._owner.died(self, cause, evidence)

    def key_text(self) -> str:
        """Which one it is, for people."""
        return f"process {self.pid}"
