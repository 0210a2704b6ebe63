"""Numbers that are given once: durable counters of executors."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from anyjob.worker.book import Write

__all__ = ["CounterOf", "Counters"]


class Counters:
    """All counters of a worker. Implements `LedgerPart`."""

    kinds = frozenset({"count"})

    def __init__(self) -> None:
        self.write: Write
        self._last: dict[tuple[str, str], int] = {}

    def next(self, owner: str, counter: str) -> int:
        """The next number, from 1; durable before it is given."""
        number = self._last.get((owner, counter), 0) + 1
        self.write({"m": "count", "who": owner, "what": counter, "n": number})
        self._last[owner, counter] = number
        return number

    def replay(self, line: Mapping[str, Any]) -> None:
        self._last[line["who"], line["what"]] = line["n"]

    def lines(self) -> Iterable[Mapping[str, Any]]:
        for (who, what), number in self._last.items():
            yield {"m": "count", "who": who, "what": what, "n": number}


class CounterOf:
    """One executor's counters. Implements `anyjob.executor.State`."""

    def __init__(self, counters: Counters, owner: str) -> None:
        self._counters, self._owner = counters, owner

    def next(self, counter: str) -> int:
        return self._counters.next(self._owner, counter)
