"""What a machine gives to runs, whatever their type: each looked at or tried, none assumed.

Sources: Linux kernel, cgroup v2, memory.max; Linux man-pages, proc_meminfo(5) and proc_pid_mountinfo(5).
"""

from __future__ import annotations

import asyncio
import os
import pwd
import resource
import shutil
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Final

from anyjob.cli.finding import Finding, Grade
from anyjob.errors import AnyJobError
from anyjob.worker.local.enforcement import Enforcement, enforcement
from anyjob.worker.local.shimclient import ShimClient
from anyjob.worker.local.shimvalues import ShimOptions
from anyjob.worker.settings import WorkerSettings
from anyjob.worker.shim import passage
from anyjob.worker.shim.mounts import own_groups

__all__ = ["look"]

_PART: Final = "machine"
_LITTLE_DISK: Final = 1 << 30
_LITTLE_MEMORY: Final = 512 << 20
_FEW_FILES: Final = 1024
_FEW_PROCESSES: Final = 256
_ENDS: Final = 5.0
"""Seconds that keeper and shim may take to end, before their folder goes."""
_FAR: Final = ("nfs", "nfs4", "cifs", "smb3", "9p", "fuse.sshfs")
"""File systems of other machines."""
_DELEGATE: Final = (
    "under systemd set Delegate=yes; in a container give it a writable cgroup v2 (docker: --cgroupns=private)"
)


def look(settings: WorkerSettings, state: Path) -> Iterator[Finding]:
    """One finding a thing. `state`: the folder that runs would use; it is not made, what is tried is removed again."""
    yield Finding(
        part=_PART, name="python", grade="ok", fact=f"{'.'.join(map(str, sys.version_info[:3]))} at {sys.executable}"
    )
    yield _user()
    if os.getuid() == 0:
        yield _programs()
    kept = enforcement(settings.cgroup)
    yield _stops(kept)
    yield _limits(kept)
    yield _state(state, settings.free_disk or 0)
    yield _shim(state, settings)
    yield _memory()
    yield _processes()
    yield _files()


def _found(name: str, grade: Grade, fact: str, remedy: str = "") -> Finding:
    return Finding(part=_PART, name=name, grade=grade, fact=fact, remedy="" if grade == "ok" else remedy)


def _user() -> Finding:
    number = os.getuid()
    try:
        name = pwd.getpwuid(number).pw_name
    except KeyError:  # a uid without an entry, as in many containers
        name = f"uid {number}"
    if number == 0:
        return _found("user", "ok", "root: jobs of others can run as users of their own, and by XAttrs.user")
    return _found("user", "ok", f"{name}: every job runs as this user; XAttrs.user, and users by app group, need root")


def _programs() -> Finding:
    """Of root alone: whether jobs that run as somebody else come to what they begin with."""
    closed = passage.closed_programs()
    if not closed:
        return _found("programs", "ok", "those on the PATH can be run by other users too")
    fact = f"jobs that run as other users, as those of an app group do, cannot pass {passage.behind(closed)}"
    return _found("programs", "warn", fact, passage.REMEDY)


def _stops(kept: Enforcement) -> Finding:
    fact = f"proved by {kept.held_by}"
    return _found("stops", "warn", f"{fact}, as {kept.why}", _DELEGATE) if kept.why else _found("stops", "ok", fact)


def _limits(kept: Enforcement) -> Finding:
    said = [f"{name} by {keeper}" for name, keeper in sorted(kept.limits.items())]
    lacking = [name for name in ("memory", "cpu", "pids") if name not in kept.limits]
    weak = [name for name, keeper in kept.limits.items() if "rlimit" in keeper]
    fact = "; ".join([*said, *(f"{name} by nobody" for name in lacking)])
    remedy = f"a cgroup controller keeps them for whole runs: {_DELEGATE}"
    return _found("limits", "warn" if lacking or weak else "ok", fact, remedy)


def _state(state: Path, floor: int) -> Finding:
    there = _nearest(state)
    try:
        tempfile.TemporaryDirectory(prefix="anyjob-doctor-", dir=there).cleanup()
    except OSError as error:
        fact = f"{state} cannot be made or written: {there}: {error.strerror}"
        return _found("state folder", "missing", fact, "name another by --state or XDG_STATE_HOME, or change its owner")
    kind, free = _file_system(there), shutil.disk_usage(there).free
    fact = f"{state} on {kind}, {_size(free)} free"
    if free < max(floor, _LITTLE_DISK):
        remedy = f"make room: below {_size(floor)} no run starts ([worker] free_disk)"
        return _found("state folder", "warn" if free >= floor else "missing", fact, remedy)
    if kind in _FAR:
        remedy = "locks and fsync of another machine's disk are slow, or none; name a folder of a local disk"
        return _found("state folder", "warn", fact, remedy)
    if kind == "tmpfs":
        return _found("state folder", "warn", f"{fact}: gone after a reboot", "name a folder of a disk with --state")
    return _found("state folder", "ok", fact)


