"""Output that only the engine has: for containers without the entry helper.

Source: Docker Engine API, ContainerLogs.
"""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from anyjob_docker.ends import epoch
from anyjob_docker.trouble import EngineAway, EngineRefused

if TYPE_CHECKING:
    from anyjob.run import Run
    from anyjob_docker.engine import Engine

__all__ = ["SOURCE", "EngineLogs"]

_log = logging.getLogger(__name__)

SOURCE: Final = "engine"
"""Under which name the cursor is kept: the time of the last message, and how many of that time were read."""

_EVERY: Final = 1.0
_SHARE: Final = 20
"""A look that took long is followed by a pause so many times as long: the engine reads its log from the beginning."""
_TRIES: Final = 60
_BATCH: Final = 1 << 18


@dataclass(slots=True)
class _Tail:
    run: Run
    engine: Engine
    ident: str
    time: str
    count: int
    busy: asyncio.Lock
    task: asyncio.Task[None] | None = None


class EngineLogs:
    """Asks the engine for what is new, in turn. A message is one line, or 16 KB of one."""

    def __init__(self) -> None:
        self._all: dict[str, _Tail] = {}

    def add(self, run: Run, engine: Engine, ident: str) -> None:
        """Begin, or go on where this or an earlier worker has come to."""
        said, _, count = (run.log.cursor(SOURCE) or "").partition(" ")
        tail = _Tail(run, engine, ident, said, int(count) if count.isdigit() else 0, asyncio.Lock())
        self._all[run.name] = tail
        tail.task = asyncio.get_running_loop().create_task(self._follow(tail))

    def drop(self, name: str) -> None:
        """Read nothing more of that run."""
        tail = self._all.pop(name, None)
        if tail is not None and tail.task is not None:
            tail.task.cancel()

    async def drain(self, name: str) -> None:
        """The container has ended: read to the end. An engine that is away is waited for, for a minute."""
        tail = self._all.get(name)
        if tail is None:
            return
        for _ in range(_TRIES):
            if await self._look(tail):
                break
            await asyncio.sleep(_EVERY)
        self.drop(name)

    def close(self) -> None:
        """Read nothing more."""
        for name in list(self._all):
            self.drop(name)

    async def _follow(self, tail: _Tail) -> None:
        while True:
            began = time.monotonic()
            await self._look(tail)
            await asyncio.sleep(max(_EVERY, _SHARE * (time.monotonic() - began)))

    async def _look(self, tail: _Tail) -> bool:
        """Feed what is new. False: it could not be had."""
        async with tail.busy:
            try:
                batches = self._batches(tail)
                while (batch := await tail.engine.ask(lambda: next(batches, None))) is not None:
                    data, last, count = batch
                    tail.run.log.feed(data, SOURCE, f"{last} {count}")
                    tail.time, tail.count = last, count
            except EngineRefused as refused:
                return refused.status == 404  # with its container the log is gone
            except (EngineAway, OSError) as error:
                _log.warning("%s: its output cannot be had, trying again: %s", tail.run.name, error)
                return False
            return True

    def _batches(self, tail: _Tail) -> Iterator[tuple[bytes, str, int]]:
        """New output in parts, each with the time of its last message and how many of that time were read."""
        since = (epoch(tail.time) or 0.0) if tail.time else 0.0
        said, count, skip = tail.time, 0, tail.count
        parts: list[bytes] = []
        size = 0
        # A little earlier: a float does not hold nanoseconds, and what was read is told by its own time.
        for frame in tail.engine.client.logs(tail.ident, max(0.0, since - 0.001)):
            at, _, text = frame.partition(b" ")
            stamp = at.decode("ascii", "replace")
            if tail.time and stamp < tail.time:
                continue
            if stamp == tail.time and skip > 0:
                skip -= 1
                count += 1
                continue
            count = count + 1 if stamp == said else 1
            said = stamp
            parts.append(text)
            size += len(text)
            if size >= _BATCH:
                yield b"".join(parts), said, count
                parts, size = [], 0
        if parts:
            yield b"".join(parts), said, count
