"""Begin a run: open its log, find a hold, spawn, and say so. A run that the shim knows is never begun again."""

from __future__ import annotations

import os
import time

from . import end, frames, kernel, process, spawn

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from .main import Shim

from .run import Run


def begin(shim: Shim, order: dict[str, Any]) -> None:
    """Start the order, or answer with the state of a run that is known already."""
    name: str = order["run"]
    known = shim.live.get(name)
    if known is not None:
        shim.say(known.line)
        return
    over = shim.over.get(name)
    if over is not None:
        shim.say(over)
        return
    run = Run(order)
    run.log = os.path.join(order.get("folder") or "/", run.log)
    try:
        _start(shim, run, order)
    except spawn.StartError as error:
        end.never_started(shim, run, error.cause, error.evidence)
    except Exception as error:
        end.never_started(shim, run, "start_failed", [("shim", f"{type(error).__name__}: {error}")])


def _start(shim: Shim, run: Run, order: dict[str, Any]) -> None:
    if run.deadline is not None and kernel.boottime() >= run.deadline:
        raise spawn.StartError("timed_out", ("deadline", "the deadline had passed before the start"))
    env = order["env"]
    if env.get(process.MARK) != run.name:
        env[process.MARK] = run.name
    log = _open_log(run.log)
    try:
        shim.holds.start(run, order, log)
    finally:
        os.close(log)
    run.started = time.time()
    shim.live[run.name] = run
    run.line = started_line(run)
    shim.record(run.line)
    if run.deadline is not None:
        end.arm_deadline(shim, run)


def started_line(run: Run) -> bytes:
    """The event, and the journal's line: with what a later shim needs to go on."""
    return frames.encode({
        "ev": "started", "run": run.name, "pid": run.pid, "start": run.start, "group": run.group, "at": run.started,
        "log": run.log, "deadline": run.deadline, "grace": run.grace, "stop_signal": run.signum, "leftovers": run.leftovers,
        "quota": run.quota, "limits": run.limits, "limits_by": run.limits_by,
    })  # fmt: skip


def _open_log(path: str) -> int:
    try:
        return os.open(path, os.O_WRONLY | os.O_CREAT | os.O_APPEND | os.O_CLOEXEC, 0o600)
    except OSError as error:
        raise spawn.StartError("start_failed", ("log", f"{path}: {os.strerror(error.errno or 0)}")) from error
