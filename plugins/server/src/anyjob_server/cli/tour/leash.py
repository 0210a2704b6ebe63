"""`python -m anyjob_server.cli.tour.leash PARENT COMMAND...`: the command, which the kernel ends when its parent ends.

Also after `kill -9` of the parent, who could not end it then.

Source: Linux man-pages, prctl(2), PR_SET_PDEATHSIG.
"""

from __future__ import annotations

import ctypes
import os
import signal
import sys
from typing import Final, NoReturn

__all__ = ["main"]

_PR_SET_PDEATHSIG: Final = 1


def main() -> NoReturn:
    """Become the command. Raises OSError where it cannot be executed."""
    parent, *command = sys.argv[1:]
    ctypes.CDLL(None, use_errno=True).prctl(_PR_SET_PDEATHSIG, signal.SIGKILL, 0, 0, 0)
    if os.getppid() != int(parent):  # it ended before the kernel was told
        sys.exit(1)
    try:
        os.execvp(command[0], command)  # noqa: S606 - a shell would stand between
    except OSError as error:
        sys.exit(f"{command[0]}: {error.strerror}")


if __name__ == "__main__":
    main()
