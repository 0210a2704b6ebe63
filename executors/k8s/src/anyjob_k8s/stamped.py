"""A container's log as the API gives it, with a time before each line: told apart, counted, taken up where it was left.

The API can only be asked for what is younger than a second (`sinceTime`), and its lines are not quite in the order of
their times: stdout and stderr are stamped apart. But what it gives from one second on is the same at each time of
asking, in the same order. So a place in a log is a line's time, as a landmark, and how many lines stand behind it.

A line of more than 16 KB is written in parts, each at a time of its own. The API shows that of the first; where that
part is older than was asked for, the rest comes without any.

Sources: Kubernetes API, Pod, read log, "sinceTime" and "timestamps"; Kubernetes source, cri-client, pkg/logs/logs.go.
"""

from __future__ import annotations

import re
from typing import Final

from anyjob_k8s.place import ENDING, Place
from anyjob_k8s.seek import Seek

__all__ = ["Stamped"]

_STAMP: Final = re.compile(rb"(\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d+)?(?:Z|[+-]\d\d:\d\d)) ")
_STAMPS: Final = re.compile(rb"^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d+)?(?:Z|[+-]\d\d:\d\d) ", re.MULTILINE)
_SECONDS: Final = re.compile(rb"^.{19}", re.MULTILINE)
_SECOND: Final = 19
"""Bytes of a time up to its seconds."""
_LONGEST_STAMP: Final = 40
_SAID_LIMIT: Final = 20
_EMPTY: Final = b""


