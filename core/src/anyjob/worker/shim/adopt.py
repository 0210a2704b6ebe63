"""Runs of an earlier shim: found again, watched by pidfd, and ended with what is known. A status that nobody kept is
not guessed.
"""

from __future__ import annotations

import os
import select

from . import end, exits, kernel, nofile, process, stop
from .complaint import complain
from .redact import Redactor
from .report import Report
from .run import Run

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from .main import Shim
    from .replay import Past

_PATIENCE = 2.0
"""Seconds in which the keeper must have written down a status, or the kernel tells it."""
_FIRST = 0.002


def take_over(shim: Shim, past: Past) -> None:
    """Make the past's runs this shim's own. Called once, before a worker is heard."""
    shim.over.update(past.over)
    boot = kernel.boot_id()
    if past.boot is not None and past.boot != boot:
        for line in past.live.values():
            _lost(shim, Run(line), f"started in boot {past.boot}, this is boot {boot}")
        for name in {**past.begun, **past.sown}:
            _lost(shim, Run({"run": name, "log": ""}), f"about to be started in boot {past.boot}, this is boot {boot}")
        past.begun.clear()
        past.sown.clear()
        return
    nofile.need(256 + 2 * len(past.live))  # a pidfd for each leader and redactor
    for line in past.live.values():
        _adopt(shim, past, line)
    if not shim.live and not past.begun and not past.sown:
        # Nobody needs the statuses of earlier keepers any more.
        for path in exits.files(shim.seat.folder):
            if path != shim.seat.exits:
                os.unlink(path)


def claim(shim: Shim, run: Run) -> None:
    """Hold a run that an earlier shim started, as well as can be."""
    try:
        shim.holds.claim(run)
    except OSError as error:
        complain(f"run {run.name}: its group cannot be used: {error}")


def _lost(shim: Shim, run: Run, text: str) -> None:
    """The machine was started anew since: no process survives that."""
    run.cause = "node_lost"
    run.note("boot_id", text)
    run.proof = Report("PROVEN", "a new boot")
    end.conclude(shim, run)


def _adopt(shim: Shim, past: Past, line: dict[str, Any]) -> None:
    run = Run(line)
    run.restore(line)
    asked = past.asked.get(run.name)
    if asked is not None:
        run.stop_asked, run.asked = asked["stage"], asked["at"]
    shim.live[run.name] = run
    shim.logs.add(run)
    claim(shim, run)
    if line.get("redactor") is not None:
        pid, start = line["redactor"]
        _watch_redactor(shim, run, Redactor(pid, start))
    stop.arm_grace(shim, run)
    end.arm_deadline(shim, run)
    status = past.statuses.get(run.name)
    watch_leader(shim, run, shim.exits.find(line["pid"], line["start"]) if status is None else status)


def watch_leader(shim: Shim, run: Run, status: int | None) -> None:
    """Wait for the end of a leader that is no child of this shim. `status`: its raw status, if it is over."""
    assert run.pid is not None
    assert run.start is not None
    fd = None if status is not None else process.pidfd(run.pid, run.start)
    if fd is None and status is None:
        # It ended a moment ago; a keeper writes down before it reaps.
        status = shim.exits.find(run.pid, run.start)
    if fd is not None:
        shim.watch(fd, select.EPOLLIN, lambda _: _leader_ended(shim, run, fd))
    elif status is not None:
        end.leader_gone(shim, run, status, None)
    else:
        _unknown(shim, run)


def _leader_ended(shim: Shim, run: Run, fd: int) -> None:
    """A zombie now; whoever is its parent reaps it in a moment."""
    shim.unwatch(fd)
    until = kernel.boottime() + _PATIENCE
    _ask_status(shim, run, fd, until, _FIRST)


def _ask_status(shim: Shim, run: Run, fd: int, until: float, pause: float) -> None:
    assert run.pid is not None
    assert run.start is not None
    status = shim.exits.find(run.pid, run.start)
    if status is None:
        status = kernel.exit_status(fd)
    if status is not None:
        os.close(fd)
        end.leader_gone(shim, run, status, None)
    elif kernel.boottime() < until:
        again = kernel.boottime() + pause
        shim.timers.set(("status", run.name), again, lambda: _ask_status(shim, run, fd, until, pause * 2))
    else:
        os.close(fd)
        _unknown(shim, run)


def _unknown(shim: Shim, run: Run) -> None:
    run.cause = "unknown"
    run.note(
        "shim",
        f"process {run.pid}, started at tick {run.start}, ended while no shim was its parent; nobody kept its status",
    )
    end.leader_gone(shim, run, None, None)


def _watch_redactor(shim: Shim, run: Run, redactor: Redactor) -> None:
    run.redactor = redactor
    fd = process.pidfd(redactor.pid, redactor.start)
    if fd is None:
        redactor.gone = True
        return

    def ended(_: int) -> None:
        shim.unwatch(fd)
        os.close(fd)
        redactor.ended(shim, run, None)

    shim.watch(fd, select.EPOLLIN, ended)
