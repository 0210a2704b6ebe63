"""Begin runs: open the log, find a hold, spawn, and say so. A run that the shim knows is never begun again."""

from __future__ import annotations

import binascii
import functools
import os
import time

from . import adopt, end, frames, kernel, lines, process, redact, spawn
from .complaint import complain, complain_of_fault
from .run import Run

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from .main import Shim


def begin_all(shim: Shim, orders: list[dict[str, Any]]) -> None:
    """Start the orders, or answer with the state of runs that are known already. A fault in one does not touch the
    others.
    """
    for order in orders:
        if "warm" in order and not shim.residents.wanted(order):
            del order["warm"]
    # A warm start is written down when a process is there for it; until then nothing is touched.
    # The line of one that is in doubt still stands, and tells when it may have been begun first.
    new = [
        order["run"]
        for order in orders
        if "warm" not in order and not _known(shim, order) and order["run"] not in shim.begun
    ]
    if new:
        # Written before anything is started: a successor must be able to tell a run that was begun from one that was
        # not.
        tick = kernel.boottime_ns() // kernel.TICK_NS
        try:
            names = b",".join(map(frames.encode_text, new))
            how = b"" if shim.holds.grouped else b',"together":true'
            shim.write_down(b'{"ev":"starting","runs":[%b],"tick":%d%b}' % (names, tick, how))
        except OSError as error:
            _refuse(
                shim,
                [order for order in orders if order["run"] not in shim.begun],
                f"the journal cannot be written: {os.strerror(error.errno or 0)}",
            )
            orders = [order for order in orders if order["run"] in shim.begun]
    for order in orders:
        try:
            _begin(shim, order)
        except Exception as error:
            tell_fault(shim, error)


def _begin(shim: Shim, order: dict[str, Any]) -> None:
    if order["run"] in shim.coming or order["run"] in shim.residents:
        return  # the answer comes when it has begun
    known = shim.live.get(order["run"])
    if known is not None:
        shim.say(known.line)
        return
    over = shim.over.get(order["run"])
    if over is not None:
        shim.say(over)
        return
    order["log"] = os.path.join(order["folder"], order["log"])
    run = Run(order)
    try:
        found = _found(shim, order)
        if found is not None:
            run, status = found
            adopt.claim(shim, run)
            enter(shim, run)
            adopt.watch_leader(shim, run, status)
            return
        _start(shim, run, order)
    except spawn.StartError as error:
        end.never_started(shim, run, error.cause, error.evidence)
    except Exception as error:
        if run.pid is not None:
            raise  # it did start; the next shim finds it
        complain_of_fault()
        end.never_started(shim, run, "start_failed", [("shim", f"{type(error).__name__}: {error}")])


def _found(shim: Shim, order: dict[str, Any]) -> tuple[Run, int | None] | None:
    """As `begun.settle`: that it cannot look is no sign that the run has not begun."""
    try:
        return shim.begun.settle(order)
    except spawn.StartError:
        raise
    except Exception as error:
        complain_of_fault()
        text = f"whether an earlier shim began the run is not known: {type(error).__name__}: {error}"
        raise spawn.StartError("unknown", ("shim", text)) from error


def tell_fault(shim: Shim, error: Exception) -> None:
    """Write down a fault in one order, and tell the worker."""
    complain_of_fault()
    shim.say(frames.encode({"ev": "fault", "text": f"{type(error).__name__}: {error}"}))


def _refuse(shim: Shim, orders: list[dict[str, Any]], why: str) -> None:
    for order in orders:
        if not _known(shim, order):
            end.never_started(shim, Run(order), "start_failed", [("shim", why)])


def _start(shim: Shim, run: Run, order: dict[str, Any]) -> None:
    if run.deadline is not None and kernel.boottime() >= run.deadline:
        raise spawn.StartError("timed_out", ("deadline", "it had passed before the start"))
    if not order["argv"]:
        raise spawn.StartError("bad_config", ("exec", "the command is empty"))
    no_room = shim.logs.no_room(run.log)
    if no_room is not None:
        raise spawn.StartError("start_failed", ("disk", no_room))
    # The mark by which a scan, or the next shim, knows the run's processes.
    order["env"][process.MARK] = shim.seat.mark(run.name)
    if "warm" in order:
        shim.residents.start(run, order)
        return
    log = output(shim, run, order)
    try:
        order.pop("redact", None)
        begun = shim.holds.start(run, order, log)
    finally:
        os.close(log)
    if begun:
        enter(shim, run)


def _known(shim: Shim, order: dict[str, Any]) -> bool:
    name = order["run"]
    return name in shim.live or name in shim.over or name in shim.coming or name in shim.residents


def output(shim: Shim, run: Run, order: dict[str, Any]) -> int:
    """What the run's process writes to: its log, or the pipe to a redactor. The caller closes it. Raises StartError."""
    log = _open_log(run.log)
    secrets: list[str] = order.get("redact") or []
    if not secrets:
        return log
    try:
        return _redact(shim, run, [binascii.a2b_base64(secret) for secret in secrets], log)
    finally:
        os.close(log)


def enter(shim: Shim, run: Run) -> None:
    """The run has begun: keep it, and tell. Written down at once, before the next run is touched."""
    if run.started is None:
        run.started = time.time()
    shim.live[run.name] = run
    run.line = lines.started(run)
    try:
        shim.write_down(run.line)
    except OSError as error:
        complain(f"journal: run {run.name} has begun: {error}")  # tried again at the end of the turn
    shim.link.say_soon(run.line)
    shim.logs.add(run)
    end.arm_deadline(shim, run)


def _open_log(path: str) -> int:
    try:
        return os.open(path, os.O_WRONLY | os.O_CREAT | os.O_APPEND | os.O_NOFOLLOW | os.O_CLOEXEC, 0o600)
    except OSError as error:
        raise spawn.StartError("start_failed", ("log", f"{path}: {os.strerror(error.errno or 0)}")) from error


def _redact(shim: Shim, run: Run, secrets: list[bytes], log: int) -> int:
    """Put a redactor between child and log. Returns the pipe for the child. Raises StartError."""
    shim.holds.oom.down()
    try:
        run.redactor, pipe = redact.fork(secrets, log, shim.holds.leave, shim.notes)
    except OSError as error:
        raise spawn.StartError("start_failed", ("redactor", str(error))) from error
    shim.by_pid[run.redactor.pid] = functools.partial(run.redactor.reaped, shim, run)
    return pipe
