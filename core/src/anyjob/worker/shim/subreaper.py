"""Runs held by spawners: the shim's side."""

from __future__ import annotations

import functools
import marshal
import os
import select
import signal
import socket
import struct
import time

from . import end, kernel, packet, process, scan, spawner, start
from .hold import ALIVE, EMPTY, Hold
from .report import Report
from .spawn import StartError

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from .main import Shim
    from .run import Run

_ANSWER = 20
"""Seconds in which a spawner must have started a run."""
_DEATH = 2.0
"""Seconds in which a spawner that was killed must be gone."""
_LOOK = 0.2
"""Seconds in which what it left must show whose it is."""
_SPARE = 10.0
"""Seconds after which a spawner without a run is sent away."""
_DIED = "the spawner died while it started the run"
_AT_ONCE = 8
"""Spawners that are forked in one go, half of it the first time."""


class Spawner:
    """One spawner process."""

    __slots__ = ("begins", "channel", "idle_since", "pid", "run", "since")

    def __init__(self, pid: int, channel: socket.socket) -> None:
        self.pid, self.channel = pid, channel
        self.run: Run | None = None
        self.begins: Run | None = None
        """The run whose order it has, and of which it has not said yet whether it began; `since` boot-time seconds."""
        self.idle_since = self.since = 0.0
        # The kernel keeps the time: Python would ask before each call whether it could go on.
        for option in (socket.SO_RCVTIMEO, socket.SO_SNDTIMEO):
            channel.setsockopt(socket.SOL_SOCKET, option, struct.pack("@ll", _ANSWER, 0))

    def send(self, *said: Any) -> bool:
        """False when it is gone; its end is reported by itself."""
        try:
            self.channel.send(marshal.dumps(said))
        except OSError:
            return False
        return True

    def receive(self) -> tuple[Any, ...] | None:
        """What it said next, empty when it is silent; None when it is gone."""
        data = packet.receive(self.channel)
        if data is None:
            return ()
        return _unpack(data) if data else None

    def wait(self, until: float) -> tuple[Any, ...] | None:
        """As `receive`, for what it says next until then, in boot-time seconds."""
        poll = select.poll()
        poll.register(self.channel, select.POLLIN)
        poll.poll(max(0.0, until - kernel.boottime()) * 1000)
        return self.receive()


def _unpack(data: bytes) -> tuple[Any, ...]:
    return marshal.loads(data)  # noqa: S302 - a fork of this process


