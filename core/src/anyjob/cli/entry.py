"""The first that runs of the program `anyjob`: it imports the rest, which takes a while in which Ctrl-C may come."""

from __future__ import annotations

import os
import signal
import sys
from collections.abc import Callable
from contextlib import suppress
from types import FrameType
from typing import Final, NoReturn

__all__ = ["main"]

_INTERRUPTED = 130
_EXTRA: Final = ("rich", "typer")
"""What the extra `cli` brings: whoever installs the library alone has the program too, and not these."""

_INSTALL = "pip install 'rich>=14,<16' 'typer>=0.21,<1'"
"""What the extra `cli` holds: no index has us."""


def main() -> NoReturn:
    """Run the command that the process's arguments name. Nothing is begun yet while its modules are imported, so that a
    Ctrl-C ends the process there and then; an exception out of any line of them would be shown with its traceback."""
    usual = signal.getsignal(signal.SIGINT)
    if usual is signal.default_int_handler:  # what is ignored from outside stays ignored (nohup)
        signal.signal(signal.SIGINT, _leave)
    command = _command()
    if usual is signal.default_int_handler:
        signal.signal(signal.SIGINT, usual)
    command()


def _command() -> Callable[[], NoReturn]:
    try:
        from anyjob.cli.main import main as command
    except ModuleNotFoundError as error:
        if error.name not in _EXTRA:
            raise
        said = f"anyjob: the command line needs {error.name}, which is not installed: {_INSTALL}\n"
        with suppress(OSError, AttributeError):  # a closed standard error is None
            sys.stderr.write(said)
        raise SystemExit(1) from None
    return command


def _leave(number: int, frame: FrameType | None) -> NoReturn:
    del number, frame
    os._exit(_INTERRUPTED)
