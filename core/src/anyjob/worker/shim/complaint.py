"""What the keeper and the shim have to say to nobody in particular: lines in `shim.err`, their standard error."""

from __future__ import annotations

import os
import time


def complain(text: str) -> None:
    """Add a line. Never raises: a full disk must not end the shim."""
    line = f"{time.strftime('%Y-%m-%dT%H:%M:%SZ', time.gmtime())} {os.getpid()} {text}\n"
    try:
        os.write(2, line.encode(errors="replace"))
    except OSError:
        pass
