"""What outlives a killed engine: processes, mounts, control groups. Found by what is ours alone, never by a name."""

from __future__ import annotations

import errno
import os
import re
import signal
import subprocess
import time
from collections.abc import Callable, Collection, Iterator
from pathlib import Path

__all__ = ["group_members", "groups", "kill_all", "mounts", "programs", "remove_groups", "running", "unmount"]

_MANY = 20.0
"""Seconds in which killed processes must be gone."""


def running() -> Iterator[int]:
    """The numbers of all processes that have not ended: a zombie has."""
    for entry in Path("/proc").iterdir():
        if not entry.name.isdigit():
            continue
        try:
            state = (entry / "stat").read_text().rpartition(")")[2].split()[0]
        except OSError:
            continue
        if state not in ("Z", "X"):
            yield int(entry.name)


def programs(folder: Path, names: Collection[str]) -> list[int]:
    """Processes of one of these programs that a path in the folder was given to as an argument."""
    inside = re.compile(rb"(^|\0|=|//)" + re.escape(os.fsencode(folder)) + b"/")
    found: list[int] = []
    for pid in running():
        try:
            name = Path(f"/proc/{pid}/exe").readlink().name.removesuffix(" (deleted)")
            if name in names and inside.search(Path(f"/proc/{pid}/cmdline").read_bytes()):
                found.append(pid)
        except OSError:
            continue
    return found


def _hierarchies() -> list[Path]:
    lines = (line.split() for line in Path("/proc/self/mounts").read_text().splitlines())
    return [Path(_plain(words[1])) for words in lines if words[2] in ("cgroup", "cgroup2")]


def groups(names: Collection[str]) -> list[Path]:
    """The groups with one of these names, in every hierarchy, and the groups below them; deepest first."""
    found = {
        Path(where)
        for mount in _hierarchies()
        for where, _, _ in os.walk(mount)
        if not set(Path(where).relative_to(mount).parts).isdisjoint(names)
    }
    return sorted(found, key=lambda group: len(group.parts), reverse=True)


def group_members(names: Collection[str]) -> list[int]:
    """Processes in a group of one of these names, or below it, in any hierarchy."""
    found: list[int] = []
    for pid in running():
        try:
            lines = Path(f"/proc/{pid}/cgroup").read_text().splitlines()
        except OSError:
            continue
        if any(not set(line.split(":", 2)[2].split("/")).isdisjoint(names) for line in lines):
            found.append(pid)
    return found


def kill_all(find: Callable[[], Collection[int]]) -> None:
    """Kill what `find` names until it names nothing.

    Raises:
        TimeoutError: They do not end.
    """
    end = time.monotonic() + _MANY
    while pids := find():
        held: dict[int, int] = {}
        for pid in pids:
            try:
                held[pid] = os.pidfd_open(pid)
            except OSError:
                continue
        for pid in find():  # a number may have passed on before its handle held it
            if pid in held:
                try:
                    signal.pidfd_send_signal(held[pid], signal.SIGKILL)
                except ProcessLookupError:
                    continue
        for handle in held.values():
            os.close(handle)
        if time.monotonic() > end:
            raise TimeoutError(f"killed, and still there: {sorted(pids)}")
        time.sleep(0.01)


def _plain(field: str) -> str:
    return re.sub(r"\\([0-7]{3})", lambda code: chr(int(code[1], 8)), field)


def mounts(folder: Path) -> list[Path]:
    """Mount points in the folder, the newest first."""
    points = [Path(_plain(line.split()[4])) for line in Path("/proc/self/mountinfo").read_text().splitlines()]
    return [point for point in reversed(points) if point.is_relative_to(folder)]


def unmount(folder: Path) -> None:
    """Leave no mount in the folder."""
    for point in mounts(folder):
        subprocess.run(["umount", "--lazy", str(point)], check=True, capture_output=True)


def remove_groups(names: Collection[str]) -> None:
    """Remove the groups of these names, which hold no process any more but such as the kernel is still ending.

    Raises:
        OSError: One is still busy after a while.
    """
    end = time.monotonic() + _MANY
    while left := groups(names):
        for group in left:
            try:
                group.rmdir()
            except FileNotFoundError:
                pass
            except OSError as error:
                if error.errno != errno.EBUSY or time.monotonic() > end:
                    raise
        time.sleep(0.01)
