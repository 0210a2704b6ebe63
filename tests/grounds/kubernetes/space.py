"""A cluster's own space on this machine (processes, mounts, network), and how to start and find what runs in it."""

from __future__ import annotations

import os
import signal
import subprocess
import time
from collections.abc import Sequence
from pathlib import Path
from typing import IO

__all__ = ["BRIDGE", "PATH", "SERVICE", "Space", "child_of", "tail"]

SERVICE = "10.96.0.1"
"""What the service `kubernetes` gets: the first address of the services' range."""
BRIDGE = "cluster0"
PATH = f"{os.environ.get('PATH', os.defpath)}:/usr/sbin:/sbin"
"""Debian puts runc where no user's PATH has it."""
_MANY = 20.0
"""Seconds in which a process must have started, or must have gone once it was killed."""
_UNSEEN = 2.0
"""Seconds for which neither a command nor what starts it is seen, until it has ended: from one look to the next the one
becomes the other, and between the two it has no words at all."""


def _parents() -> dict[int, int]:
    """Each process of this machine that has not ended, and its parent."""
    found: dict[int, int] = {}
    for entry in Path("/proc").iterdir():
        if not entry.name.isdigit():
            continue
        try:
            words = (entry / "stat").read_text().rpartition(")")[2].split()
        except OSError:
            continue
        if words[0] not in ("Z", "X"):
            found[int(entry.name)] = int(words[1])
    return found


def child_of(parent: int) -> int | None:
    """The one child of a process."""
    return next((pid for pid, above in _parents().items() if above == parent), None)


class Space:
    """What is below the process `init` (its number on this machine)."""

    def __init__(self, init: int) -> None:
        self.init = init

    def entering(self, argv: Sequence[str]) -> list[str]:
        """The command that runs another one in the space."""
        return ["nsenter", f"--target={self.init}", "--mount", "--net", "--pid", "--ipc", "--", *argv]

    def run(self, argv: Sequence[str], stdin: IO[bytes] | None = None) -> str:
        """What a command said in the space.

        Raises:
            RuntimeError: It failed; with what it said.
        """
        done = subprocess.run(
            self.entering(argv), stdin=stdin or subprocess.DEVNULL, capture_output=True, text=True, check=False
        )
        if done.returncode:
            raise RuntimeError(f"{' '.join(argv)}: exit status {done.returncode}: {done.stderr.strip()[-2000:]}")
        return done.stdout

    def start(self, argv: Sequence[str], log: Path) -> int:
        """Start a command that stays, as a child of the space's first process. Its number on this machine.

        Raises:
            RuntimeError: It ended at once; the log says why.
        """
        # setsid leaves the command without its parent, so it is the space's own whoever started it, and ended it later.
        with log.open("ab") as out:
            subprocess.run(
                self.entering(["setsid", "--fork", *argv]),
                env=os.environ | {"PATH": PATH},
                stdin=subprocess.DEVNULL,
                stdout=out,
                stderr=out,
                check=True,
            )
        seen = time.monotonic()
        end = seen + _MANY
        while time.monotonic() < min(end, seen + _UNSEEN):
            if pid := self.find(argv):
                return pid
            if self.find(["setsid", "--fork", *argv]) is not None:
                seen = time.monotonic()
            time.sleep(0.01)
        raise RuntimeError(f"{' '.join(argv[:2])} ended at once, its log says:\n{tail(log)}")

    def find(self, argv: Sequence[str]) -> int | None:
        """The number on this machine of the process that was started so, if it is there."""
        line = b"".join(os.fsencode(word) + b"\0" for word in argv)
        for pid, parent in _parents().items():
            if parent != self.init:
                continue
            try:
                if Path(f"/proc/{pid}/cmdline").read_bytes() == line:
                    return pid
            except OSError:
                continue
        return None

    def signal(self, argv: Sequence[str], number: int) -> int | None:
        """Send a signal to the process that was started so; its number on this machine, if there is one."""
        pid = self.find(argv)
        if pid is None:
            return None
        try:
            os.kill(pid, number)
        except ProcessLookupError:
            return None
        return pid

    def stopped(self, argv: Sequence[str]) -> bool:
        """Whether the process that was started so is there, and stopped by a signal."""
        pid = self.find(argv)
        try:
            return bool(pid) and Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] == "T"
        except OSError:
            return False

    def kill(self, argv: Sequence[str]) -> None:
        """Kill the process that was started so, and wait until it is gone."""
        pid = self.signal(argv, signal.SIGKILL)
        end = time.monotonic() + _MANY
        while pid and self.find(argv) == pid:
            if time.monotonic() > end:
                raise TimeoutError(f"{' '.join(argv[:2])}: process {pid} was killed and is still there")
            time.sleep(0.01)


def tail(log: Path, most: int = 3000) -> str:
    """The end of a log."""
    try:
        return log.read_bytes()[-most:].decode(errors="replace")
    except FileNotFoundError:
        return ""
