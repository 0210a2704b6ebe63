"""Lines of logs from either end, without reading more than is asked for."""

from __future__ import annotations

import os
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import chain
from pathlib import Path
from typing import Final

from anyjob.worker.log import read_log

__all__ = ["LogFile", "heading_of", "log_lines"]

_BLOCK: Final = 64 << 10
"""Bytes read at one time; a longer line is cut into lines."""
_MOST_READ: Final = 32 << 20
"""Bytes that one call looks through: a keyword that never comes must not keep a thread for minutes."""
_MOST_TOLD: Final = 2 << 20
_RUN: Final = re.compile(r"aj-[0-9a-f]+-[0-9]+-([0-9]+)")
_GAP: Final = b"(bytes are left out here: they are beyond the log quota)"


@dataclass(frozen=True, slots=True, kw_only=True)
class LogFile:
    """`runs/NAME/log` of one run. `prefix` stands before each of its lines, and a line of ours before those of a later
    attempt."""

    path: Path
    encoding: str
    prefix: str = ""


def log_lines(logs: Sequence[LogFile], *, reverse: bool, skip: int, most: int, keyword: str = "") -> list[str]:
    """`most` lines behind the first `skip`, of those that hold the keyword. `logs`: the oldest first.

    `reverse`: from the end of the last log, the newest line first. Controls that a terminal would act on stay in the
    text. Fewer lines where 32 MiB have been looked through, or 2 MiB been found. Reads files: not on the loop.
    """
    found: list[str] = []
    left, size = [_MOST_READ], 0
    for log in reversed(logs) if reverse else logs:
        wanted = keyword.encode(log.encoding, "replace")
        if left[0] <= 0:
            break  # of what is not looked at, nothing is said
        heading = [said.encode()] if (said := heading_of(log.path.parent.name)) else []
        lines = (_backward if reverse else _forward)(log.path, left, wanted)
        for line in chain(lines, heading) if reverse else chain(heading, lines):
            if wanted not in line:
                continue
            if skip:
                skip -= 1
                continue
            found.append(log.prefix + line.removesuffix(b"\r").decode(log.encoding, "replace"))
            size += len(line)
            if len(found) >= most or size >= _MOST_TOLD:
                return found
    return found


def heading_of(run: str) -> str:
    """What stands before the log of a run, by its name `aj-INSTANCE-TASK-FENCE`; nothing before a first attempt's."""
    named = _RUN.fullmatch(run)
    return "" if named is None or named[1] == "1" else f"[anyjob] attempt {named[1]}"


def _forward(path: Path, left: list[int], wanted: bytes) -> Iterator[bytes]:
    """The lines; of blocks without the wanted word not all. Takes from `left` what it reads."""
    at, rest = 0, b""
    while left[0] > 0:
        missing, data = _read(path, at, _BLOCK)
        if not data:
            break
        left[0] -= len(data)
        at += missing + len(data)
        if missing:
            if rest:
                yield rest
            yield _GAP
            rest = b""
        data = rest + data
        if wanted in data:
            *whole, rest = data.split(b"\n")
            yield from whole
        else:
            rest = data[data.rfind(b"\n") + 1 :]
        if len(rest) >= _BLOCK:
            yield rest
            rest = b""
    if rest:
        yield rest


def _backward(path: Path, left: list[int], wanted: bytes) -> Iterator[bytes]:
    """The same from the end."""
    try:
        end = os.stat(path).st_size
    except FileNotFoundError:
        return
    rest: bytes | None = None  # the end of a line whose beginning stands in front of it
    told = False
    while end > 0 and left[0] > 0:
        start = max(0, end - _BLOCK)
        for piece in reversed(_between(path, start, end)):
            left[0] -= len(piece)
            if piece:
                # What no line follows ends here, with its newline or without.
                data = piece.removesuffix(b"\n") if rest is None else piece + rest
                if wanted in data:
                    rest, *whole = data.split(b"\n")
                    yield from reversed(whole)
                else:
                    rest = data.partition(b"\n")[0]
                if len(rest) >= _BLOCK:
                    yield rest
                    rest = b""
            elif not told:
                told = True
                if rest:
                    yield rest
                rest = None
                yield _GAP
        end = start
    if rest is not None and end == 0:
        yield rest


def _between(path: Path, start: int, end: int) -> list[bytes]:
    """What stands between two offsets; an empty piece where the quota took something away."""
    pieces: list[bytes] = []
    while start < end:
        missing, data = _read(path, start, end - start)
        if missing:
            pieces.append(b"")
        start += missing
        data = data[: max(0, end - start)]
        if not data:
            break
        pieces.append(data)
        start += len(data)
    return pieces


def _read(path: Path, at: int, limit: int) -> tuple[int, bytes]:
    try:
        return read_log(path, at, limit)
    except FileNotFoundError:
        return 0, b""
