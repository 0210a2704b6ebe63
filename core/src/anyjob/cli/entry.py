"""The first that runs of the program `anyjob`: it imports the rest, which takes a while in which Ctrl-C may come."""

from __future__ import annotations

import os
import signal
from types import FrameType
from typing import NoReturn

__all__ = ["main"]

_INTERRUPTED = 130


def main() -> NoReturn:
    """Run the command that the process's arguments name. Nothing is begun yet while its modules are imported, so that a
    Ctrl-C ends the process there and then; an exception out of any line of them would be shown with its traceback."""
    usual = signal.getsignal(signal.SIGINT)
    if usual is signal.default_int_handler:  # what is ignored from outside stays ignored (nohup)
        signal.signal(signal.SIGINT, _leave)
    from anyjob.cli.main import main as command

    if usual is signal.default_int_handler:
        signal.signal(signal.SIGINT, usual)
    command()


def _leave(number: int, frame: FrameType | None) -> NoReturn:
    del number, frame
    os._exit(_INTERRUPTED)
