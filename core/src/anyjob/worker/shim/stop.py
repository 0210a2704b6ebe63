"""The stop ladder's actions: ask, force, and the answer that says how surely it is over."""

from __future__ import annotations

import json
import os

from . import frames, kernel
from .report import Report

TYPE_CHECKING = False
if TYPE_CHECKING:
    from .main import Shim
    from .run import Run

PATIENCE = 0.1
"""Seconds that a forced stop's answer may wait for the proof."""


def order(shim: Shim, name: str, stage: str) -> None:
    """Do one stage of the ladder for a worker, and answer. Asking again, or for a run that is over, is no fault."""
    never = shim.residents.withdraw(name, stage)
    if never is not None:
        _reply(shim, name, never.json())
        return
    if name in shim.coming:
        shim.coming[name]()
    run = shim.live.get(name)
    if run is None:
        over = shim.over.get(name)
        if over is not None:
            _reply(shim, name, frames.encode(json.loads(over)["proof"]))
        else:
            _reply(shim, name, Report("ASKED", "shim", [("shim", "no such run is known here")]).json())
        return
    if run.proof is not None:
        _reply(shim, name, run.proof.json())  # only its log is still being written
        return
    run.stop_asked = stage if run.stop_asked is None else max(run.stop_asked, stage)  # "FORCE" sorts after "ASK"
    if stage == "FORCE":
        shim.journal.add(asked_line(run))
        run.waiters += 1
        shim.timers.set(("stop", name), kernel.boottime() + PATIENCE, lambda: answer(shim, run))
        force(shim, run)
        return
    done = ask(shim, run)
    shim.journal.add(asked_line(run))
    _reply(shim, name, Report("ASKED", "signal", [("shim", done)]).json())


def asked_line(run: Run) -> bytes:
    """The journal's line: a successor must know that the end was wanted."""
    return frames.encode({"ev": "asked", "run": run.name, "stage": run.stop_asked, "at": run.asked})


def ask(shim: Shim, run: Run) -> str:
    """Send the stop signal to the run. Returns what was done, for people."""
    if run.asked is None:
        run.asked = kernel.boottime()
        arm_grace(shim, run)
    if run.own and run.pid is not None:
        # A child that is not reaped: its pid and its group's number cannot be another's.
        try:
            os.killpg(run.pid, run.signum)
        except OSError as error:
            return f"signal {run.signum} could not be sent to process group {run.pid}: {os.strerror(error.errno or 0)}"
        return f"signal {run.signum} sent to process group {run.pid}"
    if run.hold is None:
        return "nothing to signal"
    return run.hold.ask(run)


def force(shim: Shim, run: Run) -> None:
    """Kill the run as a whole; the judge sees to the proof."""
    run.forced = True
    if run.hold is not None:
        run.hold.force(run)
    shim.look_again(run)


def answer(shim: Shim, run: Run) -> None:
    """Answer everybody who forced a stop of this run: with the proof if there is one by now."""
    shim.timers.cancel(("stop", run.name))
    said = run.proof
    if said is None:
        hold = run.hold
        left = hold.survivors(run) if hold is not None else []
        said = Report("ASKED", hold.by if hold else "shim", [("shim", "killed, not gone yet")], left)
    for _ in range(run.waiters):
        _reply(shim, run.name, said.json())
    run.waiters = 0


def arm_grace(shim: Shim, run: Run) -> None:
    """A worker leads its ladder itself; the shim sees to it that a rest without leader does not outlive the grace."""
    if run.asked is not None:
        shim.timers.set(("grace", run.name), run.asked + run.grace, lambda: shim.look_again(run))


def _reply(shim: Shim, name: str, said: bytes) -> None:
    shim.say(b'{"ev":"stop","run":%b,"report":%b}' % (frames.encode_text(name), said))
