"""Who was refused lately: a run that finds no application tells of it, as the worker's log is not its author's to
read."""

from __future__ import annotations

import time
from collections import OrderedDict
from collections.abc import Iterator
from typing import Final

from anyjob.problem import short

__all__ = ["Refusals"]

_LATELY: Final = 60.0
"""Seconds. One that was refused dials again after 10 s, so that it stays in sight."""
_KEPT: Final = 32
_TOLD: Final = 3
_WHY: Final = 300


class Refusals:
    """A few, however many dial in. Nothing of a token is in `why`."""

    def __init__(self) -> None:
        self._last: OrderedDict[tuple[str | None, str, str], float] = OrderedDict()

    def add(self, group: str | None, address: str, why: str) -> None:
        """One from `address` was refused. `group`: whose token it had; None: nobody's."""
        host = address.removeprefix("tcp:").rpartition(":")[0] if address.startswith("tcp:") else address
        key = group, host, short(why, _WHY)
        self._last.pop(key, None)
        self._last[key] = time.monotonic()
        while len(self._last) > _KEPT:
            self._last.popitem(last=False)

    def told(self, group: str | None) -> Iterator[str]:
        """The newest that may have been meant for the group, a sentence each."""
        now, told = time.monotonic(), 0
        for (whose, host, why), at in reversed(self._last.items()):
            if now - at > _LATELY or told == _TOLD:
                return
            if whose is None or group is None or whose == group:
                told += 1
                yield f"one dialled in from {host} and was refused: {why}"
