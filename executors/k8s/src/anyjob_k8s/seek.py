"""Finds a place again in a later answer of the log API, or learns that it was rotated away.

The API gives the newest file alone. Where the landmark is in it, lines are counted from there; where only the newest
line is, the log goes on behind that. Where neither is, this file began after all that was read, and:

- What stood between was lost to everybody, if there was anything. Nothing tells.
- The file may begin within a line, whose rest is then shown as a line with a time of its own. Of a line that was read
  in one stream, over the rotation, that rest was read as well, and nobody was told its time. So the first line of the
  file may stand in the log already, where it is how the newest line ended.
"""

from __future__ import annotations

from typing import Final

from anyjob_k8s.place import Place, moment

__all__ = ["Seek"]

_APART: Final = 1.0
"""Seconds by which lines may be out of the order of their times, at most: stdout and stderr are stamped apart."""
_HELD: Final = 1 << 20
"""Bytes that are held while nothing is known: usually of lines that are older than the landmark. More is dropped, the
oldest first; if it had been new after all, that lines may be missing is said anyhow."""


class Seek:
    """Takes an answer line by line, until `over`. What may be new is in `held` then."""

    def __init__(self, place: Place) -> None:
        self._place = place
        self._mark, self._newest = place.mark.encode(), place.newest.encode()
        self._last = moment(place.last.encode())
        self.first = True
        """No line has begun yet."""
        self._cut = False
        self._head = False
        """The first of `held` is the first line of the answer."""
        self._size = 0
        self._dropped = False
        """Something was; so was the line that goes on, if `held` is empty."""
        self.at = b""
        """The line that was found: the landmark or the newest one. Empty: neither is there."""
        self.lost = False
        """It is rotated away."""
        self.repeated = False
        """What `held` begins with was perhaps read before."""
        self.over = False
        self.held: list[tuple[bytes, bytes]] = []
        """Lines, each with its time; the last may not have its end yet."""

    def cut(self) -> None:
        """The answer begins with the rest of a line, whose beginning is older than was asked for."""
        self._cut = True

    def begin(self, stamp: bytes) -> None:
        """A line begins."""
        head, self.first = self.first and not self._cut, False
        if stamp in (self._mark, self._newest):
            self.at, self.over = stamp, True
            self.held.clear()
            return
        self._head = self._head or head
        self.held.append((stamp, b""))
        at, fraction = moment(stamp)
        # The rest of a line has a time that nobody was told: the first line alone may have been read and be younger.
        if (at - _APART, fraction) > self._last if head else (at, fraction) > self._last:
            self.lost = True
            self._judge()

    def text(self, data: bytes) -> None:
        """More of the line, perhaps its end."""
        if not self.held:
            return
        stamp, before = self.held[-1]
        self.held[-1] = stamp, before + data
        self._size += len(data)
        if self.lost:
            self._judge()
            return
        while self._size > _HELD:
            self._size -= len(self.held.pop(0)[1])
            self._head, self._dropped = False, True

    def end(self) -> None:
        """The answer is over."""
        if not self.over and (self.held or self._dropped):
            self.lost = self.over = True
            self.repeated = self._head and self._place.may_hold(self.held[0][1])

    def _judge(self) -> None:
        """Once enough is known of the first line."""
        line = self.held[0][1]
        known = line.endswith(b"\n") or len(line) >= self._place.size or len(line) > _HELD
        if not self._head or not self._place.over:
            self.repeated = self._head and self._place.may_hold(line)
            self.over = True
        elif known:
            self.repeated = self._place.may_hold(line) if line.endswith(b"\n") else len(line) < self._place.size
            self.over = True
