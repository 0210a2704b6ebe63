"""The end of a run: the leader is gone, is anything left, what does the policy say, why did it end.

A leader that ended by itself leaves the rest to the policy. After a stop or the deadline the rest has what remains of
the grace: a shell dies of the signal at once while its command still tidies up.
"""

from __future__ import annotations

import os
import time

from . import kernel, lines, stop
from .hold import EMPTY, QUIET, UNSURE
from .report import Report
from .run import CLOSING, DRAINING, LIVE, WAITING

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from .main import Shim
    from .run import Run

LOOK_AGAIN = 0.005
"""Seconds between looks at a run that is being closed, where no event of the kernel came before."""
NEVER = Report("PROVEN", "never started")
_UNLISTED = 0.1
"""Seconds in which a process that is counted but not listed must be gone."""
_NAMED = 10
"""Leftovers that evidence names one by one."""


def never_started(shim: Shim, run: Run, cause: str, evidence: list[tuple[str, str]]) -> None:
    """End a run of which surely no process exists; or nobody knows, which is the cause then."""
    run.cause = cause
    run.evidence += evidence
    run.proof = NEVER if cause != "unknown" else Report("ASKED", "shim", evidence)
    conclude(shim, run)


def leader_reaped(shim: Shim, run: Run, status: int, usage: Any) -> None:
    """The shim has reaped the leader, its own child; `usage` is what wait4 said."""
    run.own = False
    leader_gone(shim, run, status, (usage.ru_utime + usage.ru_stime, usage.ru_maxrss * 1024))


def leader_gone(shim: Shim, run: Run, status: int | None, usage: tuple[float, int] | None) -> None:
    """The leader is no more, whoever reaped it. `status`: as wait4 gives it, `usage` as Run keeps it; None where
    nobody knows.
    """
    run.status, run.usage = status, usage
    run.phase = WAITING
    if run.hold is not None and run.hold.together:
        shim.look_again(run)
    else:
        judge(shim, run)


def judge(shim: Shim, run: Run) -> None:
    """Decide what becomes of a run whose leader is gone. Called again whenever something may have changed."""
    hold = run.hold
    if hold is None or run.phase in (LIVE, DRAINING):
        return
    state = hold.state(run)
    if state == UNSURE:
        return
    if state == EMPTY:
        _settle(shim, run, hold.proof, clean=True)
    elif state == QUIET:
        nothing = Report("ASKED", hold.by, [("shim", "nothing of the run was found, which is no proof")])
        _settle(shim, run, nothing, clean=False)
    elif run.phase == CLOSING:
        _press(shim, run)
    elif run.forced:
        _close(shim, run)
    elif _may_go_on(run):
        hold.await_empty(shim, run)
    else:
        _leftovers(shim, run)


def arm_deadline(shim: Shim, run: Run) -> None:
    """Watch the run's deadline, worker or no worker."""
    if run.deadline is not None:
        shim.timers.set(("deadline", run.name), run.deadline, lambda: _deadline(shim, run))


def drained(shim: Shim, run: Run) -> None:
    """The redactor has written the last of the log, or will not."""
    if run.phase == DRAINING:
        conclude(shim, run)


def _may_go_on(run: Run) -> bool:
    """Whether what a leader left may live on for now."""
    if run.asked is not None:
        return kernel.boottime() < run.asked + run.grace
    return run.leftovers == "wait"


def _leftovers(shim: Shim, run: Run) -> None:
    assert run.hold is not None
    left = run.hold.survivors(run)
    now = kernel.boottime()
    run.closing_since = run.closing_since or now
    if not left and now - run.closing_since < _UNLISTED:
        shim.look_again(run)  # still counted, but not listed any more: on its last instructions
        return
    names = ", ".join(left[:_NAMED]) + (", ..." if len(left) > _NAMED else "")
    if run.asked is not None:
        run.note("leftovers", f"{len(left)} killed, alive after the grace of {run.grace:g} s: {names}")
    elif run.leftovers == "allow":
        run.note("leftovers", f"{len(left)} left running, as the job allows: {names}")
        _settle(shim, run, Report("ASKED", "leftovers allowed", (), left), clean=False)
        return
    else:
        run.note("leftovers", f"{len(left)} killed after the leader had ended: {names}")
        if run.leftovers == "fail" and run.status == 0:
            run.cause = "leftovers"
    run.forced = True
    _close(shim, run)


def _close(shim: Shim, run: Run) -> None:
    run.phase = CLOSING
    run.closing_since = kernel.boottime()
    _press(shim, run)


def _press(shim: Shim, run: Run) -> None:
    hold = run.hold
    assert hold is not None
    assert run.closing_since is not None
    if kernel.boottime() - run.closing_since > hold.patience:
        left = hold.survivors(run)
        said = [("shim", f"killed again and again for {hold.patience:g} s")]
        _settle(shim, run, Report("ASKED", hold.by, said, left), clean=False)
        return
    hold.force(run)
    shim.look_again(run)


def _deadline(shim: Shim, run: Run) -> None:
    if run.phase == CLOSING:
        return  # it was in time; what it left is on its way out
    late = kernel.boottime() - (run.deadline or 0.0)
    run.expired = True
    run.note("deadline", f"passed while the run went on; the stop began {late:.3f} s later, grace {run.grace:g} s")
    stop.ask(shim, run)
    # A worker may have asked long ago without forcing; from now on the grace runs for the shim.
    shim.timers.set(("grace", run.name), kernel.boottime() + run.grace, lambda: stop.force(shim, run))


def _settle(shim: Shim, run: Run, proof: Report, *, clean: bool) -> None:
    """Nothing more will be learnt about the processes."""
    run.proof = proof
    run.phase = DRAINING
    shim.timers.cancel(("deadline", run.name))
    shim.timers.cancel(("grace", run.name))
    run.ended = time.time()
    if run.hold is not None:
        _memory(shim, run)
        run.hold.release(shim, run, clean=clean)
        run.hold = None  # it may hold another run now; a late stop must not reach that one
    if run.redactor is None or run.redactor.gone:
        conclude(shim, run)
    else:
        run.redactor.hurry(shim, run)


def _memory(shim: Shim, run: Run) -> None:
    """The group's own counter tells that memory ran out; signal 9 alone could be anybody's."""
    kills = shim.holds.oom_kills(run)
    if kills is None or kills <= run.oom_before:
        return
    limit = (run.limits or {}).get("memory")
    run.note(
        "oom_kill",
        f"the kernel killed {kills - run.oom_before} processes of the run for want of memory; limit: {limit}",
    )
    if run.status != 0:
        run.cause = "out_of_memory"


def conclude(shim: Shim, run: Run) -> None:
    """Write down and tell the end."""
    name = run.name
    if run.expired:
        run.cause = "timed_out"
    shim.live.pop(name, None)
    shim.closing.pop(name, None)
    try:
        run.log_size = os.lstat(run.log).st_size
    except OSError:
        run.log_size = 0
    shim.logs.remove(run)
    if run.ended is None:
        run.ended = time.time()
    line = lines.ended(run)
    shim.over[name] = line
    shim.record(line)
    if run.waiters:
        stop.answer(shim, run)
