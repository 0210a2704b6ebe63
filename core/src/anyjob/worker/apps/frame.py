"""Bytes of a stream as lines."""

from __future__ import annotations

from typing import Final

__all__ = ["HELLO_LIMIT", "LINE_LIMIT", "LineOverflow", "Lines"]

LINE_LIMIT: Final = 16 << 20
"""Bytes that a line may have without its end, in both directions."""
HELLO_LIMIT: Final = 1 << 20
"""Bytes of the first line of somebody who has not yet said who it is."""


class LineOverflow(Exception):
    """A line is longer than `limit` bytes; where it ends is not known."""

    def __init__(self, limit: int) -> None:
        self.limit = limit
        super().__init__(limit)


class Lines:
    """Takes bytes as they come and gives the lines that are whole, each without its `\\n` and a `\\r` before it.

    Never holds more than `limit` bytes and what was fed last.
    """

    __slots__ = ("_parts", "_size", "limit")

    def __init__(self, limit: int = LINE_LIMIT) -> None:
        self.limit = limit
        self._parts: list[bytes] = []
        self._size = 0

    def feed(self, data: bytes) -> list[bytes]:
        """The lines that `data` completes. Raises LineOverflow; nothing can be read from the stream then."""
        *whole, rest = data.split(b"\n")
        lines: list[bytes] = []
        for piece in whole:
            self._take(piece)
            lines.append(b"".join(self._parts).removesuffix(b"\r"))
            self._parts, self._size = [], 0
        self._take(rest)
        return lines

    def _take(self, piece: bytes) -> None:
        self._size += len(piece)
        if self._size > self.limit:
            raise LineOverflow(self.limit)
        if piece:
            self._parts.append(piece)
