"""What the keeper and the shim have to say to nobody in particular: lines in `shim.err`, their standard error."""

from __future__ import annotations

import os
import time


def complain_of_fault() -> None:
    """Add the traceback of the exception that is being handled."""
    import traceback  # only when it is needed: the shim is to stay small

    complain(traceback.format_exc())


def complain(text: str) -> None:
    """Add a line. Never raises: a full disk must not end the shim."""
    line = f"{time.strftime('%Y-%m-%dT%H:%M:%SZ', time.gmtime())} {os.getpid()} {text.rstrip()}\n"
    try:
        os.write(2, line.encode(errors="replace"))
    except OSError:
        pass
