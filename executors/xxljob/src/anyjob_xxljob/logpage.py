"""The log of a run, as an executor's answer holds it: one JSON string that may be as long as the log.

Source: XXL-JOB, LogResult and XxlJobFileAppender.
"""

from __future__ import annotations

import codecs
import json
import re
from collections.abc import Callable
from typing import Final

from anyjob_xxljob.message import Answer, BadMessage, read_answer, sound

__all__ = ["LogPage", "Tail"]

_HEAD: Final = 65536
_BEGINS: Final = re.compile(r'"logContent"\s*:\s*"')
_CODE: Final = re.compile(r'"code"\s*:\s*(-?\d{1,9})')
_WHOLE: Final = re.compile(r'(?:[^"\\]+|\\u[0-9a-fA-F]{4}|\\[^u])*')
"""Up to the end of the string, or to an escape that is not whole yet."""
_HALF: Final = re.compile(r"\\u[dD][89abAB][0-9a-fA-F]{2}\Z")
_FRAME: Final = "<br>-----------"
"""How the executor's own lines mark their breaks for the vendor's web page."""


class LogPage:
    """Reads an answer to `/log` piece by piece, and hands the text on as it comes: memory does not grow with it."""

    def __init__(self, take: Callable[[bytes], bool]) -> None:
        """`take` gets the text in UTF-8, and says whether it wants more."""
        self._take = take
        self._decoder = codecs.getincrementaldecoder("utf-8")("replace")
        self._rest = ""
        self._within = self._over = False
        self._ok = True

    def feed(self, data: bytes) -> bool:
        """The next piece of the answer; False: the rest is not wanted."""
        self._rest += self._decoder.decode(data)
        if self._over:
            self._rest = ""
            return True
        if not self._within:
            found = _BEGINS.search(self._rest)
            if found is None:
                return len(self._rest) <= _HEAD
            code = _CODE.search(self._rest, 0, found.start())
            self._ok = code is None or code[1] == "200"
            self._rest, self._within = self._rest[found.end() :], True
        return self._text()

    def end(self) -> Answer:
        """The answer is whole. Raises BadMessage where it is none."""
        if not self._within:
            return read_answer(self._rest.encode("utf-8", "replace"))
        if not self._over:
            raise BadMessage("breaks off within the log")
        return Answer(200 if self._ok else 500, "")

    def _text(self) -> bool:
        found = _WHOLE.match(self._rest)
        assert found is not None
        cut = found.end()
        self._over = self._rest[cut : cut + 1] == '"'
        if not self._over and (half := _HALF.search(self._rest, max(0, cut - 6), cut)):
            cut = half.start()
        piece, self._rest = self._rest[:cut], self._rest[cut:]
        if not piece or not self._ok:
            return True
        try:
            text = json.loads(f'"{piece}"', strict=False)
        except ValueError as error:
            raise BadMessage(f"holds a log that is no JSON text: {error}") from None
        return self._take(sound(text).encode("utf-8", "replace"))


class Tail:
    """How far a log was read: a line, and how many of its bytes.

    The executor ends every line that it reads with a line end, also one that is still being written, so the last one of
    an answer is held back, and its line is asked for again.
    """

    def __init__(self, write: Callable[[bytes, str], None], most: int, cursor: str | None) -> None:
        """`write(data, cursor)` keeps both; `cursor` is what it last kept."""
        self._write, self._most = write, most
        self.line, self._column, self.size = _read(cursor)
        self._drop: int = 0
        self._held = b""

    @property
    def full(self) -> bool:
        """No more is taken."""
        return self.size >= self._most

    def begin(self) -> None:
        """A page begins, at the start of `line`."""
        self._drop, self._held = self._column, b""

    def take(self, data: bytes) -> bool:
        """The next bytes of the page. False: it is full."""
        data = (self._held + data).replace(_FRAME.encode(), b" " + _FRAME[4:].encode())
        cut = len(data) - _beginning(data)
        data, self._held = data[:cut], data[cut:]
        self._emit(data)
        return not self.full

    def end(self, *, last: bool) -> None:
        """The page is over; `last`: nothing more is being written."""
        if last and not self.full:
            held, self._held = self._held, b""
            self._emit(held)

    def _emit(self, data: bytes) -> None:
        dropped = min(self._drop, len(data))
        data, self._drop = data[dropped:], self._drop - dropped
        if not data or self.full:
            return
        data = data[: self._most - self.size]
        lines = data.count(b"\n")
        self.line += lines
        self._column = len(data) - data.rfind(b"\n") - 1 if lines else self._column + len(data)
        self.size += len(data)
        if self.full:
            data += f"\n[anyjob] the log has more than {self._most} bytes; the rest is not fetched\n".encode()
        self._write(data, f"{self.line}:{self._column}:{self.size}")


def _beginning(data: bytes) -> int:
    """How many bytes at the end may be the beginning of something: a frame, or the line end that the reader added."""
    if data.endswith(b"\n"):
        return 1
    frame = _FRAME.encode()
    return next((size for size in range(len(frame) - 1, 0, -1) if data.endswith(frame[:size])), 0)


def _read(cursor: str | None) -> tuple[int, int, int]:
    if cursor is None:
        return 1, 0, 0
    line, column, size = cursor.split(":")
    return int(line), int(column), int(size)
