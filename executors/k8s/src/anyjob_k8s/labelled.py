"""Whose lines stand in a log that several containers share."""

from __future__ import annotations

from typing import Final

__all__ = ["Labelled"]

_LINE_LIMIT: Final = 65536
_TAIL: Final = 16384


class Labelled:
    """Puts `label` before each line, and gives only whole ones, so that nobody else's bytes come between.

    A line of more than 64 KB comes in pieces. Without a label everything passes at once.
    """

    __slots__ = ("_held", "_tail", "label")

    def __init__(self, label: str) -> None:
        self.label = label
        self._held = b""
        self._tail = b""

    @property
    def held(self) -> int:
        """Bytes of a line that has no end yet."""
        return len(self._held)

    @property
    def tail(self) -> bytes:
        """The last bytes that passed, without labels; kept only with a label."""
        return self._tail + self._held

    def feed(self, data: bytes) -> bytes:
        """What can be shown by now; of an unfinished line nothing."""
        if not self.label:
            return data
        data = self._held + data
        end = data.rfind(b"\n") + 1
        whole, self._held = data[:end], data[end:]
        out = [self._put(line) for line in whole.split(b"\n")[:-1]]
        while len(self._held) > _LINE_LIMIT:
            piece, self._held = self._held[:_LINE_LIMIT], self._held[_LINE_LIMIT:]
            out.append(self._put(piece))
        if whole:
            self._tail = (self._tail + whole)[-_TAIL:]
        return b"".join(out)

    def end(self) -> bytes:
        """What is left: the log's last line has no end."""
        left, self._held = self._held, b""
        self._tail = (self._tail + left)[-_TAIL:]
        return self._put(left) if left else b""

    def forget(self) -> None:
        """The line that is held will come again."""
        self._held = b""

    def _put(self, line: bytes) -> bytes:
        return b"[" + self.label.encode() + b"] " + line + b"\n"
