"""When the engine behind a socket of this machine was started.

Source: Linux man-pages, unix(7), SO_PEERCRED, and proc_pid_stat(5).
"""

from __future__ import annotations

import os
import socket
import struct
from typing import Final

__all__ = ["engine_started"]

_SECONDS: Final = 1.0
_TICKS: Final = 19
"""The field of /proc/PID/stat with the start, counted from behind the command's name."""


def engine_started(path: str) -> float | None:
    """Epoch seconds; None where it cannot be told: no socket, or one that somebody else opened for the engine."""
    if not path:
        return None
    try:
        with socket.socket(socket.AF_UNIX) as end:
            end.settimeout(_SECONDS)
            end.connect(path)
            credentials = end.getsockopt(socket.SOL_SOCKET, socket.SO_PEERCRED, struct.calcsize("3i"))
        pid = struct.unpack("3i", credentials)[0]
        with open(f"/proc/{pid}/stat") as file:
            command, _, rest = file.read().rpartition(")")
        if not command.endswith("(dockerd"):
            return None
        began = int(rest.split()[_TICKS]) / os.sysconf("SC_CLK_TCK")
        with open("/proc/stat") as file:
            boot = next(int(line.split()[1]) for line in file if line.startswith("btime "))
    except (OSError, ValueError, IndexError, StopIteration):
        return None
    return boot + began
