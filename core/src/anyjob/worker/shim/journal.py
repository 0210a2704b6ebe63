"""The shim's journal: JSON lines in the page cache, which outlive the shim; a reboot ends every run anyway."""

from __future__ import annotations

import errno
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
    return read_on(path, 0)[0]


def read_on(path: str, offset: int) -> tuple[list[dict[str, Any]], int]:
    """Every whole line from `offset` bytes on, and the offset behind them. What the disk got back is skipped."""
    try:
        with open(path, "rb") as file:
            offset = file.seek(offset, os.SEEK_DATA)
            data = file.read()
    except FileNotFoundError:
        return [], offset
    except OSError as error:
        if error.errno != errno.ENXIO:
            raise
        return [], offset  # nothing stands there yet
    whole = data[: data.rfind(b"\n") + 1]
    lines: list[dict[str, Any]] = []
    for line in whole.splitlines():
        try:
            said: dict[str, Any] = json.loads(line)
        except ValueError:
            continue  # torn by a full disk, and another line written after it
        lines.append(said)
    return lines, offset + len(whole)


class Journal:
    """The writing end. Lines gather in `add` and leave with `flush`, in one write."""

    __slots__ = ("_fd", "_limit", "_lines", "_path", "_size")

    def __init__(self, path: str) -> None:
        """Goes on behind the last whole line. Raises OSError."""
        self._path = path
        self._limit = LARGEST
        self._lines: list[bytes] = []
        self._fd = os.open(path, os.O_RDWR | os.O_CREAT | os.O_APPEND | os.O_CLOEXEC, 0o600)
        with open(path, "rb") as file:
            self._size = file.read().rfind(b"\n") + 1
        os.ftruncate(self._fd, self._size)

    @property
    def full(self) -> bool:
        """Whether it is time to write it anew."""
        return self._size > self._limit

    def add(self, line: bytes) -> None:
        """Keep one encoded message for the next flush."""
        self._lines.append(line)

    def flush(self) -> None:
        """Write what has gathered. Raises OSError (no space left); all of it is tried again next time."""
        if not self._lines:
            return
        data = b"\n".join(self._lines) + b"\n"
        done = os.write(self._fd, data)
        if done != len(data):
            # Half a line must not stay: the next one would be glued to it.
            os.ftruncate(self._fd, self._size)
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC), self._path)
        self._size += done
        self._lines.clear()

    def rewrite(self, keep: Iterable[bytes]) -> None:
        """Replace the content by these lines. Raises OSError, and the old journal goes on."""
        fresh = self._path + ".new"
        fd = os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_APPEND | os.O_CLOEXEC, 0o600)
        data = memoryview(b"\n".join(keep) + b"\n")
        size = len(data)
        try:
            while data:
                data = data[os.write(fd, data) :]
            os.rename(fresh, self._path)
        except OSError:
            os.close(fd)
            self._limit = 2 * self._size  # not again at once
            raise
        os.close(self._fd)
        # What must be kept may itself be long, and is then not written anew all the time.
        self._fd, self._size, self._limit = fd, size, max(LARGEST, 2 * size)
        self._lines.clear()


def boot_line(keeper: str) -> bytes:
    """The line after which everything is of this boot, of this shim, and of a keeper, named by its file of exits."""
    head = {"ev": "boot", "id": kernel.boot_id(), "version": frames.VERSION, "shim": os.getpid(), "keeper": keeper}
    return frames.encode(head)
