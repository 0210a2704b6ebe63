"""What one cluster takes of the machine that others could take, too: a number, from which its names are made.

Whoever keeps a cluster holds a lock on the file of its number. The kernel drops the lock with the process, whatever
ended it, so a file that can be locked names a cluster that is gone, and what it left is cleared by who comes next.
"""

from __future__ import annotations

import errno
import fcntl
import json
import os
import select
import shutil
import signal
import sys
import time
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from ipaddress import IPv4Address, IPv4Network
from pathlib import Path

__all__ = [
    "FAILED",
    "INIT",
    "REGISTRY",
    "STATE",
    "Slot",
    "clear",
    "clear_folder",
    "end_keeper",
    "keeper_of",
    "sweep",
    "take",
]

REGISTRY = Path("/run/anyjob-grounds/kubernetes")
STATE = "cluster.json"
"""The file of a cluster's folder that says what is up in it. No folder without it is ever removed."""
FAILED = "failed"
"""The file that says that it did not come up."""
INIT = "tests.grounds.kubernetes.init"
"""The module that is the first process of a cluster's space; its argument is the folder."""
_SLOTS = 64
_PATIENCE = 40.0
"""Seconds that a keeper has to end its cluster."""
_MANY = 20.0
"""Seconds in which the cgroups of killed processes must be empty."""


@dataclass(frozen=True)
class Slot:
    """The names and addresses of the cluster with this number."""

    number: int

    @property
    def file(self) -> Path:
        """Locked while the cluster is there; holds its keeper's number and its folder."""
        return REGISTRY / str(self.number)

    @property
    def network(self) -> IPv4Network:
        """Node, pods and this machine's end."""
        return IPv4Network((f"10.89.{self.number}.0", 24))

    @property
    def node(self) -> IPv4Address:
        """Where the API server and the kubelet listen; the pods' gateway."""
        return self.network[1]

    @property
    def host(self) -> IPv4Address:
        """This machine, as pods see it: what listens here can be reached by them."""
        return self.network[254]

    @property
    def link(self) -> str:
        """The name of this machine's end of the wire to the cluster."""
        return f"anyjob-k8s{self.number}"

    @property
    def cgroup(self) -> str:
        """The name of the group below which the pods' groups are, in every hierarchy."""
        return f"anyjob-k8s{self.number}"

    def cgroups(self) -> list[Path]:
        """Its group in each hierarchy of this machine."""
        top = Path("/sys/fs/cgroup")
        tops = [top] if (top / "cgroup.controllers").exists() else sorted({one.resolve() for one in top.iterdir()})
        return [one / self.cgroup for one in tops if (one / "cgroup.procs").exists()]


def take(folder: Path) -> tuple[Slot, int]:
    """A number that nobody has, and the handle that holds it. What dead owners left is cleared first."""
    REGISTRY.mkdir(parents=True, exist_ok=True)
    try:
        sweep()
    except OSError as error:
        print(error, file=sys.stderr)  # somebody else's; a number is free without it
    for slot in map(Slot, range(_SLOTS)):
        if _routed(slot.network):
            continue
        if (handle := _lock(slot)) is not None:
            if os.fstat(handle).st_size:
                os.close(handle)
                continue
            os.write(handle, json.dumps({"keeper": os.getpid(), "folder": str(folder)}).encode())
            return slot, handle
    raise RuntimeError(f"all {_SLOTS} clusters of this machine are taken, see {REGISTRY}")


def sweep(only: Path | None = None) -> None:
    """Clear what clusters left whose keepers are gone; of all folders, or of one.

    Raises:
        OSError: Something cannot be removed. The others are cleared all the same, and the next sweep tries again.
    """
    faults: list[str] = []
    for file in REGISTRY.glob("*"):
        slot = Slot(int(file.name))
        handle = _lock(slot)
        if handle is None:
            continue
        try:
            known = json.loads(os.read(handle, 10_000) or "{}")
            if known and only in (None, Path(known["folder"])):
                clear(slot, Path(known["folder"]))
                os.truncate(handle, 0)
        except OSError as error:
            faults.append(f"{file}: {error}")
        finally:
            os.close(handle)
    if faults:
        raise OSError(f"left of a cluster that is gone: {'; '.join(faults)}")


def keeper_of(folder: Path) -> int | None:
    """The process that keeps the cluster in a folder, if one does."""
    for file in REGISTRY.glob("*"):
        handle = _lock(Slot(int(file.name)))
        if handle is not None:
            os.close(handle)
            continue
        known = json.loads(file.read_text() or "{}")
        if known.get("folder") == str(folder):
            return known["keeper"]
    return None


def end_keeper(folder: Path) -> None:
    """Ask the keeper of the cluster in a folder to end it, and wait until it has; kill it if it does not."""
    pid = keeper_of(folder)
    if pid is None:
        return
    try:
        handle = os.pidfd_open(pid)
    except ProcessLookupError:
        return
    try:
        for number in (signal.SIGTERM, signal.SIGKILL):
            signal.pidfd_send_signal(handle, number)
            if select.select([handle], [], [], _PATIENCE)[0]:
                return
    except ProcessLookupError:
        return
    finally:
        os.close(handle)


def clear(slot: Slot, folder: Path) -> None:
    """Remove the groups and the folder of a cluster without a keeper. Its processes and mounts went with that one."""
    end = time.monotonic() + _MANY
    while spaces := list(_spaces(folder)):  # unless the keeper was killed before its first child was bound to it
        for pid in spaces:
            with suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)
        if time.monotonic() > end:
            raise TimeoutError(f"{folder}: its space (process {spaces[0]}) was killed and is still there")
        time.sleep(0.02)
    for group in slot.cgroups():
        for path, _, _ in os.walk(group, topdown=False):
            _remove_group(Path(path), end)
    clear_folder(folder)


def clear_folder(folder: Path) -> None:
    """Remove the folder of a cluster that is gone; of one that did not come up, all but its logs."""
    if not (folder / STATE).exists():
        return  # it is somebody's folder, but no cluster's
    failed = (folder / FAILED).exists()
    for entry in folder.iterdir():
        if failed and (entry.suffix == ".log" or entry.name in (STATE, FAILED)):
            continue
        shutil.rmtree(entry) if entry.is_dir() and not entry.is_symlink() else entry.unlink()
    if not failed:
        folder.rmdir()


def _spaces(folder: Path) -> Iterator[int]:
    """The first process of the space of the cluster in a folder, and the one that made it."""
    tail = [b"-m", INIT.encode(), os.fsencode(folder), b""]
    for file in Path("/proc").glob("[0-9]*/cmdline"):
        try:
            if file.read_bytes().split(b"\0")[-4:] == tail:
                yield int(file.parent.name)
        except OSError:
            continue


def _remove_group(group: Path, end: float) -> None:
    while True:
        try:
            group.rmdir()
        except FileNotFoundError:
            return
        except OSError as error:
            if error.errno != errno.EBUSY or time.monotonic() > end:
                raise
            time.sleep(0.02)
        else:
            return


def _lock(slot: Slot) -> int | None:
    handle = os.open(slot.file, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    try:
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        os.close(handle)
        return None
    return handle


def _routed(network: IPv4Network) -> bool:
    """Whether this machine has a way of its own to some of these addresses."""
    for line in Path("/proc/net/route").read_text().splitlines()[1:]:
        words = line.split()
        if words[7] == "00000000":
            continue
        target, mask = (int.from_bytes(bytes.fromhex(words[index])[::-1]) for index in (1, 7))
        if network.overlaps(IPv4Network((target, mask.bit_count()))):
            return True
    return False
