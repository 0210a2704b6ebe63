"""The last resort, where there is neither a group nor a subreaper for a run: look for its processes.

Whatever a run forks stays below the shim. Its orphans become the shim's own children, so once the leader is reaped a
run is over exactly when no child of the shim is an orphan that is the run's or that nobody can be named for. Only the
shim reaps its children, and not while it reads the list, so nobody slips through: a chain that forks and exits all the
time is always seen as an orphan or as a zombie. What cannot be attributed is never killed, and is named as a possible
survivor.
"""

from __future__ import annotations

import os
import signal

from . import end, kernel, process
from .hold import ALIVE, EMPTY, QUIET, Hold
from .report import Report
from .run import LIVE

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Container, Iterable

    from .main import Shim
    from .process import Facts
    from .run import Run

_SELDOM = 0.5
"""Seconds between looks at a run whose end nobody announces."""
_ROUNDS = 50
"""Rounds of one chase; the shim has other runs to look after."""


class Trace:
    """By what the processes of one run are known: seen before, in one of its sessions, its mark or its open log."""

    __slots__ = ("_folder", "_log", "_mark", "seen", "sessions", "start")

    def __init__(self, shim: Shim, run: Run) -> None:
        pid, start = run.pid or 0, run.start or 0
        self._mark, self._log, self._folder, self.start = shim.seat.mark(run.name), run.log, run.folder, start
        self.seen: dict[int, int] = {pid: start}
        self.sessions: dict[int, int] = {pid: start}
        """Session, and its leader's start time, or the time at which the session was first seen."""

    def owns(self, one: Facts) -> bool:
        """Whether the process is surely one of the run's."""
        if one.start < self.start:
            return False
        if self.seen.get(one.pid) == one.start or self._in_session(one):
            return True
        return process.marked(one.pid, self._mark) or process.writes(one.pid, self._log)

    def suits(self, one: Facts) -> bool:
        """Whether the process works in the run's folder. A hint, among processes that are some run's for sure."""
        return one.start >= self.start and process.works_in(one.pid, self._folder)

    def add(self, found: Iterable[Facts]) -> None:
        """These have been seen as the run's; their sessions are the run's too."""
        for one in found:
            self.seen[one.pid] = one.start
            self.sessions.setdefault(one.session, kernel.boottime_ns() // kernel.TICK_NS)

    def _in_session(self, one: Facts) -> bool:
        since = self.sessions.get(one.session)
        if since is None:
            return False
        leader = process.facts(one.session)
        if leader is None or leader.start <= since:
            return True
        # The number of a session that is over was given to somebody else.
        del self.sessions[one.session]
        return False


class Scans:
    """All traces of one shim: of runs that are scanned for, and of what was left alone when a run ended."""

    __slots__ = ("coming", "left", "live", "shim", "waiting")

    def __init__(self, shim: Shim) -> None:
        self.shim = shim
        self.live: dict[str, Trace] = {}
        self.left: list[Trace] = []
        self.waiting: dict[str, Run] = {}
        self.coming: set[int] = set()
        """Spawners that were sent away with something below them, which is still to come to the shim."""

    def orphan_ended(self) -> None:
        """The shim has reaped an orphan: a run that waits for its own may be over."""
        for run in self.waiting.values():
            self.shim.look_again(run)

    def orphans(self, but: Container[int] = ()) -> list[Facts]:
        """Children of the shim that it did not start, zombies included."""
        known = (self.shim.leaders, self.shim.by_pid, but)
        mine = [pid for pid in process.children(os.getpid()) if not any(pid in some for some in known)]
        found = [process.facts(pid) for pid in mine]
        return [one for one in found if one is not None]

    def owner(self, one: Facts) -> Trace | None:
        """Whose orphan it is; None when that cannot be told."""
        for trace in (*self.live.values(), *self.left):
            if trace.owns(one):
                trace.add([one])
                return trace
        if one.state in "ZX":
            return None
        everybody = (*self.live.values(), *self.left)
        # Only if there is no other it could be: what is taken for a run's is killed with it.
        for possible in (
            [trace for trace in everybody if trace.suits(one)],
            [trace for trace in everybody if trace.start <= one.start],
        ):
            if len(possible) == 1:
                possible[0].add([one])
                return possible[0]
        return None

    def forget(self) -> None:
        """Drop the traces of what was left, once nothing is: its descendants may have changed beyond recognition."""
        if not self.coming and not self.orphans():
            self.left.clear()


class Scanned(Hold):
    """A run whose leader is the shim's own child, and whose orphans are looked for among the shim's."""

    __slots__ = ("_scans", "trace")
    by = "strict scan"
    proof = Report("PROVEN", by, [("children", "no orphan is the run's, and none is of unknown origin")])
    patience = 3.0
    """Seconds; as `Hold` says."""

    def __init__(self, scans: Scans, run: Run) -> None:
        self._scans = scans
        self.trace = scans.live[run.name] = Trace(scans.shim, run)

    def ask(self, run: Run) -> str:
        return _signal([one for one in self._living(run) if one.group == run.pid], run.signum)

    def force(self, run: Run) -> None:
        # Seen first, killed then: the session of what is killed tells whose its orphans are.
        _signal(self._living(run), signal.SIGKILL)
        self._chase()

    def state(self, run: Run) -> int:
        if run.own:
            return ALIVE
        for one in self._scans.orphans():
            # A zombie counts: it may have had a child when the list was read.
            if self._scans.owner(one) in (self.trace, None):
                return ALIVE
        return EMPTY

    def survivors(self, run: Run) -> list[str]:
        unknown = [one for one in self._scans.orphans() if self._scans.owner(one) is None and one.state not in "ZX"]
        unknown += process.descendants([one.pid for one in unknown])
        named = [process.describe(one.pid) for one in self._living(run)]
        return named + [f"{process.describe(one.pid)} (of which run is not known)" for one in unknown]

    def await_empty(self, shim: Shim, run: Run) -> None:
        self._scans.waiting[run.name] = run

    def release(self, shim: Shim, run: Run, *, clean: bool) -> None:
        self._scans.live.pop(run.name, None)
        self._scans.waiting.pop(run.name, None)
        if not clean:
            self._scans.left.append(self.trace)
        self._scans.forget()

    def _chase(self) -> None:
        """Kill orphans as they turn up, in rounds that are faster than a chain that forks and exits all the time.

        They are children that nobody reaps meanwhile, so a pid is enough.
        """
        met: set[int] = set()
        for _ in range(_ROUNDS):
            found = self._scans.orphans(met)
            if not found:
                return
            for one in found:
                met.add(one.pid)
                if one.state not in "ZX" and self._scans.owner(one) is self.trace:
                    os.kill(one.pid, signal.SIGKILL)

    def _living(self, run: Run) -> list[Facts]:
        roots = [run.pid] if run.own and run.pid is not None else []
        roots += [one.pid for one in self._scans.orphans() if self._scans.owner(one) is self.trace]
        # The leader comes first: it must not see its children die, and end with a code of its own.
        facts = [process.facts(pid) for pid in roots]
        found = [one for one in facts if one is not None and one.state not in "ZX"]
        found += process.descendants(roots)
        self.trace.add(found)
        return found


class Found(Hold):
    """A run that an earlier shim started, without a group: its processes are somebody else's children, and nothing
    can be proved.
    """

    __slots__ = ("_trace",)
    by = "scan"
    patience = 3.0
    """Seconds; as `Hold` says."""

    def __init__(self, shim: Shim, run: Run) -> None:
        self._trace = Trace(shim, run)

    def ask(self, run: Run) -> str:
        return _signal([one for one in self._living() if one.group == run.pid], run.signum)

    def force(self, run: Run) -> None:
        _signal(self._living(), signal.SIGKILL)

    def state(self, run: Run) -> int:
        return ALIVE if self._living() else QUIET

    def survivors(self, run: Run) -> list[str]:
        return [process.describe(one.pid) for one in self._living()]

    def await_empty(self, shim: Shim, run: Run) -> None:
        shim.timers.set(("found", run.name), kernel.boottime() + _SELDOM, lambda: shim.look_again(run))

    def release(self, shim: Shim, run: Run, *, clean: bool) -> None:
        shim.timers.cancel(("found", run.name))

    def _living(self) -> list[Facts]:
        everybody = [one for one in process.all_facts() if one.state not in "ZX" and one.pid != os.getpid()]
        found = [one for one in everybody if self._trace.owns(one)]
        found += process.descendants([one.pid for one in found])
        self._trace.add(found)
        return found


def take(shim: Shim, run: Run) -> None:
    """The leader is the shim's own child: reap it, and scan for the rest."""
    assert run.pid is not None
    run.own = True
    shim.leaders[run.pid] = run
    run.hold = Scanned(shim.holds.scans, run)


def inherit(shim: Shim, run: Run) -> None:
    """The spawner that held a run is dead: leader and orphans are the shim's own children now."""
    if run.hold is None or run.pid is None or run.start is None:
        return
    run.note("shim", "the subreaper of the run was killed; the run is scanned for from here on")
    run.hold = Scanned(shim.holds.scans, run)
    if run.phase == LIVE and not run.own:
        facts = process.facts(run.pid)
        if facts is not None and facts.start == run.start:
            take(shim, run)
            if run.forced:
                run.hold.force(run)  # the spawner may have died before it did
            return
        end.leader_gone(shim, run, shim.exits.find(run.pid, run.start), None)
        return
    shim.look_again(run)


def leave_alone(shim: Shim, run: Run, spawner: int) -> None:
    """What is below the spawner was left when its run ended, and comes to the shim now: it is nobody else's."""
    left = process.descendants([spawner])
    shim.holds.scans.coming.add(spawner)
    trace = Trace(shim, run)
    trace.add(left)
    shim.holds.scans.left.append(trace)


def _signal(found: list[Facts], signum: int) -> str:
    sent = sum(process.kill(one.pid, one.start, signum) for one in found)
    return f"signal {signum} sent to {sent} of {len(found)} processes found"
