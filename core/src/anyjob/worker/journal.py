"""An append-only file of JSON lines that survives the death of its writer.

A line is in the page cache when `write` returns, so it outlives the process; a power loss ends every local run
anyway, and the boot id tells. A reader drops a torn last line.
"""

from __future__ import annotations

import json
import os
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any

from pydantic_core import PydanticSerializationError, to_json

from anyjob.errors import StateUnusable

__all__ = ["Journal", "JournalDamaged", "read_journal"]


class JournalDamaged(StateUnusable):
    """It holds a whole line that nobody of ours wrote: the disk did, or somebody's hand. `line` counts from 1."""

    def __init__(self, path: Path, line: int) -> None:
        self.path, self.line = path, line
        folder = path.parent
        remedy = (
            f"Move it away (mv {folder} {folder}.damaged) and start again: what ran there counts as lost then, and may"
            " still be going, so look for its processes before you run it again."
        )
        super().__init__(folder, f"{path.name} is damaged in line {line}", remedy)


def _encode(line: Mapping[str, Any]) -> bytes:
    try:
        return to_json(line) + b"\n"
    except PydanticSerializationError:
        # Half a surrogate pair, as in a file's name that is no Unicode: only the slow encoder can say it.
        return json.dumps(line).encode() + b"\n"


def read_journal(path: Path) -> Iterator[dict[str, Any]]:
    """Every whole line of the file, oldest first; nothing when there is no file. A torn last line is passed over.

    Raises JournalDamaged.
    """
    try:
        data = path.read_bytes()
    except FileNotFoundError:
        return
    whole, _, _torn = data.rpartition(b"\n")
    for number, line in enumerate(whole.split(b"\n"), 1):
        if line:
            try:
                yield json.loads(line)
            except ValueError:
                raise JournalDamaged(path, number) from None


class Journal:
    """The writing end. One process writes a journal."""

    def __init__(self, path: Path) -> None:
        """Opens for appending, after cutting off a torn last line. Raises OSError."""
        self.path = path
        self._file = os.open(path, os.O_RDWR | os.O_CREAT | os.O_APPEND | os.O_CLOEXEC, 0o600)
        self.size = _cut_torn(self._file)

    def write(self, line: Mapping[str, Any]) -> None:
        """Append one line; it outlives this process from here on. Raises OSError (no space left)."""
        data = _encode(line)
        done = os.write(self._file, data)
        self.size += done
        if done != len(data):
            # A short write is a torn line: the next one must not be glued to it.
            os.ftruncate(self._file, self.size - done)
            self.size -= done
            raise OSError(28, "No space left on device", str(self.path))

    def rewrite(self, lines: Iterable[Mapping[str, Any]]) -> None:
        """Replace the whole content, so that a crash leaves either the old or the new."""
        fresh = self.path.with_name(self.path.name + ".new")
        fresh.unlink(missing_ok=True)
        made = os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600)
        with os.fdopen(made, "wb") as file:
            for line in lines:
                file.write(_encode(line))
            file.flush()
            os.fsync(file.fileno())
        fresh.rename(self.path)
        os.close(self._file)
        self._file = os.open(self.path, os.O_RDWR | os.O_APPEND | os.O_CLOEXEC)
        self.size = os.fstat(self._file).st_size

    def close(self) -> None:
        """Nothing can be written from now on. What was written stays."""
        os.close(self._file)


def _cut_torn(file: int) -> int:
    size = os.fstat(file).st_size
    end = size
    while end:
        start = max(0, end - 65536)
        chunk = os.pread(file, end - start, start)
        at = chunk.rfind(b"\n")
        if at >= 0:
            end = start + at + 1
            break
        end = start
    if end != size:
        os.ftruncate(file, end)
    return end
