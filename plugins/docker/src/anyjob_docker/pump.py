"""From the log that a container writes into the run's log: what was fed is freed, so that the disk holds it once."""

from __future__ import annotations

import asyncio
import logging
import os
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from anyjob.hole import punch_hole

if TYPE_CHECKING:
    from anyjob.run import Run

__all__ = ["SOURCE", "Pump"]

SOURCE: Final = "container"
"""Under which name the cursor of the log is kept: bytes of the container's own file."""

_log = logging.getLogger(__name__)

_EVERY: Final = 0.05
_AGAIN: Final = 1.0
_A_TICK: Final = 64
"""Logs looked at in one tick: thousands of sleeping runs must cost nothing."""
_CHUNK: Final = 1 << 18
_CHUNKS: Final = 16
"""Chunks of one log in one tick: a flood must not keep the others waiting."""
_FREED: Final = 1 << 20
_BLOCK: Final = 1 << 16


@dataclass(slots=True)
class _Tail:
    run: Run
    path: str
    read: int
    freed: int = 0


class Pump:
    """Looks at the logs of the runs that are going, in turn."""

    def __init__(self) -> None:
        self._all: dict[str, _Tail] = {}
        self._timer: asyncio.TimerHandle | None = None

    def add(self, run: Run, path: str) -> None:
        """Begin, or go on where this or an earlier worker has come to."""
        said = run.log.cursor(SOURCE)
        self._all[run.name] = _Tail(run, path, int(said) if said and said.isdigit() else 0)
        self._arm()

    def drop(self, name: str) -> None:
        """Look no more; the next `add` goes on."""
        self._all.pop(name, None)

    async def drain(self, name: str) -> None:
        """Nobody writes any more: read to the end."""
        tail = self._all.get(name)
        while tail is not None:
            try:
                if not self._look(tail):
                    break
                await asyncio.sleep(0)
            except OSError as error:
                _log.warning("%s: its log cannot be written, trying again: %s", name, error)
                await asyncio.sleep(_AGAIN)
        self.drop(name)

    def close(self) -> None:
        """Look at nothing more."""
        self._all.clear()
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None

    def _arm(self) -> None:
        if self._timer is None and self._all:
            self._timer = asyncio.get_running_loop().call_later(_EVERY, self._tick)

    def _tick(self) -> None:
        self._timer = None
        for name in list(self._all)[:_A_TICK]:
            tail = self._all.pop(name)
            self._all[name] = tail  # behind all others
            try:
                self._look(tail)
            except OSError as error:
                _log.warning("%s: its log cannot be written, trying again: %s", name, error)
        self._arm()

    def _look(self, tail: _Tail) -> bool:
        """Feed what is new, up to some megabytes. Whether there may be more."""
        try:
            size = os.lstat(tail.path).st_size
            if size == tail.read:
                return False
            file = os.open(tail.path, os.O_RDWR | os.O_CLOEXEC | os.O_NOFOLLOW | os.O_NONBLOCK)
        except OSError:  # not there yet, or taken away by the job itself
            return False
        try:
            if size < tail.read:  # the job has emptied it
                tail.read = tail.freed = size
            for _ in range(_CHUNKS):
                data = _read(file, tail.read)
                if not data:
                    return False
                # On a full disk this raises, and nothing is counted as read: the run waits, and loses nothing.
                tail.run.log.feed(data, SOURCE, str(tail.read + len(data)))
                tail.read += len(data)
                self._free(file, tail)
            return True
        finally:
            os.close(file)

    def _free(self, file: int, tail: _Tail) -> None:
        """Give back what stands in the run's log for good."""
        kept = tail.run.log.kept(SOURCE)
        upto = int(kept) // _BLOCK * _BLOCK if kept and kept.isdigit() else 0
        if upto - tail.freed >= _FREED:
            try:
                punch_hole(file, tail.freed, upto)
            except OSError:
                pass  # no holes on this file system: it holds the log twice
            tail.freed = upto


def _read(file: int, at: int) -> bytes:
    try:
        return os.pread(file, _CHUNK, at)
    except OSError:  # no regular file
        return b""