def _shim(state: Path, settings: WorkerSettings) -> Finding:
    """Started, asked and ended, in a folder beside those of runs."""
    options = ShimOptions(cgroup=settings.cgroup, idle=1.0)
    try:
        with tempfile.TemporaryDirectory(prefix="anyjob-doctor-", dir=_nearest(state)) as folder:
            took = asyncio.run(_try_shim(Path(folder), options))
    except (AnyJobError, OSError) as error:
        remedy = "look at what the error names: rights, a file system without sockets, a filter of system calls"
        return _found("shim", "broken", f"keeper and shim cannot be started: {error}", remedy)
    return _found("shim", "ok", f"keeper and shim start, and answer on their socket, in {took:.2f} s")


async def _try_shim(folder: Path, options: ShimOptions) -> float:
    """Seconds to its first answer."""
    began = time.monotonic()
    client = await ShimClient.open(folder, options)
    took = time.monotonic() - began
    gone = [Path("/proc", str(client.facts[one])) for one in ("keeper", "pid")]
    client.quit_when_idle()
    await client.close()
    while any(one.exists() for one in gone) and time.monotonic() < began + _ENDS:  # noqa: ASYNC110 - nobody tells
        await asyncio.sleep(0.01)
    return took


def _memory() -> Finding:
    told = dict(_meminfo())
    free, total = told.get("MemAvailable", 0), told.get("MemTotal", 0)
    fact = f"{_size(free)} of {_size(total)} available"
    most = _own_limit("memory", ("memory.max", "memory.limit_in_bytes"))
    if most is not None and most < total:
        fact, free = f"{fact}; this process's own group may use {_size(most)}", min(free, most)
    return _found(
        "memory", "warn" if free < _LITTLE_MEMORY else "ok", fact, "end something, or raise the group's limit"
    )


def _processes() -> Finding:
    soft = resource.getrlimit(resource.RLIMIT_NPROC)[0]
    most = _own_limit("pids", ("pids.max",))
    bounds = [soft] if soft != resource.RLIM_INFINITY and os.getuid() else []  # root is not held to it
    bounds += [] if most is None else [most]
    if not bounds:
        return _found("processes", "ok", "as many as the kernel allows")
    fact = f"at most {min(bounds)} for this user or group"
    return _found("processes", "warn" if min(bounds) < _FEW_PROCESSES else "ok", fact, "raise ulimit -u, or TasksMax")


def _files() -> Finding:
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    fact = f"{soft} open files a process"
    remedy = f"raise ulimit -n (up to {hard}), or LimitNOFILE: each run takes a few"
    return _found("open files", "warn" if soft < _FEW_FILES else "ok", fact, remedy)


# ---------------------------------------------------------------- read from the kernel


def _nearest(path: Path) -> Path:
    """The folder itself, or the one above it that is there."""
    return next((one for one in (path, *path.parents) if one.is_dir()), Path("/"))


def _file_system(path: Path) -> str:
    """Its type, of the mount that the folder lies on."""
    best, kind = "", "an unknown file system"
    for line in Path("/proc/self/mountinfo").read_text(errors="surrogateescape").splitlines():
        left, _, right = line.partition(" - ")
        point = left.split()[4]
        if path.resolve().is_relative_to(point) and len(point) >= len(best):
            best, kind = point, right.split()[0]
    return kind


def _meminfo() -> Iterator[tuple[str, int]]:
    for line in Path("/proc/meminfo").read_text().splitlines():
        name, _, rest = line.partition(":")
        yield name, int(rest.split()[0]) * 1024


def _own_limit(controller: str, names: tuple[str, ...]) -> int | None:
    """Of this process's own group, in version 1 or 2; None: no limit."""
    folders = own_groups()
    for folder in filter(None, (folders.get(controller), folders.get(""))):
        for name in names:
            try:
                text = Path(folder, name).read_text().strip()
            except OSError:
                continue
            return int(text) if text.isdigit() else None
    return None


def _size(number: int) -> str:
    value = float(number)
    for unit in ("B", "KiB", "MiB", "GiB"):
        if value < 1024:
            return f"{value:.0f} {unit}" if unit == "B" else f"{value:.1f} {unit}"
        value /= 1024
    return f"{value:.1f} TiB"
