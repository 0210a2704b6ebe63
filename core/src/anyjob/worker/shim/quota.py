"""Logs cannot hurt: a quota keeps a log's head and tail and gives its middle back to the disk. Offsets stay true."""

from __future__ import annotations

import os
from collections import deque

from . import kernel

TYPE_CHECKING = False
if TYPE_CHECKING:
    from .run import Run
    from .timers import Timers

_TICK = 0.2
"""Seconds between looks at logs that grow."""
_QUIET_TICKS = 5
_COLD_LOOKS = 32
"""Quiet logs looked at in one tick, in turn: thousands of sleepers must cost nothing."""
_SURGE = 32 << 20
"""Bytes of disk gone since the last full look, after which every log is looked at: one of the quiet ones has begun
to flood.
"""
_LAST_RESORT = 2 << 20
"""Bytes that a log keeps when the disk is nearly full."""
_FRESH = 0.05
"""Seconds for which the free space of a disk is believed."""


def punch(file: int, quota: int) -> tuple[int, int] | None:
    """Empty the middle of an open log so that `quota` bytes stay, half of them at its end.

    Returns the bytes between which it is empty now; None when the log is not longer than its quota. Raises OSError
    where the file system has no holes.
    """
    size = os.fstat(file).st_size
    if size <= quota:
        return None
    start, end = quota // 2, size - (quota - quota // 2)
    kernel.punch(file, start, end)
    return start, end


class _Watched:
    __slots__ = ("quiet", "run", "seen")

    def __init__(self, run: Run) -> None:
        self.run, self.seen, self.quiet = run, 0, 0


class LogWatch:
    """The logs of all live runs with a quota, and the disk under them. No quota alive, no ticks."""

    __slots__ = ("_all", "_cold", "_disk_at", "_disk_free", "_floor", "_hot", "_looked_free", "_ticking", "_timers")

    def __init__(self, timers: Timers, floor: int) -> None:
        """Below `floor` bytes free on the disk the largest logs lose their middles."""
        self._timers, self._floor = timers, floor
        self._all: dict[str, Run] = {}
        self._hot: dict[str, _Watched] = {}
        self._cold: deque[_Watched] = deque()
        self._ticking = False
        self._looked_free = 0
        self._disk_at, self._disk_free = -1.0, 0

    def add(self, run: Run) -> None:
        """A run has begun. Every one is known, for the day the disk is full; one with a quota is looked at."""
        self._all[run.name] = run
        if run.quota is not None:
            self._hot[run.name] = _Watched(run)
            if not self._ticking:
                self._ticking = True
                self._timers.set("quota", kernel.boottime() + _TICK, self._tick)

    def remove(self, run: Run) -> None:
        """A run has ended: apply its quota for good."""
        self._all.pop(run.name, None)
        self._hot.pop(run.name, None)
        if run.quota is not None and run.log_size > run.quota:
            _shorten(run, run.quota)
        if run.gap is not None:
            run.gap = (min(run.gap[0], run.log_size), min(run.gap[1], run.log_size))

    def no_room(self, path: str) -> str | None:
        """Why no run may write a log there, or None. Frees the middles of live logs before it says so."""
        now = kernel.boottime()
        if now - self._disk_at > _FRESH:
            try:
                self._disk_free = _free(os.path.dirname(path))
            except OSError:
                return None  # opening the log says what is wrong
            self._disk_at = now
        if self._disk_free >= self._floor:
            return None
        self._disk_free = self._sacrifice(os.path.dirname(path), self._disk_free)
        if self._disk_free >= self._floor:
            return None
        return f"{self._disk_free} bytes free under {os.path.dirname(path)}; no run starts below {self._floor}"

    def _tick(self) -> None:
        watched = [self._hot[name] for name in self._hot]
        free = self._free_now()
        if self._looked_free - free > _SURGE:
            watched += self._cold
            self._cold.clear()
            self._looked_free = free
        else:
            self._looked_free = max(free, self._looked_free)
            watched += [self._cold.popleft() for _ in range(min(_COLD_LOOKS, len(self._cold)))]
        for one in watched:
            if one.run.name in self._all:
                self._look(one)
        if 0 < free < self._floor and self._all:
            self._sacrifice(os.path.dirname(next(iter(self._all.values())).log), free)
        self._ticking = bool(self._hot or self._cold)
        if self._ticking:
            self._timers.set("quota", kernel.boottime() + _TICK, self._tick)

    def _free_now(self) -> int:
        run = next(iter(self._all.values()), None)
        try:
            return _free(os.path.dirname(run.log)) if run is not None else 0
        except OSError:
            return 0

    def _look(self, one: _Watched) -> None:
        run = one.run
        try:
            size = os.stat(run.log).st_size
        except OSError:
            size = 0
        one.quiet = 0 if size != one.seen else one.quiet + 1
        one.seen = size
        if one.quiet < _QUIET_TICKS:
            self._hot[run.name] = one
        else:
            self._hot.pop(run.name, None)
            self._cold.append(one)
        quota = run.quota or 0
        if size - (run.gap[1] if run.gap else 0) > 2 * quota:
            _shorten(run, quota)

    def _sacrifice(self, folder: str, free: int) -> int:
        """Take the middles of the largest live logs until there is room. Returns the bytes free then."""
        sizes: list[tuple[int, Run]] = []
        for run in self._all.values():
            try:
                blocks = os.stat(run.log).st_blocks * 512
            except OSError:
                continue
            if blocks > _LAST_RESORT:
                sizes.append((blocks, run))
        sizes.sort(key=lambda pair: pair[0], reverse=True)
        for blocks, run in sizes:
            if free >= self._floor:
                break
            run.note(
                "disk",
                f"{free} bytes free, below {self._floor}: the middle of the log, about {blocks} bytes, was given back",
            )
            _shorten(run, min(_LAST_RESORT, run.quota or _LAST_RESORT))
            free = _free(folder)
        return free


def _shorten(run: Run, quota: int) -> None:
    try:
        file = os.open(run.log, os.O_WRONLY | os.O_NOFOLLOW | os.O_CLOEXEC)
        try:
            gap = punch(file, quota)
        finally:
            os.close(file)
    except OSError as error:
        text = f"the quota of {quota} bytes could not be kept: {error}"
        if ("log", text) not in run.evidence:
            run.note("log", text)
        return
    if gap is not None:
        run.gap = gap if run.gap is None else (min(gap[0], run.gap[0]), max(gap[1], run.gap[1]))


def _free(folder: str) -> int:
    disk = os.statvfs(folder)
    return disk.f_bavail * disk.f_frsize
