"""The logs of an instance's runs, piece by piece, for whoever follows them while they are written.

An addition of ours to GetLog: lines counted over several runs that all grow would move under the reader.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final, cast

from anyjob.worker.log import read_log
from anyjob_server.api.errors import WrongParameter
from anyjob_server.api.loglines import heading_of

__all__ = ["LogPiece", "log_piece"]

_BLOCK: Final = 64 << 10
"""Bytes read at one time; a longer line is cut into lines."""
_MOST_BYTES: Final = 1 << 20
"""Of one piece, about."""
_LARGEST: Final = 1 << 63


@dataclass(frozen=True, slots=True, kw_only=True)
class LogPiece:
    """Whole lines without their ends. `cursor` says where the next piece begins; `more`: it is there already."""

    lines: list[str]
    cursor: str
    more: bool


def log_piece(logs: Sequence[Path], cursor: str, most: int, encoding: str, *, several: bool, over: bool) -> LogPiece:
    """At most `most` lines that stand behind a cursor; an empty one is the start.

    `logs` are `runs/NAME/log` of all runs, the oldest first. `several`: of tasks, so each line begins with its task's
    number. A line of ours stands before those of a later attempt. A line that is not finished is given once the
    instance is `over`, or the line is too long to wait for. Reads files: not on the loop. Raises WrongParameter.
    """
    offsets, lines, size = _read_cursor(cursor), list[str](), 0
    for number, log in enumerate(logs):
        name = log.parent.name
        prefix = f"[{_task(name)}] " if several else ""
        if name not in offsets and (heading := heading_of(name)):
            lines.append(prefix + heading)
            offsets[name] = 0
            if len(lines) >= most:
                return LogPiece(lines=lines, cursor=_written(offsets), more=True)
        # A later attempt begins when the earlier one's log is whole.
        followed = any(_task(later.parent.name) == _task(name) for later in logs[number + 1 :])
        reader = _Reader(log, offsets.get(name, 0), over=over or followed)
        while (line := reader.next()) is not None:
            lines.append(prefix + line.decode(encoding, "replace"))
            offsets[name] = reader.offset
            size += len(line)
            if len(lines) >= most or size >= _MOST_BYTES:
                return LogPiece(lines=lines, cursor=_written(offsets), more=True)
    return LogPiece(lines=lines, cursor=_written(offsets), more=False)


class _Reader:
    """One log from an offset on. `offset` stands behind what `next` gave."""

    def __init__(self, log: Path, offset: int, *, over: bool) -> None:
        self._log, self.offset, self._over = log, offset, over
        self._ready = list[tuple[bytes, int]]()
        """Lines, the last first, each with how many bytes of the log it stands for."""

    def next(self) -> bytes | None:
        """The next line; None: there is none yet."""
        if not self._ready:
            self._ready = self._look()
        if not self._ready:
            return None
        line, size = self._ready.pop()
        self.offset += size
        return line

    def _look(self) -> list[tuple[bytes, int]]:
        missing, data = self._read(self.offset, _BLOCK)
        if missing:
            return [(b"(%d bytes are left out here: they are beyond the log quota)" % missing, missing)]
        whole, newline, rest = data.rpartition(b"\n")
        if newline:
            return [(line, len(line) + 1) for line in reversed(whole.split(b"\n"))]
        if rest and (len(rest) == _BLOCK or self._ends(self.offset + len(rest))):
            return [(rest, len(rest))]
        return []

    def _ends(self, offset: int) -> bool:
        """Whether what stands before the offset never goes on: it is the end, or the quota took what came."""
        missing, data = self._read(offset, 1)
        return bool(missing) or (self._over and not data)

    def _read(self, offset: int, limit: int) -> tuple[int, bytes]:
        try:
            return read_log(self._log, offset, limit)
        except FileNotFoundError:
            return 0, b""


def _task(run: str) -> str:
    """Of a run's name: `aj-INSTANCE-TASK-FENCE`."""
    return run.split("-")[2]


def _written(offsets: dict[str, int]) -> str:
    return json.dumps(offsets, separators=(",", ":"))


def _read_cursor(text: str) -> dict[str, int]:
    """Offsets by run."""
    try:
        read = cast("object", json.loads(text or "{}"))
    except (ValueError, RecursionError):
        read = None
    entries = cast("dict[str, object]", read) if isinstance(read, dict) else {"": None}
    if not all(isinstance(value, int) and 0 <= value < _LARGEST for value in entries.values()):
        raise WrongParameter("Cursor", text, "is none that GetLog gave; leave it empty to begin anew")
    return cast("dict[str, int]", entries)
