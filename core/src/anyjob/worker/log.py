"""The log of a run: raw bytes in one file.

A local child writes the file itself; all others feed it through here. Offsets stay true for ever: a quota frees the
middle of the file (a hole), it never moves bytes.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable
from contextlib import suppress
from pathlib import Path

from anyjob.worker.shim.redact import Sieve

__all__ = ["RunLog", "last_line", "read_log"]

_TAIL = 65536
"""Bytes at the end of a log in which the result line is looked for."""

_BLOCK = 65536
"""No file system has larger blocks."""

Cursor = Callable[[str, str, int], None]


class _LogSieve(Sieve):
    """Hides the secrets of one run."""

    __slots__ = ()

    @property
    def holding(self) -> bool:
        """Whether bytes are held back, because they may be the beginning of a secret."""
        return bool(self._held)


class RunLog:
    """The log as a run's face offers it. Opened on first use. Not for two threads at once on one run."""

    __slots__ = ("_cursors", "_encoding", "_file", "_keep", "_quota", "_read", "_sieve", "path")

    def __init__(
        self,
        path: str,
        *,
        quota: int | None,
        cursors: dict[str, tuple[str, int]],
        keep: Cursor,
        secrets: Iterable[str] = (),
        encoding: str = "utf-8",
    ) -> None:
        """`keep(source, cursor, size)` makes a cursor durable; `cursors` holds the durable ones. `secrets` are hidden,
        also across the edges of what is written. Of more than `quota` bytes the middle goes; None: all stays."""
        self.path, self._quota, self._cursors, self._keep = path, quota, cursors, keep
        self._file, self._encoding = -1, encoding
        values = [os.fsencode(value) for value in secrets if value]
        self._sieve = _LogSieve(values) if values else None
        self._read: dict[str, str] = {}
        """Cursors that are not durable yet, because bytes before them are held back."""

    def write(self, data: bytes) -> None:
        """Append. Raises OSError (no space left)."""
        self._append(data if self._sieve is None else self._sieve.feed(data))

    def _append(self, data: bytes) -> None:
        file = self._open()
        view = memoryview(data)
        try:
            while view:
                view = view[os.write(file, view) :]
        except OSError:
            # Whoever feeds it again gives all of it again. Why it could not be written is the fault to tell.
            if written := len(data) - len(view):
                with suppress(OSError):
                    os.ftruncate(file, os.fstat(file).st_size - written)
            raise
        if self._quota is not None and os.fstat(file).st_size > 2 * self._quota:
            _punch(file, self._quota)

    def feed(self, data: bytes, source: str, cursor: str) -> None:
        """Append, and keep how far `source` was read."""
        self.write(data)
        self._read[source] = cursor
        if self._sieve is None or not self._sieve.holding:
            size = os.fstat(self._file).st_size
            for known in list(self._read):
                self._keep(known, self._read.pop(known), size)

    def cursor(self, source: str) -> str | None:
        """How far `source` was read, by any worker."""
        known = self._cursors.get(source)
        return self._read.get(source) or (None if known is None else known[0])

    def kept(self, source: str) -> str | None:
        """How far `source` was read durably."""
        known = self._cursors.get(source)
        return None if known is None else known[0]

    def last_line(self) -> str:
        """The last line that is not blank."""
        return last_line(self.path, self._encoding)

    def close(self) -> None:
        """Apply the quota for good, and close. Raises OSError (no space left); it is closed then, too."""
        if self._file >= 0:
            try:
                if self._sieve is not None:
                    self._append(self._sieve.feed(b"", last=True))
                if self._quota is not None:
                    _punch(self._file, self._quota)
            finally:
                os.close(self._file)
                self._file = -1

    def _open(self) -> int:
        if self._file < 0:
            Path(self.path).parent.mkdir(mode=0o700, parents=True, exist_ok=True)
            self._file = os.open(self.path, os.O_RDWR | os.O_CREAT | os.O_APPEND | os.O_CLOEXEC, 0o600)
            fed = max((size for _, size in self._cursors.values()), default=None)
            if fed is not None and os.fstat(self._file).st_size > fed:
                # A worker died between a write and its cursor: those bytes will be fed again.
                os.ftruncate(self._file, fed)
        return self._file


def _punch(file: int, quota: int) -> None:
    from anyjob.worker.shim.quota import punch

    punch(file, quota)


def last_line(path: str | Path, encoding: str = "utf-8") -> str:
    """The last line that is not blank, of the last 64 KB. Empty when there is none, or no file."""
    try:
        file = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
    except FileNotFoundError:
        return ""
    try:
        size = os.fstat(file).st_size
        data = os.pread(file, min(size, _TAIL), max(0, size - _TAIL))
    finally:
        os.close(file)
    for line in reversed(data.replace(b"\r", b"\n").split(b"\n")):
        if line.strip(b" \t\0"):
            return line.decode(encoding, "replace").strip()
    return ""


def read_log(path: str | Path, offset: int, limit: int = 1 << 20) -> tuple[int, bytes]:
    """Up to `limit` bytes that stand at or after `offset`; also how many bytes before them the quota took away.

    Returns (missing, data): the next offset is `offset + missing + len(data)`. No data: nothing more is there yet.
    Raises FileNotFoundError.
    """
    file = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
    try:
        while True:
            gap = _gap(file)
            start, end = offset, os.fstat(file).st_size
            if gap is not None:
                if gap[0] <= offset:
                    start = max(offset, gap[1])
                else:
                    end = gap[0]
            data = os.pread(file, max(0, min(limit, end - start)), start)
            # The quota may have emptied these very bytes meanwhile: then they are not the job's.
            if _gap(file) == gap:
                return (start - offset, data) if data else (0, b"")
    finally:
        os.close(file)


def _gap(file: int) -> tuple[int, int] | None:
    """The bytes between which the quota emptied the log; None: it did not.

    The file system frees whole blocks and writes zeros up to their edges, so the zeros beside the hole belong to it.
    """
    size = os.fstat(file).st_size
    if not size:
        return None
    hole = os.lseek(file, 0, os.SEEK_HOLE)
    if hole >= size:
        return None
    try:
        behind = os.lseek(file, hole, os.SEEK_DATA)
    except OSError:  # nothing stands behind it
        behind = size
    before = os.pread(file, min(hole, _BLOCK), max(0, hole - _BLOCK))
    after = os.pread(file, _BLOCK, behind)
    return hole - (len(before) - len(before.rstrip(b"\0"))), behind + (len(after) - len(after.lstrip(b"\0")))
