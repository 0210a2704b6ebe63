"""A container's log as the API gives it, with a time before each line: told apart, counted, taken up where it was left.

The API can only be asked for what is younger than a second (`sinceTime`), and its lines are not quite in the order of
their times: stdout and stderr are stamped apart. But what it gives from one second on is the same at each time of
asking, in the same order. So a place in a log is a line's time, as a landmark, and how many lines stand behind it.

Source: Kubernetes API, Pod, read log, "sinceTime" and "timestamps".
"""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Final

__all__ = ["Place", "Stamped"]

_STAMP: Final = re.compile(rb"(\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d+)?(?:Z|[+-]\d\d:\d\d)) ")
_STAMPS: Final = re.compile(rb"^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d+)?(?:Z|[+-]\d\d:\d\d) ", re.MULTILINE)
_SECONDS: Final = re.compile(rb"^.{19}", re.MULTILINE)
_PARTS: Final = re.compile(rb"([^.Z+]*?\d\d:\d\d:\d\d)(?:\.(\d+))?(Z|[+-]\d\d:\d\d)")
_SECOND: Final = 19
"""Bytes of a time up to its seconds."""
_LONGEST_STAMP: Final = 40
_SAID_LIMIT: Final = 20
_EMPTY: Final = b""


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """How far a log is read: `lines` whole lines from the one with the time `mark` on, that one included, and `bytes`
    of the next. `last` is the youngest time of a line that was read."""

    mark: str
    lines: int
    bytes: int
    last: str

    def to_text(self) -> str:
        """As a log's cursor, which keeps texts."""
        return json.dumps([self.mark, self.lines, self.bytes, self.last], separators=(",", ":"))

    @classmethod
    def from_text(cls, said: str) -> Place:
        """What `to_text` gave."""
        mark, lines, size, last = json.loads(said)
        return cls(mark=mark, lines=lines, bytes=size, last=last)

    @property
    def since(self) -> str:
        """For `sinceTime`: a second earlier than the landmark, as lines near it may be out of order."""
        at = int(_moment(self.mark.encode())[0]) - 1
        return datetime.fromtimestamp(at, tz=UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


class Stamped:
    """Reads one answer of the log API, from the place that an earlier one was read to."""

    def __init__(self, place: Place | None) -> None:
        self._mark = place.mark.encode() if place else _EMPTY
        self._last = place.last.encode() if place else _EMPTY
        self._lines = place.lines if place else 0
        self._bytes = place.bytes if place else 0
        self._seeking = place is not None
        """The landmark has not come yet."""
        self._skip = 0
        """Whole lines that come once more."""
        self._skip_bytes = 0
        """Of the line that begins or goes on."""
        self._drop = False
        """The line that goes on was read before."""
        self._inside = False
        self._held = _EMPTY
        self.gap = False
        """Whether the landmark was no longer there: lines between may be lost."""
        self.said: list[str] = []
        """Lines without a time, which are the kubelet's own words."""

    @property
    def place(self) -> Place | None:
        """How far the log is read; None: nothing was."""
        if not self._mark:
            return None
        return Place(
            mark=self._mark.decode(), lines=self._lines, bytes=self._bytes, last=(self._last or self._mark).decode()
        )

    def feed(self, data: bytes) -> bytes:
        """What is new in the next bytes of the answer, without the times."""
        data, self._held = self._held + data, _EMPTY
        out: list[bytes] = []
        at = 0
        while at < len(data):
            if self._inside:
                end = data.find(b"\n", at) + 1
                out.append(self._go_on(data[at : end or len(data)]))
                at = end or len(data)
            elif (
                not self._behind and (last := data.rfind(b"\n", at)) >= 0 and (bulk := self._bulk(data[at : last + 1]))
            ):
                out.append(bulk)
                at = last + 1
            else:
                found = _STAMP.match(data, at)
                if found is not None:
                    self._begin(found[1])
                    at = found.end()
                    continue
                end = data.find(b"\n", at) + 1
                if not end and len(data) - at < _LONGEST_STAMP:
                    self._held = data[at:]
                    break
                self._strange(data[at : end or len(data)])
                at = end or len(data)
        return b"".join(out)

    @property
    def _behind(self) -> bool:
        return self._seeking or self._skip > 0 or self._skip_bytes > 0 or self._drop

    def _bulk(self, lines: bytes) -> bytes:
        """Whole lines at once. Empty: they are to be taken one by one."""
        count = lines.count(b"\n")
        payload, found = _STAMPS.subn(b"", lines)
        if found != count:
            return _EMPTY
        self._bytes = 0
        newest = max(_SECONDS.findall(lines))
        if newest <= self._mark[:_SECOND]:
            self._lines += count
        else:
            first = 0 if lines.startswith(newest) else lines.find(b"\n" + newest) + 1
            self._mark, self._lines = _stamp_at(lines, first), lines.count(b"\n", first)
        self._last = max(self._last, self._mark, _stamp_at(lines, lines.rfind(b"\n", 0, -1) + 1))
        return payload

    def _begin(self, stamp: bytes) -> None:
        """A line begins."""
        self._inside = True
        if self._seeking:
            if stamp == self._mark:
                self._seeking = False
                self._skip, self._skip_bytes = self._lines, self._bytes
            elif _moment(stamp) < _moment(self._mark):
                self._drop = True
                return
            elif _moment(stamp) > _moment(self._last):
                # The file that held the landmark was rotated away.
                self._seeking, self.gap = False, True
                self._mark, self._lines, self._bytes = _EMPTY, 0, 0
            else:
                self._drop = True
                return
        if self._skip:
            self._skip -= 1
            self._drop = True
            return
        if self._skip_bytes:
            return
        self._last = max(self._last, stamp)
        # Never back: then nothing that stands before the landmark is younger.
        if self._mark[:_SECOND] < stamp[:_SECOND]:
            self._mark, self._lines = stamp, 0
        self._bytes = 0

    def _go_on(self, data: bytes) -> bytes:
        """More of the line, perhaps its end."""
        over = data.endswith(b"\n")
        if self._drop:
            self._inside, self._drop = not over, not over
            return _EMPTY
        if self._skip_bytes:
            skipped = min(self._skip_bytes, len(data))
            self._skip_bytes -= skipped
            data = data[skipped:]
        self._bytes += len(data)
        if over:
            self._inside = False
            self._skip_bytes = 0
            self._lines += 1
            self._bytes = 0
        return data

    def _strange(self, line: bytes) -> None:
        if len(self.said) < _SAID_LIMIT:
            self.said.append(line[:500].decode("utf-8", "replace").strip())


def _stamp_at(lines: bytes, at: int) -> bytes:
    found = _STAMP.match(lines, at)
    assert found is not None
    return found[1]


def _moment(stamp: bytes) -> tuple[float, bytes]:
    """Comparable to the nanosecond."""
    found = _PARTS.fullmatch(stamp)
    assert found is not None
    return datetime.fromisoformat((found[1] + found[3]).decode()).timestamp(), (found[2] or b"").ljust(9, b"0")
