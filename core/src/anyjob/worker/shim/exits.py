"""How processes ended, written down before they are reaped: whoever dies then, the status is not lost.

Source: Linux man-pages, waitid(2), WNOWAIT.
"""

from __future__ import annotations

import json
import os
import time

from . import frames, journal, kernel, process
from .complaint import complain

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

_PREFIX = "keeper-"
_KEPT = 2 << 20
"""Bytes at the end of a file that stay: thousands of ends, where those count that the shim has not taken up yet."""


def new_file(folder: str) -> str:
    """The file of one keeper. Each has its own, so that a file is either written or may be removed."""
    return f"{folder}/{_PREFIX}{time.time_ns()}.jsonl"


def files(folder: str) -> list[str]:
    """The files of all keepers of a folder."""
    return [f"{folder}/{name}" for name in os.listdir(folder) if name.startswith(_PREFIX)]


def raw_status(code: int, status: int) -> int:
    """The wait status that the two numbers of waitid mean."""
    if code == os.CLD_EXITED:
        return status << 8
    return status | (0x80 if code == os.CLD_DUMPED else 0)


def note(path: str, pid: int, status: int) -> None:
    """Write down how a zombie ended. Only leaders of sessions: every run and redactor is one, and few others."""
    facts = process.facts(pid)
    if facts is None or facts.session != pid:
        return
    line = {"pid": pid, "start": facts.start, "status": status, "group": process.group_of(pid), "at": time.time()}
    try:
        fd = _open(path)
        try:
            os.write(fd, json.dumps(line, separators=(",", ":")).encode() + b"\n")
        finally:
            os.close(fd)
    except OSError as error:
        complain(f"status {status} of process {pid} is lost: {error}")


def _open(path: str) -> int:
    return os.open(path, os.O_WRONLY | os.O_CREAT | os.O_APPEND | os.O_CLOEXEC, 0o600)


class Notes:
    """The same for whoever has started what it reaps, outside of all groups, and reaps much."""

    __slots__ = ("_fd", "_path")

    def __init__(self, path: str) -> None:
        self._path, self._fd = path, -1

    def add(self, pid: int, start: int, status: int, mark: str) -> None:
        """Write down how a leader of a session ended that is not reaped yet. `mark`: the run's."""
        facts = pid, start, status, frames.encode_text(mark), time.time()
        try:
            self._write(b'{"pid":%d,"start":%d,"status":%d,"group":null,"mark":%b,"at":%.3f}\n' % facts)
        except OSError as error:
            complain(f"status {status} of process {pid} is lost: {error}")

    def leave(self, pid: int, start: int, mark: str) -> None:
        """Write down whose leader of a session this is, or that it is no run's (an empty mark): how it ends is written
        down by the keeper, which cannot tell."""
        try:
            self._write(b'{"pid":%d,"start":%d,"group":null,"mark":%b}\n' % (pid, start, frames.encode_text(mark)))
        except OSError as error:
            complain(f"that process {pid} is {mark} is lost: {error}")

    def _write(self, line: bytes) -> None:
        if self._fd < 0:
            self._fd = _open(self._path)
        os.write(self._fd, line)


class Exits:
    """All that is written down in a folder, by whichever keeper. Reads only what has come since the last look."""

    __slots__ = ("_folder", "_known", "_marks", "_offsets", "_own")

    def __init__(self, folder: str, own: str) -> None:
        """`own`: the file of the keeper above."""
        self._folder, self._own = folder, own
        self._known: dict[tuple[int, int], dict[str, Any]] = {}
        self._marks: dict[tuple[int, int], str] = {}
        """Whose leaders went on when their spawner left."""
        self._offsets: dict[str, int] = {}

    def find(self, pid: int, start: int) -> int | None:
        """The raw wait status of this process; None when nobody has written it down yet."""
        line = self._known.get((pid, start))
        if line is None:
            line = self.lines().get((pid, start))
        return None if line is None else line["status"]

    def trim(self) -> None:
        """Give back the beginning of a long file of this shim's keeper: of all but the last ends the journal tells."""
        try:
            fd = os.open(self._own, os.O_RDWR | os.O_CLOEXEC)
        except OSError:
            return  # nobody has written yet
        try:
            size = os.fstat(fd).st_size
            if size > 2 * _KEPT:
                kernel.punch(fd, 0, size - _KEPT)
        except OSError as error:
            complain(f"{self._own} keeps growing: {os.strerror(error.errno or 0)}")
        finally:
            os.close(fd)

    def left(self, mark: str) -> tuple[int, int] | None:
        """The leader, by pid and start time, that a spawner has left behind under this mark and that goes on."""
        self.lines()
        return next((who for who, known in self._marks.items() if known == mark), None)

    def foreign(self, pid: int, start: int, mark: str) -> bool:
        """Whether it is written down that this process is none of the run with this mark."""
        return self._marks.get((pid, start), mark) != mark

    def lines(self) -> dict[tuple[int, int], dict[str, Any]]:
        """How every process ended of which that is known, by pid and start time."""
        for path in files(self._folder):
            lines, self._offsets[path] = journal.read_on(path, self._offsets.get(path, 0))
            for line in lines:
                who = line["pid"], line["start"]
                if "status" not in line:
                    self._marks[who] = line["mark"]
                    continue
                if (mark := self._marks.pop(who, None)) is not None:
                    line["mark"] = mark
                self._known[who] = line
        return self._known
