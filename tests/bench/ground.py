"""The ground a benchmark stands on: folders on a disk, the processes that serve them, how quiet the machine is."""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import os
import shutil
import signal
import statistics
import tempfile
import time
from collections.abc import Generator, Iterable, Sequence
from pathlib import Path

from anyjob.errors import ShimLost
from anyjob.worker.local.shimclient import ShimClient, Started

__all__ = ["Ground", "arguments", "cpu_seconds", "ground", "percentile", "pss", "servants", "spread"]

_PROBES = 200
_MANY = 20.0
"""Seconds in which the shim of a benchmark must have ended."""


def arguments(text: str | None) -> argparse.ArgumentParser:
    """The options that every benchmark has."""
    words = argparse.ArgumentParser(description=text, formatter_class=argparse.RawDescriptionHelpFormatter)
    words.add_argument(
        "--state", type=Path, help="where the state folders are made; default: the folder for temporary files"
    )
    return words


class Ground:
    """State folders below one temporary folder.

    Nothing is deleted before the end: on ext4 without a journal a new inode costs up to a millisecond for minutes after
    many were deleted, because the kernel steps over those.
    """

    def __init__(self, top: Path) -> None:
        self.top = top
        self.folders: list[Path] = []

    def folder(self) -> Path:
        """A fresh state folder."""
        self.folders.append(self.top / str(len(self.folders)))
        return self.folders[-1]


@contextlib.contextmanager
def ground(under: Path | None) -> Generator[Ground]:
    """Say how quiet the machine is, lend folders, and leave neither processes nor files behind."""
    signal.signal(signal.SIGTERM, signal.default_int_handler)  # a benchmark that is ended tidies up, too
    top = Path(tempfile.mkdtemp(prefix="anyjob-bench-", dir=under)).resolve()
    lent = Ground(top)
    try:
        print(
            f"load {os.getloadavg()[0]:.1f}, {_inode_cost(top):.0f} us to make a folder with a file in it", flush=True
        )
        yield lent
    finally:
        for folder in lent.folders:
            asyncio.run(_end_shim(folder))
        shutil.rmtree(top)


def _inode_cost(top: Path) -> float:
    """Microseconds. Over 100 the disk is in a slow phase, and every ratio of runs to bare spawns reads too low."""
    start = time.perf_counter()
    for number in range(_PROBES):
        folder = top / f"probe-{number}"
        folder.mkdir()
        (folder / "file").touch()
    return (time.perf_counter() - start) / _PROBES * 1e6


async def _end_shim(folder: Path) -> None:
    if not servants(folder):
        return
    try:
        client = await ShimClient.open(folder / "shim")
        for name, known in client.known.items():
            if isinstance(known, Started):
                await client.stop(name, "FORCE")
        client.quit_when_idle()
        await client.close()
    except ShimLost as lost:
        print(f"{lost} Its processes are killed.", flush=True)
        _kill(folder)
    end = time.monotonic() + _MANY
    while left := servants(folder):
        if time.monotonic() > end:
            raise SystemExit(f"these did not end: {left}")
        await asyncio.sleep(0.02)


def _kill(folder: Path) -> None:
    for pid in servants(folder):  # the keeper first, or it would start another shim
        with contextlib.suppress(ProcessLookupError):
            os.kill(pid, signal.SIGKILL)


def servants(folder: Path) -> list[int]:
    """Keeper, shim and its forks of a state folder."""
    found: list[int] = []
    for entry in Path("/proc").iterdir():
        try:
            # The very option of the keeper, so that 1/shim is not found in 11/shim.
            if entry.name.isdigit() and f'"{folder}/shim"'.encode() in (entry / "cmdline").read_bytes():
                found.append(int(entry.name))
        except OSError:
            continue
    return sorted(found)


def pss(pid: int) -> int:
    """Bytes of memory, shared pages in proportion."""
    for line in Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines():
        if line.startswith("Pss:"):
            return int(line.split()[1]) * 1024
    return 0  # a zombie


def cpu_seconds(pid: int) -> float:
    """Seconds that the process has spent on a CPU."""
    tasks = Path(f"/proc/{pid}/task").iterdir()
    return sum(int((task / "schedstat").read_text().split()[0]) for task in tasks) / 1e9


def percentile(values: Iterable[float], part: float) -> float:
    """The smallest value that `part` of all do not exceed."""
    ordered = sorted(values)
    return ordered[min(len(ordered) - 1, int(len(ordered) * part))]


def spread(values: Sequence[float], digits: int = 2) -> str:
    """Median, then least and most."""
    return f"{statistics.median(values):.{digits}f} ({min(values):.{digits}f}-{max(values):.{digits}f})"
