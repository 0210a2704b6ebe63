"""Progress that jobs write into a file: lines of "done total", the last one counts."""

from __future__ import annotations

import asyncio
import os
from collections import OrderedDict
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from anyjob.run import RunFacts

__all__ = ["ProgressReader"]

_EVERY = 0.5
_A_TICK = 64
"""Files looked at in one tick: thousands of sleeping runs must cost nothing."""

_TAIL = 256


class ProgressReader:
    """Looks at the progress files of the runs that are going, in turn."""

    def __init__(self) -> None:
        self._runs: OrderedDict[str, tuple[RunFacts, str, int]] = OrderedDict()
        self._timer: asyncio.TimerHandle | None = None

    def add(self, run: RunFacts, path: str) -> None:
        """Begin to look at `path` for the run. Called on the worker's loop, as all of this."""
        self._runs[run.name] = (run, path, 0)
        if self._timer is None:
            self._timer = asyncio.get_running_loop().call_later(_EVERY, self._tick)

    def drop(self, run: RunFacts) -> None:
        """The run is over: look once more, then never again."""
        entry = self._runs.pop(run.name, None)
        if entry is not None:
            self._look(*entry)

    def close(self) -> None:
        """Look at none any more; the runs go on."""
        self._runs.clear()
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None

    def _tick(self) -> None:
        self._timer = None
        for _ in range(min(_A_TICK, len(self._runs))):
            name, (face, path, size) = self._runs.popitem(last=False)
            self._runs[name] = (face, path, self._look(face, path, size))
        if self._runs:
            self._timer = asyncio.get_running_loop().call_later(_EVERY, self._tick)

    def _look(self, face: RunFacts, path: str, size: int) -> int:
        try:
            now = os.lstat(path).st_size
            if now == size:
                return size
            file = os.open(path, os.O_RDONLY | os.O_CLOEXEC | os.O_NOFOLLOW | os.O_NONBLOCK)
        except OSError:  # not written yet, or taken away again
            return size
        try:
            data = os.pread(file, _TAIL, max(0, now - _TAIL))
        except OSError:  # no regular file
            return now
        finally:
            os.close(file)
        whole = data.rpartition(b"\n")[0].rpartition(b"\n")[2].split()
        if len(whole) == 2 and all(word.isdigit() and len(word) < 19 for word in whole):
            face.progress(int(whole[0]), int(whole[1]))
        return now
