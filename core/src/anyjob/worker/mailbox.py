"""What was delivered to runs from outside: durable before it is acknowledged to the sender, replayed until the run
has taken it."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from anyjob.outcome import Json
from anyjob.worker.book import Write

__all__ = ["Delivery", "Mailbox"]


@dataclass(slots=True, kw_only=True)
class Delivery:
    """One event for one run. Implements `anyjob.run.Event`."""

    number: int
    key: str
    body: Json
    box: Mailbox
    run: str

    def done(self) -> None:
        """Taken: it is not replayed any more."""
        self.box.taken(self)


@dataclass(slots=True)
class _Box:
    keys: list[str] = field(default_factory=list[str])
    waiting: dict[int, Delivery] = field(default_factory=dict[int, Delivery])
    arrived: asyncio.Event | None = None


class Mailbox:
    """Keys, and what came for them. Implements `LedgerPart`."""

    kinds = frozenset({"listen", "event", "taken", "deaf"})

    def __init__(self) -> None:
        self.write: Write
        self._owner: dict[str, str] = {}
        self._boxes: dict[str, _Box] = {}
        self._next = 1

    def listen(self, run: str, key: str) -> None:
        """From now on, durably, whatever comes for `key` is the run's. The newest listener of a key wins."""
        if self._owner.get(key) != run:
            self._listen(run, key)
            self.write({"m": "listen", "run": run, "key": key})

    def deliver(self, key: str, body: Json) -> bool:
        """Keep `body` for whoever listens on `key`; durable on return. False: nobody does. The same body again is
        kept once."""
        run = self._owner.get(key)
        if run is None:
            return False
        if any(known.key == key and known.body == body for known in self._boxes[run].waiting.values()):
            return True
        number = self._next
        self.write({"m": "event", "run": run, "key": key, "n": number, "body": body})
        self._keep(run, key, number, body)
        return True

    async def events(self, run: str) -> AsyncIterator[Delivery]:
        """What waits for the run, then what comes. Ends only by cancellation."""
        box = self._boxes.setdefault(run, _Box())
        seen = 0
        while True:
            fresh = [one for number, one in sorted(box.waiting.items()) if number > seen]
            for one in fresh:
                seen = one.number
                yield one
            if not fresh:
                box.arrived = asyncio.Event()
                await box.arrived.wait()

    def taken(self, one: Delivery) -> None:
        """The run has acknowledged it: durable on return. Nothing happens the second time. Raises OSError."""
        box = self._boxes.get(one.run)
        if box is not None and box.waiting.pop(one.number, None) is not None:
            self.write({"m": "taken", "run": one.run, "n": one.number})

    def forget(self, run: str) -> None:
        """The run has ended; its keys are nobody's."""
        if self._drop(run):
            self.write({"m": "deaf", "run": run})

    def _listen(self, run: str, key: str) -> None:
        self._owner[key] = run
        self._boxes.setdefault(run, _Box()).keys.append(key)

    def _keep(self, run: str, key: str, number: int, body: Json) -> None:
        box = self._boxes.setdefault(run, _Box())
        box.waiting[number] = Delivery(number=number, key=key, body=body, box=self, run=run)
        self._next = max(self._next, number + 1)
        if box.arrived is not None:
            box.arrived.set()

    def _drop(self, run: str) -> bool:
        box = self._boxes.pop(run, None)
        for key in () if box is None else box.keys:
            if self._owner.get(key) == run:
                del self._owner[key]
        return box is not None and bool(box.keys)

    def replay(self, line: Mapping[str, Any]) -> None:
        run = line["run"]
        match line["m"]:
            case "listen":
                self._listen(run, line["key"])
            case "event":
                self._keep(run, line["key"], line["n"], line["body"])
            case "taken":
                if run in self._boxes:
                    self._boxes[run].waiting.pop(line["n"], None)
            case _:
                self._drop(run)

    def lines(self) -> Iterable[Mapping[str, Any]]:
        for key, run in self._owner.items():
            yield {"m": "listen", "run": run, "key": key}
        for run, box in self._boxes.items():
            for one in box.waiting.values():
                yield {"m": "event", "run": run, "key": one.key, "n": one.number, "body": one.body}
