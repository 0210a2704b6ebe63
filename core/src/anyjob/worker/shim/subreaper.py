"""Runs held by spawners: the shim's side."""

from __future__ import annotations

import functools
import select
import socket
import time

from . import end, frames, kernel, process, scan, spawner
from .hold import ALIVE, EMPTY, Hold
from .report import Report
from .spawn import StartError

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from .main import Shim
    from .run import Run

_ANSWER = 20.0
"""Seconds in which a spawner must have started a run."""
_SPARE = 10.0
"""Seconds after which a spawner without a run is sent away."""


class Spawner:
    """One spawner process. `early`: what came together with the answer to a start, because the run was over at once."""

    __slots__ = ("_frames", "channel", "early", "idle_since", "pid", "run")

    def __init__(self, pid: int, channel: socket.socket) -> None:
        self.pid, self.channel = pid, channel
        self._frames = frames.Frames()
        self.early: list[dict[str, Any]] = []
        self.run: Run | None = None
        self.idle_since = 0.0
        channel.settimeout(_ANSWER)

    def send(self, said: dict[str, Any]) -> bool:
        """False when it is gone; its end is reported by itself."""
        try:
            self.channel.sendall(frames.frame([frames.encode(said)]))
        except OSError:
            return False
        return True

    def receive(self) -> list[dict[str, Any]] | None:
        """What it said; None when it is gone."""
        try:
            data = self.channel.recv(1 << 16)
        except OSError:
            return None
        return self._frames.feed(data) if data else None

    def start(self, order: dict[str, Any], log: int, memory: int | None) -> tuple[int, int]:
        """Let it start a run, with an rlimit of `memory` bytes, if any. Returns pid and start time. Raises StartError,
        and OSError when it is gone."""
        data = frames.frame([frames.encode({"do": "start", "order": order, "memory": memory})])
        sent = socket.send_fds(self.channel, [data], [log])
        self.channel.sendall(data[sent:])
        while not (messages := self.receive()):
            if messages is None:
                raise ConnectionResetError("the spawner died while it started the run")
        said, *self.early = messages
        if said["ev"] == "failed":
            raise StartError(said["cause"], *[(source, text) for source, text in said["evidence"]])
        return said["pid"], said["start"]


