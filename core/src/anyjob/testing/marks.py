"""Act at the moments at which a worker writes something down: every step of a run has one."""

from __future__ import annotations

import os
import signal
from collections.abc import Callable, Mapping
from enum import Enum
from typing import Any

from anyjob.worker.states import Mark
from anyjob.worker.worker import Worker

__all__ = ["Moment", "at", "die"]


class Moment(Enum):
    """A moment in the life of a run: before or after one of its marks is durable."""

    ACCEPTED = (Mark.ACCEPTED, "after")
    """The run is promised; nothing was begun."""
    STARTING = (Mark.STARTING, "after")
    """The start is about to be called."""
    STARTED = (Mark.HANDLE, "before")
    """The start has returned; its handle is not kept."""
    RUNNING = (Mark.HANDLE, "after")
    """The handle is kept; the watch is about to be called."""
    STOPPING = (Mark.STOP, "after")
    """A stop is accepted; nothing was asked."""
    ENDING = (Mark.ENDED, "before")
    """The watch has ended; the outcome is not kept."""
    ENDED = (Mark.ENDED, "after")
    """The outcome is kept; nothing was tidied up."""


def at(worker: Worker, moment: Moment, do: Callable[[], None]) -> None:
    """Call `do` once, the first time that a run of the worker comes to `moment`. After the worker has started."""
    mark, when = moment.value
    write = worker.book.write

    def watched(line: Mapping[str, Any]) -> None:
        if line["m"] != mark.value:
            write(line)
            return
        worker.book.write = write
        if when == "after":
            write(line)
        do()
        if when == "before":
            write(line)

    worker.book.write = watched


def die() -> None:
    """End this process as a crash does."""
    os.kill(os.getpid(), signal.SIGKILL)