class Stamped:
    """Reads one answer of the log API, from the place that an earlier one was read to."""

    def __init__(self, place: Place | None) -> None:
        self._mark = place.mark.encode() if place else _EMPTY
        self._lines = place.lines if place else 0
        self._bytes = place.bytes if place else 0
        self._last = place.last.encode() if place else _EMPTY
        self._newest = place.newest.encode() if place else _EMPTY
        self._same = place.same if place else 0
        self._over = place.over if place else True
        self._size = place.size if place and place.over else self._bytes
        self._ending = place.ending if place else _EMPTY
        self._found = place
        self._seek = Seek(place) if place else None
        """The place has not come yet."""
        self._skip = 0
        """Whole lines that come once more."""
        self._skip_bytes = 0
        """Of the line that begins or goes on."""
        self._amid = False
        """The line that comes after those is the newest one, which was not read to its end."""
        self._drop = False
        """The line that goes on was read before, or is none of the log's."""
        self._inside = False
        self._stamp = _EMPTY
        """Of a line that has begun, and of which nothing is read yet."""
        self._held = _EMPTY
        self.gap = False
        """Whether the place was no longer there: lines between may be lost."""
        self.repeated = False
        """Beside that: what comes first then, to the end of a line, may have been read before."""
        self.said: list[str] = []
        """Lines without a time, which are the kubelet's own words."""

    @property
    def place(self) -> Place | None:
        """How far the log is read; None: nothing was."""
        if not self._mark:
            return None
        return Place(
            mark=self._mark.decode(), lines=self._lines, bytes=self._bytes, last=(self._last or self._mark).decode(),
            newest=self._newest.decode(), same=self._same, over=self._over,
            size=self._size if self._over else 0, ending=self._ending if self._over else _EMPTY,
        )  # fmt: skip

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
                    out.append(self._begin(found[1]))
                    at = found.end()
                    continue
                end = data.find(b"\n", at) + 1
                if not end and len(data) - at < _LONGEST_STAMP:
                    self._held = data[at:]
                    break
                self._strange(data[at : end or len(data)])
                at = end or len(data)
        return b"".join(out)

    def end(self) -> bytes:
        """The answer came to its end: what is new of that which was held back, as it could have been read before."""
        if self._seek is None:
            return _EMPTY
        self._seek.end()
        return self._settle() if self._seek.over else _EMPTY

    @property
    def _behind(self) -> bool:
        return self._seek is not None or self._skip > 0 or self._skip_bytes > 0 or self._amid

    def _bulk(self, lines: bytes) -> bytes:
        """Whole lines at once. Empty: they are to be taken one by one."""
        count = lines.count(b"\n")
        payload, found = _STAMPS.subn(b"", lines)
        if found != count:
            return _EMPTY
        self._bytes = 0
        youngest = max(_SECONDS.findall(lines))
        if youngest <= self._mark[:_SECOND]:
            self._lines += count
        else:
            first = 0 if lines.startswith(youngest) else lines.find(b"\n" + youngest) + 1
            self._mark, self._lines = _stamp_at(lines, first), lines.count(b"\n", first)
        newest = lines.rfind(b"\n", 0, -1) + 1
        stamp = _stamp_at(lines, newest)
        same = lines.count(b"\n" + stamp + b" ") + lines.startswith(stamp + b" ")
        self._same, self._newest = same + (self._same if stamp == self._newest else 0), stamp
        self._over, self._size = True, len(lines) - newest - len(stamp) - 1
        self._ending = lines[max(len(lines) - self._size, len(lines) - ENDING) :]
        self._last = max(self._last, self._mark, stamp)
        return payload

    def _begin(self, stamp: bytes) -> bytes:
        """A line begins. What was held before it, if it is new."""
        self._inside = True
        if self._seek is not None:
            if self._seek.first:
                self.said.clear()
            self._seek.begin(stamp)
            if not self._seek.over:
                return _EMPTY
            if not self._seek.at:
                return self._settle()
            self._settle()
        if self._skip:
            self._skip -= 1
            self._drop = True
        elif self._amid:
            self._amid = False
        else:
            self._stamp = stamp
        return _EMPTY

    def _settle(self) -> bytes:
        """The place is found, or is no longer there."""
        seek, place = self._seek, self._found
        assert seek is not None
        assert place is not None
        self._seek = None
        if seek.at:
            self._skip_bytes, self._amid = place.bytes, not place.over
            if seek.at == place.mark.encode():
                self._skip = place.lines
            else:
                self._skip = place.same - (not place.over)
                self._mark, self._lines = seek.at, self._skip
            return _EMPTY
        self.gap, self.repeated = True, seek.repeated
        self._mark, self._lines, self._bytes = _EMPTY, 0, 0
        self._inside = False
        out: list[bytes] = []
        for stamp, text in seek.held:
            out.append(self._begin(stamp))
            if text:
                out.append(self._go_on(text))
        return b"".join(out)

    def _go_on(self, data: bytes) -> bytes:
        """More of the line, perhaps its end."""
        over = data.endswith(b"\n")
        if self._drop:
            self._inside, self._drop = not over, not over
            return _EMPTY
        if self._seek is not None:
            self._inside = not over
            self._seek.text(data)
            return self._settle() if self._seek.over else _EMPTY
        if self._skip_bytes:
            skipped = min(self._skip_bytes, len(data))
            self._skip_bytes -= skipped
            data = data[skipped:]
        if self._stamp:
            self._count(self._stamp)
            self._stamp = _EMPTY
        self._bytes += len(data)
        self._size += len(data)
        self._ending = (self._ending + data[-ENDING:])[-ENDING:]
        self._over = over
        if over:
            self._inside = False
            self._skip_bytes = 0
            self._lines += 1
            self._bytes = 0
        return data

    def _count(self, stamp: bytes) -> None:
        """A new line is the newest one."""
        self._last = max(self._last, stamp)
        # Never back: then nothing that stands before the landmark is younger.
        if self._mark[:_SECOND] < stamp[:_SECOND]:
            self._mark, self._lines = stamp, 0
        self._same = self._same + 1 if stamp == self._newest else 1
        self._newest, self._bytes, self._size, self._ending = stamp, 0, 0, _EMPTY

    def _strange(self, line: bytes) -> None:
        """Without a time: the rest of a line that is older than was asked for, if others follow; else words."""
        self._inside, self._drop = True, True
        if line.endswith(b"\n"):
            self._inside = self._drop = False
        if self._seek is not None and self._seek.first:
            self._seek.cut()
        if len(self.said) < _SAID_LIMIT:
            self.said.append(line[:500].decode("utf-8", "replace").strip())


def _stamp_at(lines: bytes, at: int) -> bytes:
    found = _STAMP.match(lines, at)
    assert found is not None
    return found[1]
