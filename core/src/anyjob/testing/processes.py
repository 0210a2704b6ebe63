"""Which processes of this machine belong to a run, looked up apart from whoever supervises them."""

from __future__ import annotations

import contextlib
import os

__all__ = ["alive"]


def alive(*marks: str) -> list[str]:
    """Processes that have one of the marks in their environment or arguments, as `pid: arguments`. Zombies are dead."""
    wanted = [mark.encode() for mark in marks]
    found: list[str] = []
    for entry in os.listdir("/proc"):
        if not entry.isdigit() or int(entry) == os.getpid():
            continue
        arguments = _read(entry, "cmdline")
        if any(mark in text for text in (arguments, _read(entry, "environ")) for mark in wanted):
            found.append(f"{entry}: {arguments.replace(bytes(1), b' ').decode(errors='replace').strip()}")
    return found


def _read(pid: str, name: str) -> bytes:
    with contextlib.suppress(OSError), open(f"/proc/{pid}/{name}", "rb") as file:  # it may end meanwhile
        return file.read()
    return b""