class Spawners:
    """The spawners of one shim: at most `limit` processes, forked when needed and used again."""

    __slots__ = ("_all", "_free", "_limit", "_shim", "_thinning", "_watching")

    def __init__(self, shim: Shim, limit: int) -> None:
        self._shim, self._limit = shim, limit
        self._all: dict[int, Spawner] = {}
        self._free: list[Spawner] = []
        self._thinning = self._watching = False

    @property
    def scans(self) -> scan.Scans:
        """What can be seen of the machine in this turn."""
        return self._shim.holds.scans

    def _take_one(self) -> Spawner | None:
        if self._free:
            return self._free.pop()
        if len(self._all) >= self._limit:
            return None
        # What the shim writes to after a fork stays behind in the spawner as a page of its own; those that are forked
        # in one go share it.
        for _ in range(min(_AT_ONCE if self._all else _AT_ONCE // 2, self._limit - len(self._all))):
            self._fork()
        return self._free.pop() if self._free else None

    def _fork(self) -> None:
        shim = self._shim
        try:
            pid, channel = spawner.fork(shim.seat.exits, shim.holds.oom)
        except OSError:
            return
        one = self._all[pid] = Spawner(pid, channel)
        shim.by_pid[pid] = functools.partial(self._died, one)
        shim.watch(channel.fileno(), select.EPOLLIN, functools.partial(self._hear, one))
        self._spare(one)

    def start(self, run: Run, order: dict[str, Any], log: int, memory: int | None) -> bool:
        """Let a spawner start the run, with an rlimit of `memory` bytes, if any: the shim goes on meanwhile, and has
        the run among its `coming`. False: all have a run. Raises StartError.
        """
        while (one := self._take_one()) is not None:
            try:
                spawner.send_start(one.channel, order, log, memory)
            except (BrokenPipeError, ConnectionResetError):
                continue  # somebody has killed it, of which the shim is still to hear
            except OSError as error:
                self._spare(one)
                raise StartError("start_failed", ("shim", f"the order could not be handed on: {error}")) from error
            self._comes(one, run)
            return True
        return False

    def _comes(self, one: Spawner, run: Run) -> None:
        one.begins, one.since = run, kernel.boottime()
        self._shim.coming[run.name] = functools.partial(self._wait, one)
        if not self._watching:
            self._watching = True
            self._shim.timers.set("coming", one.since + _ANSWER, self._overdue)

    def _wait(self, one: Spawner) -> None:
        said = one.wait(one.since + _ANSWER)
        if said:
            self._take(one, *said)
            return
        if said is not None:
            os.kill(one.pid, signal.SIGKILL)  # own child, and not reaped: it must not begin the run later
        self._lost(one, _DIED if said is None else f"the spawner did not start the run within {_ANSWER} s")

    def _overdue(self) -> None:
        """Whoever has not answered for long will not be waited for."""
        now = kernel.boottime()
        for one in list(self._all.values()):
            if one.begins is not None and now - one.since >= _ANSWER:
                self._wait(one)  # which may settle others
        self._watching = any(one.begins is not None for one in self._all.values())
        if self._watching:
            self._shim.timers.set("coming", now + _ANSWER / 2, self._overdue)

    def _began(self, one: Spawner, word: str, *said: Any) -> None:
        """The spawner has answered."""
        run, one.begins = one.begins, None
        assert run is not None
        del self._shim.coming[run.name]
        if word == "failed":
            self.give_back(one)
            cause, evidence = said
            end.never_started(self._shim, run, cause, evidence)
            return
        pid, run.start = said
        run.pid, one.run = pid, run
        # Should somebody kill the spawner, the shim may reap the leader before it learns of that.
        self._shim.leaders.setdefault(pid, run)
        run.hold = Spawned(self, one)
        start.enter(self._shim, run)

    def _lost(self, one: Spawner, why: str, *, reaped: bool = False) -> None:
        """The spawner is dead or dies, and will not answer any more; unless it has, at the last moment."""
        dead = reaped or self._dies(one)
        if dead and (said := one.receive()):
            self._take(one, *said)
            return
        run, one.begins = one.begins, None
        assert run is not None
        del self._shim.coming[run.name]
        try:
            if not dead:
                raise StartError("unknown", ("shim", f"{why}, and cannot be killed; it may still begin it"))
            self._look_for(run, why)
        except StartError as error:
            end.never_started(self._shim, run, error.cause, error.evidence)
            return
        start.enter(self._shim, run)

    def _dies(self, one: Spawner) -> bool:
        """Wait until it is a zombie, when what it had is the shim's own."""
        until = kernel.boottime() + _DEATH
        while (facts := process.facts(one.pid)) is not None and facts.state not in "ZX":
            if kernel.boottime() > until:
                return False
            time.sleep(0.001)
        return True

    def _look_for(self, run: Run, why: str) -> None:
        """A dead spawner had the order. Raises StartError."""
        shim = self._shim
        mark, ours = shim.seat.mark(run.name), shim.seat.mark("")
        until = kernel.boottime() + _LOOK
        while True:
            # One in the shim's session is on its way to its own, and through exec.
            orphans = [one for one in shim.holds.scans.orphans() if one.session in (one.pid, os.getsid(0))]
            marks = {one.pid: process.marks(one.pid) for one in orphans}
            for one in orphans:
                if mark in marks[one.pid]:
                    run.pid, run.start = one.pid, one.start
                    scan.take(shim, run)
                    return
            strange = [one for one in orphans if not any(word.startswith(ours) for word in marks[one.pid])]
            if not strange:
                raise StartError("start_failed", ("shim", f"{why}; it left no process behind"))
            if all(one.state in "ZX" for one in strange) or kernel.boottime() > until:
                raise StartError("unknown", ("shim", f"{why}; whether the run began is not known"))
            time.sleep(0.002)

    def give_back(self, one: Spawner) -> None:
        """Its run is over, and proved so."""
        one.run = None
        self._spare(one)

    def dismiss(self, one: Spawner) -> None:
        """Send it away; processes that it holds come to the shim."""
        one.send("leave")

    def close(self) -> None:
        """Send all away."""
        for one in self._all.values():
            self.dismiss(one)

    def _spare(self, one: Spawner) -> None:
        one.idle_since = kernel.boottime()
        self._free.append(one)
        if not self._thinning:
            self._thinning = True
            self._shim.timers.set("spawners", one.idle_since + _SPARE, self._thin)

    def _thin(self) -> None:
        now = kernel.boottime()
        for one in [one for one in self._free if now - one.idle_since >= _SPARE]:
            self._free.remove(one)
            self.dismiss(one)
        self._thinning = bool(self._free)
        if self._thinning:
            self._shim.timers.set("spawners", now + _SPARE, self._thin)

    def _hear(self, one: Spawner, _events: int) -> None:
        said = one.receive()
        if said is None:
            self._shim.unwatch(one.channel.fileno())
        elif said:
            self._take(one, *said)

    def _take(self, one: Spawner, word: str, *said: Any) -> None:
        if one.begins is not None:
            self._began(one, word, *said)
            return
        run = one.run
        if run is None or not isinstance(run.hold, Spawned):
            return
        if word == "leader":
            status, cpu, maxrss, empty = said
            if run.pid is not None and self._shim.leaders.get(run.pid) is run:
                del self._shim.leaders[run.pid]
            run.hold.proved = empty
            end.leader_gone(self._shim, run, status, (cpu, maxrss))
        elif word == "empty":
            run.hold.proved = True
            end.judge(self._shim, run)

    def _died(self, one: Spawner, _status: int, _usage: Any) -> None:
        """It has gone: because it was sent away, or because somebody killed it. What it held is the shim's own now."""
        while said := one.receive():  # its last words
            self._take(one, *said)
        self._shim.unwatch(one.channel.fileno())
        one.channel.close()
        self._all.pop(one.pid, None)
        self._shim.holds.scans.coming.discard(one.pid)
        if one in self._free:
            self._free.remove(one)
        if one.begins is not None:
            self._lost(one, _DIED, reaped=True)
        elif one.run is not None:
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
        if self._spawner.send("ask", run.signum):
            return f"signal {run.signum} sent to process group {run.pid}"
        return "nothing signalled: the subreaper of the run is gone"

    def force(self, run: Run) -> None:
        if not self.proved:
            self._spawner.send("force")

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
