"""Which processes of this machine belong to a run, looked up apart from whoever supervises them.

Source: Linux man-pages, proc_pid_stat(5).
"""

from __future__ import annotations

import contextlib
import os
import time
from typing import Final

__all__ = ["alive"]

_KERNEL: Final = 0x00200000
"""PF_KTHREAD: a thread of the kernel, which has neither arguments nor environment."""
_ENVIRONMENT: Final = 48
"""proc(5): the word behind the name in `stat` that is env_start; zero while there is none, or it is kept from us."""
_NONE_YET: Final = b"0"
_PATIENCE: Final = 5.0
"""Seconds that a process may take to become another program."""


def alive(*marks: str) -> list[str]:
    """Processes that have one of the marks in their environment or arguments, as `pid: arguments`. Zombies are dead.

    One that is becoming another program shows neither for a moment, which is long on a busy machine: it is looked at
    again. And one that is gone when it is looked at may have left another that was not there when all were listed: so
    they are listed until there is none that was not looked at.
    """
    wanted = [mark.encode() for mark in marks]
    found: list[str] = []
    seen = {str(os.getpid())}
    while new := [entry for entry in os.listdir("/proc") if entry.isdigit() and entry not in seen]:
        seen.update(new)
        for entry in new:
            arguments, environment = _told(entry)
            if any(mark in text for text in (arguments, environment) for mark in wanted):
                found.append(f"{entry}: {arguments.replace(bytes(1), b' ').decode(errors='replace').strip()}")
    return found


def _told(pid: str) -> tuple[bytes, bytes]:
    """Arguments and environment, both of one program; empty of a zombie and of a thread of the kernel."""
    until = time.monotonic() + _PATIENCE
    while True:
        before = _program(pid)
        told = _read(pid, "cmdline"), _read(pid, "environ")
        after = _program(pid)
        if not after or (before == after and after != _NONE_YET) or time.monotonic() > until:
            return told
        time.sleep(0.001)


def _program(pid: str) -> bytes:
    """Where the environment of its program lies, which is another place for each; _NONE_YET while it becomes one.
    Empty of what has none, or shows it to others than us alone."""
    words = _read(pid, "stat").rpartition(b")")[2].split()
    if len(words) < _ENVIRONMENT or words[0] in (b"Z", b"X") or int(words[6]) & _KERNEL:
        return b""
    try:
        os.close(os.open(f"/proc/{pid}/environ", os.O_RDONLY))
    except OSError:
        return b""
    return words[_ENVIRONMENT - 1]


def _read(pid: str, name: str) -> bytes:
    with contextlib.suppress(OSError), open(f"/proc/{pid}/{name}", "rb") as file:  # it may end meanwhile
        return file.read()
    return b""
