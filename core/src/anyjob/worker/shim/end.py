"""The end of a run: the leader is gone, is anything left, what does the policy say, why did it end.

A leader that ended by itself leaves the rest to the policy. After a stop or the deadline the rest has what remains of the grace: a
shell dies of the signal at once while its command still tidies up.
"""

from __future__ import annotations

import os
import time

from . import frames, kernel, stop
from .hold import report
from .run import CLOSING, DRAINING, LIVE, WAITING

TYPE_CHECKING = False
if TYPE_CHECKING:
    from .run import Run
    from .main import Shim

LOOK_AGAIN = 0.005
"""Seconds between looks at a run that is being closed, where no event of the kernel came before."""
GIVE_UP = 10.0
"""Seconds after which a run whose leftovers do not die is ended without proof."""


def never_started(shim: Shim, run: Run, cause: str, evidence: list[tuple[str, str]]) -> None:
    """End a run of which surely no process exists."""
    run.cause = cause
    run.evidence += evidence
    run.proof = report("PROVEN", "never started", [], [])
    _finish(shim, run)


def leader_reaped(shim: Shim, run: Run, status: int, usage: Any) -> None:
    """The shim has reaped the leader, its own child; `usage` is what wait4 said."""
    run.own = False
    leader_gone(shim, run, status, {"cpu": usage.ru_utime + usage.ru_stime, "maxrss": usage.ru_maxrss * 1024})


def leader_gone(shim: Shim, run: Run, status: int | None, usage: dict[str, float] | None) -> None:
    """The leader is no more, whoever reaped it. `status`: as wait4 gives it, None where nobody knows."""
    run.status, run.rusage, run.ended = status, usage, time.time()
    run.phase = WAITING
    judge(shim, run)


def judge(shim: Shim, run: Run) -> None:
    """Decide what becomes of a run whose leader is gone. Called again whenever something may have changed."""
    hold = run.hold
    if hold is None or run.phase in (LIVE, DRAINING):
        return
    if hold.empty(run):
        by = "cgroup.kill, populated 0" if run.forced else "populated 0"
        run.proof = report("PROVEN", f"{hold.by}: {by}", [], [])
        hold.release(run, clean=True)
        _drain(shim, run)
        return
    now = kernel.boottime()
    if run.phase == WAITING:
        if not _told_to_close(run, now):
            run.hold.watch(shim, run)
            return
        if not run.forced:
            left = hold.survivors(run)
            if not left:
                # Still counted, but nobody is listed: a process on its last instructions.
                shim.look_again(run)
                return
            if run.leftovers == "allow" and not _stopping(run):
                run.note("leftovers", f"{len(left)} left running as the job asked: {', '.join(left[:10])}")
                run.proof = report("ASKED", "leftovers allowed", [], left)
                hold.release(run, clean=False)
                _drain(shim, run)
                return
            run.note("leftovers", f"{len(left)} killed after the leader had ended: {', '.join(left[:10])}")
            if run.leftovers == "fail" and run.status == 0 and not _stopping(run):
                run.cause = "leftovers"
            run.forced = True
        run.phase = CLOSING
        run.closing_since = now
        hold.force(run)
    elif run.closing_since is not None and now - run.closing_since > GIVE_UP:
        run.proof = report("ASKED", hold.by, run.evidence[-1:], hold.survivors(run))
        hold.release(run, clean=False)
        _drain(shim, run)
        return
    shim.look_again(run)


def _stopping(run: Run) -> bool:
    return run.expired or run.stop_asked is not None


def _told_to_close(run: Run, now: float) -> bool:
    if run.forced:
        return True
    if run.asked is not None:
        return now >= run.asked + run.grace
    return run.leftovers != "wait"


def arm_deadline(shim: Shim, run: Run) -> None:
    """Watch the run's deadline, worker or no worker."""
    if run.deadline is not None:
        shim.timers.set(("deadline", run.name), run.deadline, lambda: _deadline(shim, run))


def _deadline(shim: Shim, run: Run) -> None:
    late = kernel.boottime() - (run.deadline or 0.0)
    run.expired = True
    run.note("deadline", f"passed while the run went on; the stop began {late:.3f} s after it")
    stop.ask(shim, run)


def _drain(shim: Shim, run: Run) -> None:
    _finish(shim, run)


def _finish(shim: Shim, run: Run) -> None:
    name = run.name
    if run.expired:
        run.cause = "timed_out"
    shim.live.pop(name, None)
    shim.closing.pop(name, None)
    if run.deadline is not None:
        shim.timers.cancel(("deadline", name))
    if run.asked is not None:
        shim.timers.cancel(("grace", name))
    try:
        size = os.stat(run.log).st_size
    except OSError:
        size = 0
    line = frames.encode({
        "ev": "ended", "run": name, "pid": run.pid, "status": run.status, "cause": run.cause, "evidence": run.evidence,
        "proof": run.proof, "started": run.started, "ended": run.ended or time.time(), "rusage": run.rusage,
        "log": {"size": size, "gap": run.gap}, "limits_by": run.limits_by, "stop_asked": run.stop_asked,
    })  # fmt: skip
    shim.over[name] = line
    shim.record(line)
    if run.waiters:
        stop.answer(shim, run)
