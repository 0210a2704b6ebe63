"""The last resort, where there is neither a group nor a subreaper for a run: look for its processes.

Whatever a run forks stays below the shim. Its orphans become the shim's own children, so once the leader is reaped a
run is over exactly when no child of the shim is an orphan that is the run's or that nobody can be named for. Only the
shim reaps its children, and not while it reads the list, so nobody slips through: a chain that forks and exits all the
time is always seen as an orphan or as a zombie. What cannot be attributed is never killed, and is named as a possible
survivor.

Source: Linux man-pages, prctl(2), PR_SET_CHILD_SUBREAPER.
"""

from __future__ import annotations

import os
import signal

from . import end, kernel, process
from .hold import ALIVE, EMPTY, QUIET, Hold
from .look import Look
from .report import Report
from .run import LIVE

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Container, Iterable

    from .look import Shown
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

    def knows(self, one: Facts) -> bool:
        """Whether the process is surely one of the run's, by what has been seen of it."""
        if one.start < self.start:
            return False
        return self.seen.get(one.pid) == one.start or self._in_session(one)

    def named(self, one: Facts, marks: Container[str], outputs: Container[str]) -> bool:
        """Whether one that shows these marks and outputs is surely one of the run's."""
        return one.start >= self.start and (self._mark in marks or self._log in outputs)

    def among(self, shown: Shown) -> list[Facts]:
        """Which of these processes are surely the run's; its leader first, so that it does not see its children die."""
        likely = [shown.pids[pid] for pid in self.seen if pid in shown.pids]
        for session in self.sessions:
            likely += shown.sessions.get(session, ())
        found = {one.pid: one for one in likely if self.knows(one)}
        for one in (*shown.marks.get(self._mark, ()), *shown.outputs.get(self._log, ())):
            if one.start >= self.start:
                found[one.pid] = one
        return list(found.values())

    def suits(self, one: Facts, there: str) -> bool:
        """Whether a process that works in this folder works in the run's. A hint, among processes that are some run's
        for sure.
        """
        return one.start >= self.start and self._folder != "/" and (there + "/").startswith(self._folder + "/")

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
    """All traces of one shim: of runs that are scanned for, and of what was left alone when a run ended.

    One look serves all runs that ask in one turn of the loop, thousands that are stopped together. The judge begins
    with a new one, after the leaders of those that he judges were reaped: what they have left is in it, an orphan or
    below one.
    """

    __slots__ = ("_chased", "_look", "coming", "left", "live", "shim", "waiting")

    def __init__(self, shim: Shim) -> None:
        self.shim = shim
        self.live: dict[str, Trace] = {}
        self.left: list[Trace] = []
        self.waiting: dict[str, Run] = {}
        self.coming: set[int] = set()
        """Spawners that were sent away with something below them, which is still to come to the shim."""
        self._look: Look | None = None
        self._chased: set[Trace] = set()

    def orphan_ended(self) -> None:
        """The shim has reaped an orphan: a run that waits for its own may be over."""
        for run in self.waiting.values():
            self.shim.look_again(run)

    def stale(self) -> None:
        """Look anew when somebody asks."""
        self._look = None

    @property
    def look(self) -> Look:
        """What there is to see in this turn."""
        if self._look is None:
            self._look = Look(self.orphans())
        return self._look

    def orphans(self, but: Container[int] = ()) -> list[Facts]:
        """Children of the shim that it did not start, zombies included, as they are now."""
        self.shim.settle()
        leaders, helpers = self.shim.leaders, self.shim.by_pid
        mine = [pid for pid in process.children(os.getpid()) if pid not in leaders and pid not in helpers]
        found = [process.facts(pid) for pid in mine if pid not in but]
        return [one for one in found if one is not None]

    def owner(self, one: Facts) -> Trace | None:
        """Whose orphan it is; None when that cannot be told."""
        owners = self.look.owners
        if one.pid not in owners:
            owners[one.pid] = self._owner(one)
        return owners[one.pid]

    def _owner(self, one: Facts) -> Trace | None:
        everybody = (*self.live.values(), *self.left)
        found = next((trace for trace in everybody if trace.knows(one)), None)
        if found is None:
            marks, outputs = process.marks(one.pid), process.outputs(one.pid)
            found = next((trace for trace in everybody if trace.named(one, marks, outputs)), None)
        if found is not None:
            found.add([one])
            return found
        if one.state in "ZX":
            return None
        there = process.works_in(one.pid)
        # Only if there is no other it could be: what is taken for a run's is killed with it.
        for possible in (
            [trace for trace in everybody if trace.suits(one, there)],
            [trace for trace in everybody if trace.start <= one.start],
        ):
            if len(possible) == 1:
                possible[0].add([one])
                return possible[0]
        return None

    def chase(self, trace: Trace) -> None:
        """Kill this run's orphans as they turn up, at the end of this turn."""
        if not self._chased:
            self.shim.later(self._chase)
        self._chased.add(trace)

    def _chase(self) -> None:
        """Rounds that are faster than a chain that forks and exits all the time.

        They are children that nobody reaps meanwhile, so a pid is enough.
        """
        met: set[int] = set()
        self.stale()
        for _ in range(_ROUNDS):
            found = self.orphans(met)
            if not found:
                break
            for one in found:
                met.add(one.pid)
                if one.state not in "ZX" and self.owner(one) in self._chased:
                    os.kill(one.pid, signal.SIGKILL)
        self._chased.clear()

    def forget(self) -> None:
        """Drop the traces of what was left, once nothing is: its descendants may have changed beyond recognition."""
        if self.left and not self.coming and not self.look.orphans:
            self.left.clear()


