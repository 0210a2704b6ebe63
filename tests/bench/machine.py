"""The machine that numbers are of, and how quiet it is."""

from __future__ import annotations

import os
import platform
import subprocess
import tempfile
import time
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

__all__ = ["Moment", "Quiet", "commit", "facts"]

_ROOT = Path(__file__).parents[2]
_LOOK = 0.5


def facts(state: Path | None = None) -> dict[str, str]:
    """What its size is; `state`: where the benchmarks have their folders."""
    pages = os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE")
    return {
        "Processors": f"{len(os.sched_getaffinity(0))}, {platform.machine()}",
        "Memory": f"{pages / 1e9:.1f} GB",
        "Kernel": f"{platform.system()} {platform.release().partition('-')[0]}",
        "Python": f"{platform.python_implementation()} {platform.python_version()}",
        "File system of the state": _file_system(state or Path(tempfile.gettempdir())),
    }


def _file_system(folder: Path) -> str:
    """Its type: that of the longest mount point above the folder, the last mounted of two."""
    found, kind = Path("/"), "unknown"
    for line in Path("/proc/self/mounts").read_text().splitlines():
        _, point, name, *_ = line.split()
        at = Path(point.encode().decode("unicode_escape"))
        if folder.resolve().is_relative_to(at) and len(at.parts) >= len(found.parts):
            found, kind = at, name
    return kind


def commit() -> str:
    """The commit of the tree, with a mark if something in it is not committed; empty where there is no git."""
    words = ["git", "-C", str(_ROOT), "describe", "--always", "--dirty=+", "--abbrev=7", "--exclude=*"]
    return subprocess.run(words, capture_output=True, text=True, check=False).stdout.strip()


@dataclass(frozen=True, slots=True)
class Quiet:
    """Load of the last minute, and what share of all processors others use while nothing of ours runs, per cent."""

    load: float
    others: float

    @classmethod
    def now(cls) -> Quiet:
        """Look for half a second."""
        before = _ticks()
        time.sleep(_LOOK)
        busy, whole = (after - one for after, one in zip(_ticks(), before, strict=True))
        return cls(os.getloadavg()[0], 100 * busy / max(whole, 1))


def _ticks() -> tuple[int, int]:
    """(busy, all) of all processors since the start."""
    fields = [int(word) for word in Path("/proc/stat").read_text().split("\n", 1)[0].split()[1:9]]
    return sum(fields) - fields[3] - fields[4], sum(fields)


@dataclass(frozen=True, slots=True)
class Moment:
    """When a row was measured, of which tree, and how quiet it was before and after."""

    at: datetime
    commit: str
    before: Quiet
    after: Quiet

    def __str__(self) -> str:
        load = f"load {self.before.load:.1f}-{self.after.load:.1f}"
        others = f"others {self.before.others:.0f}-{self.after.others:.0f} %"
        return f"{self.at.astimezone(UTC):%Y-%m-%d %H:%M}, {self.commit}, {load}, {others}"
