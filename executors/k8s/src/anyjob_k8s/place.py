"""How far a container's log is read, in words that outlive the worker."""

from __future__ import annotations

import base64
import json
import re
import sys
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Final

__all__ = ["ENDING", "Place", "moment"]

ENDING: Final = 24
"""Bytes of a line's end that are kept."""
_PARTS: Final = re.compile(rb"([^.Z+]*?\d\d:\d\d:\d\d)(?:\.(\d+))?(Z|[+-]\d\d:\d\d)")


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """`lines` whole lines are read from the one with the time `mark` on, that one included, and `bytes` of the next.

    `last` is the youngest time of a line that was read, `newest` the time of the one that stands furthest on in the
    log, `same` how many were read with that time. `over`: it was read to its end; then it had `size` bytes, and
    `ending` is how it ended. With these a line is told from the rest of one that was read, where the file that the
    others are in is rotated away.
    """

    mark: str
    lines: int
    bytes: int
    last: str
    newest: str
    same: int
    over: bool
    size: int
    ending: bytes

    def to_text(self, *, hide: bool = False) -> str:
        """As a log's cursor, which keeps texts. `hide`: without anything that stood in the log, as the lines of a run
        with secrets may hold them; after a rotation it is then said more often that a line may stand there twice."""
        ending = "" if hide else base64.b64encode(self.ending).decode()
        newest = [self.newest, self.same, int(self.over), self.size, ending]
        said = [self.mark, self.lines, self.bytes, self.last, *newest]
        return json.dumps(said, separators=(",", ":"))

    @classmethod
    def from_text(cls, said: str) -> Place:
        """What `to_text` gave; or a worker from before `newest`, of whose last line nothing is known."""
        mark, lines, size, last, *newer = json.loads(said)
        newest, same, over, length, ending = newer or ("", 0, not size, sys.maxsize, "")
        return cls(
            mark=mark, lines=lines, bytes=size, last=last,
            newest=newest, same=same, over=bool(over), size=length, ending=base64.b64decode(ending),
        )  # fmt: skip

    @property
    def since(self) -> str:
        """For `sinceTime`: a second earlier than the landmark, as lines near it may be out of order."""
        at = int(moment(self.mark.encode())[0]) - 1
        return datetime.fromtimestamp(at, tz=UTC).strftime("%Y-%m-%dT%H:%M:%SZ")

    def may_hold(self, line: bytes) -> bool:
        """Whether `line` can be how the newest line goes on and ends, and so was read, as a whole or in part."""
        if not self.over:
            return self.bytes > 0
        kept = min(len(line), len(self.ending))
        return len(line) < self.size and line[len(line) - kept :] == self.ending[len(self.ending) - kept :]


def moment(stamp: bytes) -> tuple[float, bytes]:
    """Comparable to the nanosecond."""
    found = _PARTS.fullmatch(stamp)
    assert found is not None
    return datetime.fromisoformat((found[1] + found[3]).decode()).timestamp(), (found[2] or b"").ljust(9, b"0")