class Scanned(Hold):
    """A run whose leader is the shim's own child, and whose orphans are looked for among the shim's."""

    __slots__ = ("_scans", "trace")
    by = "strict scan"
    proof = Report("PROVEN", by, [("children", "no orphan is the run's, and none is of unknown origin")])
    patience = 3.0
    """Seconds; as `Hold` says."""
    together = True

    def __init__(self, scans: Scans, run: Run) -> None:
        self._scans = scans
        self.trace = scans.live[run.name] = Trace(scans.shim, run)

    def ask(self, run: Run) -> str:
        return _signal([one for one in self._living(run) if one.group == run.pid], run.signum)

    def force(self, run: Run) -> None:
        # Seen first, killed then: the session of what is killed tells whose its orphans are.
        _signal(self._living(run), signal.SIGKILL)
        self._scans.chase(self.trace)

    def state(self, run: Run) -> int:
        if run.own:
            return ALIVE
        for one in self._scans.look.orphans:
            # A zombie counts: it may have had a child when the list was read.
            if self._scans.owner(one) in (self.trace, None):
                return ALIVE
        return EMPTY

    def survivors(self, run: Run) -> list[str]:
        look = self._scans.look
        unknown = [one for one in look.orphans if self._scans.owner(one) is None and one.state not in "ZX"]
        if unknown:
            unknown += process.descendants([one.pid for one in unknown], look.below)
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

    def _living(self, run: Run) -> list[Facts]:
        roots = [run.pid] if run.own and run.pid is not None else []
        roots += [one.pid for one in self._scans.look.orphans if self._scans.owner(one) is self.trace]
        # The leader comes first: it must not see its children die, and end with a code of its own.
        facts = [process.facts(pid) for pid in roots]
        found = [one for one in facts if one is not None and one.state not in "ZX"]
        if roots:
            found += process.descendants(roots, self._scans.look.below)
        self.trace.add(found)
        return found


class Found(Hold):
    """A run that an earlier shim started, without a group: its processes are somebody else's children, and nothing
    can be proved.
    """

    __slots__ = ("_scans", "_trace")
    by = "scan"
    together = True
    patience = 3.0
    """Seconds; as `Hold` says."""

    def __init__(self, shim: Shim, run: Run) -> None:
        self._scans, self._trace = shim.holds.scans, Trace(shim, run)

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
        look = self._scans.look
        found = self._trace.among(look.shown)
        found += process.descendants([one.pid for one in found], look.below)
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
