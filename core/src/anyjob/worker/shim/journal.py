"""The shim's journal: JSON lines in the page cache, which outlive the shim; a reboot ends every run anyway."""

from __future__ import annotations

import json
import os

from . import frames, kernel

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable
    from typing import Any

LARGEST = 16 << 20
"""Bytes after which the journal is written anew."""


def read(path: str) -> list[dict[str, Any]]:
    """Every whole line, oldest first. A torn last line is dropped; no file is no lines."""
    try:
        with open(path, "rb") as file:
            data = file.read()
    except FileNotFoundError:
        return []
    lines: list[dict[str, Any]] = []
    for line in data[: data.rfind(b"\n") + 1].splitlines():
        try:
            said = json.loads(line)
        except ValueError:
            continue  # torn by a full disk, and another line written after it
        if isinstance(said, dict):
            lines.append(said)
    return lines


class Journal:
    """The writing end. Lines gather in `add` and leave with `flush`, in one write a loop turn."""

    __slots__ = ("_fd", "_lines", "_path", "_size")

    def __init__(self, path: str, keep: Iterable[bytes]) -> None:
        """Starts anew with the lines to keep; a crash leaves either the old file or the new."""
        self._path = path
        self._lines: list[bytes] = []
        self._fd = -1
        self._size = 0
        self.rewrite(keep)

    @property
    def full(self) -> bool:
        """Whether it is time to write it anew."""
        return self._size > LARGEST

    def add(self, line: bytes) -> None:
        """Keep one encoded message for the next flush."""
        self._lines.append(line)

    def flush(self) -> None:
        """Write what has gathered. Raises OSError (no space left); what was not written is tried again next time."""
        if not self._lines:
            return
        data = b"\n".join(self._lines) + b"\n"
        done = 0
        try:
            while done < len(data):
                done += os.write(self._fd, data[done:])
        finally:
            self._size += done
            if done == len(data):
                self._lines.clear()
            elif done:
                # Half a line must not stay: the rest would come after it as garbage.
                self._size -= done
                os.ftruncate(self._fd, self._size)

    def rewrite(self, keep: Iterable[bytes]) -> None:
        """Replace the content by the boot's line and these. Raises OSError, and the old journal goes on."""
        fresh = self._path + ".new"
        fd = os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_APPEND | os.O_CLOEXEC, 0o600)
        head = frames.encode({"ev": "boot", "id": kernel.boot_id(), "version": frames.VERSION, "shim": os.getpid()})
        data = memoryview(b"\n".join([head, *keep]) + b"\n")
        try:
            self._size = len(data)
            while data:
                data = data[os.write(fd, data) :]
            os.rename(fresh, self._path)
        except OSError:
            os.close(fd)
            raise
        if self._fd >= 0:
            os.close(self._fd)
        self._fd = fd
        self._lines.clear()