class Spawners:
    """The spawners of one shim: at most `limit` processes, forked when needed and used again."""

    __slots__ = ("_all", "_free", "_limit", "_shim")

    def __init__(self, shim: Shim, limit: int) -> None:
        self._shim, self._limit = shim, limit
        self._all: dict[int, Spawner] = {}
        self._free: list[Spawner] = []

    @property
    def scans(self) -> scan.Scans:
        """What can be seen of the machine in this turn."""
        return self._shim.holds.scans

    def take(self) -> Spawner | None:
        """A spawner without a run; None when all have one."""
        if self._free:
            return self._free.pop()
        if len(self._all) >= self._limit:
            return None
        shim = self._shim
        try:
            pid, channel = spawner.fork(shim.seat.exits)
        except OSError:
            return None
        one = self._all[pid] = Spawner(pid, channel)
        shim.by_pid[pid] = functools.partial(self._died, one)
        shim.watch(channel.fileno(), select.EPOLLIN, lambda _: self._hear(one))
        return one

    def start(self, one: Spawner, run: Run, order: dict[str, Any], log: int, memory: int | None) -> None:
        """Start the run below the spawner, with an rlimit of `memory` bytes, if any. Raises StartError."""
        try:
            run.pid, run.start = one.start(order, log, memory)
        except StartError:
            self.give_back(one)
            raise
        except OSError as error:
            self._look_for(one, run, error)
            return
        one.run = run
        # Should somebody kill the spawner, the shim may reap the leader before it learns of that.
        self._shim.leaders.setdefault(run.pid, run)
        run.hold = Spawned(self, one)
        if one.early:
            early, one.early = one.early, []
            self._shim.later(lambda: self._take(one, early))

    def _look_for(self, one: Spawner, run: Run, error: OSError) -> None:
        """The spawner was killed while it started the run. What it had is the shim's own once it is a zombie."""
        until = kernel.boottime() + _ANSWER
        while (facts := process.facts(one.pid)) is not None and facts.state not in "ZX" and kernel.boottime() < until:
            time.sleep(0.001)
        orphans = [orphan for orphan in self._shim.holds.scans.orphans() if orphan.session == orphan.pid]
        for orphan in orphans:
            if process.marked(orphan.pid, self._shim.seat.mark(run.name)):
                run.pid, run.start = orphan.pid, orphan.start
                scan.take(self._shim, run)
                return
        if orphans:
            raise StartError("unknown", ("shim", f"{error}; whether the run began is not known")) from error
        raise StartError("start_failed", ("shim", f"{error}; it left no process behind")) from error

    def give_back(self, one: Spawner) -> None:
        """Its run is over, and proved so."""
        one.run = None
        one.idle_since = kernel.boottime()
        self._free.append(one)
        self._shim.timers.set("spawners", one.idle_since + _SPARE, self._thin)

    def dismiss(self, one: Spawner) -> None:
        """Send it away; processes that it holds come to the shim."""
        one.send({"do": "leave"})

    def close(self) -> None:
        """Send all away."""
        for one in self._all.values():
            self.dismiss(one)

    def _thin(self) -> None:
        now = kernel.boottime()
        for one in [one for one in self._free if now - one.idle_since >= _SPARE]:
            self._free.remove(one)
            self.dismiss(one)
        if self._free:
            self._shim.timers.set("spawners", now + _SPARE, self._thin)

    def _hear(self, one: Spawner) -> None:
        messages = one.receive()
        if messages is None:
            self._shim.unwatch(one.channel.fileno())
            return
        self._take(one, messages)

    def _take(self, one: Spawner, messages: list[dict[str, Any]]) -> None:
        run = one.run
        if run is None or not isinstance(run.hold, Spawned):
            return
        for said in messages:
            if said["ev"] == "leader":
                if run.pid is not None and self._shim.leaders.get(run.pid) is run:
                    del self._shim.leaders[run.pid]
                run.hold.proved = said["empty"]
                end.leader_gone(self._shim, run, said["status"], tuple(said["usage"]))
            elif said["ev"] == "empty":
                run.hold.proved = True
                end.judge(self._shim, run)

    def _died(self, one: Spawner, _status: int, _usage: Any) -> None:
        """It has gone: because it was sent away, or because somebody killed it. What it held is the shim's own now."""
        self._hear(one)  # its last words
        self._shim.unwatch(one.channel.fileno())
        one.channel.close()
        self._all.pop(one.pid, None)
        self._shim.holds.scans.coming.discard(one.pid)
        if one in self._free:
            self._free.remove(one)
        if one.run is not None:
            scan.inherit(self._shim, one.run)


class Spawned(Hold):
    """A run below a spawner."""

    __slots__ = ("_spawner", "_spawners", "proved")
    by = "subreaper"
    proof = Report("PROVEN", by, [("wait4", "ECHILD: no descendant is left")])

    def __init__(self, spawners: Spawners, one: Spawner) -> None:
        self._spawners, self._spawner = spawners, one
        self.proved = False

    def ask(self, run: Run) -> str:
        if self._spawner.send({"do": "ask", "signum": run.signum}):
            return f"signal {run.signum} sent to process group {run.pid}"
        return "nothing signalled: the subreaper of the run is gone"

    def force(self, run: Run) -> None:
        if not self.proved:
            self._spawner.send({"do": "force"})

    def state(self, run: Run) -> int:
        return EMPTY if self.proved else ALIVE

    def survivors(self, run: Run) -> list[str]:
        below = self._spawners.scans.look.below
        return [process.describe(one.pid) for one in process.descendants([self._spawner.pid], below)]

    def await_empty(self, shim: Shim, run: Run) -> None:
        return  # the spawner speaks up by itself

    def release(self, shim: Shim, run: Run, *, clean: bool) -> None:
        self._spawner.run = None
        if clean:
            self._spawners.give_back(self._spawner)
        else:
            scan.leave_alone(shim, run, self._spawner.pid)
            self._spawners.dismiss(self._spawner)
