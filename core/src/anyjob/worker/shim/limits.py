"""Limits of a run: by cgroup v2 where its controllers can be had, else by version 1, else by rlimits as far as those
go.

The shim sits in the group when the child is born, so it counts too: one process more is allowed until it has left, and
the cpu quota is set only then, because it would slow down the shim.

Sources: Linux kernel, cgroup v2, memory.max, cpu.max, pids.max, memory.events; Linux kernel, cgroup v1,
memory.limit_in_bytes, cpu.cfs_quota_us; Linux man-pages, setrlimit(2).
"""

from __future__ import annotations

import os

from . import process
from .groups import Slot, remove, write
from .spawn import StartError

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Container
    from typing import Any

    from .run import Run

_CONTROLLERS = ("memory", "pids", "cpu")
_PERIOD = 100_000
"""Microseconds in which a cpu quota is spent: the kernel's default."""
_SMALLEST = 4 << 20
"""Bytes: below that exec itself runs out of memory, and the kernel kills whoever shares memory with the child then:
the shim.
"""
_RESIDUE = 1 << 20
"""Bytes charged to an empty group above which it is cleaned: what an earlier run left in memory would count against
the next.
"""


def check(limits: dict[str, Any]) -> None:
    """Raises StartError for a limit that cannot be meant."""
    memory, cpu, pids = limits.get("memory"), limits.get("cpu"), limits.get("pids")
    if memory is not None and memory < _SMALLEST:
        raise StartError(
            "bad_config", ("limits", f"memory {memory}: at least {_SMALLEST} bytes are needed to start a process")
        )
    if cpu is not None and cpu < 0.01:
        raise StartError("bad_config", ("limits", f"cpu {cpu}: the kernel's smallest share is 0.01 cores"))
    if pids is not None and pids < 1:
        raise StartError("bad_config", ("limits", f"pids {pids}: the command itself is one"))


def by_rlimits(run: Run, limits: dict[str, Any], given: frozenset[str] = frozenset()) -> int | None:
    """What rlimits can do for limits that no group enforces. Returns bytes of address space, and notes what is left
    open.
    """
    memory: int | None = None
    for name in _CONTROLLERS:
        if limits.get(name) is None or name in given:
            continue
        if name == "memory":
            memory = limits[name]
            run.limits_by = run.limits_by or "rlimits"
            run.note(
                "limits", "memory is limited by RLIMIT_AS for each process: this machine gives no memory controller"
            )
        else:
            run.note("limits", f"{name} {limits[name]} is not enforced: this machine gives no {name} controller")
    return memory


class Limiter:
    """Limits by groups: in the slots themselves (version 2) or in groups of the same number beside them (version 1)."""

    __slots__ = ("_ahead", "_homes", "_root", "_roots", "_v2", "given")

    def __init__(self, root: str, folders: dict[str, str], taken: Container[str] = ()) -> None:
        """`root`: the slots' folder; `folders`: the shim's own group by controller of version 1; `taken`: numbers of
        slots with runs of an earlier shim, whose counters are still to be read.
        """
        self._root = root
        base, name = os.path.split(root)
        for folder in (base, root):
            for controller in _CONTROLLERS:
                try:
                    write(folder + "/cgroup.subtree_control", b"+" + controller.encode())
                except OSError:
                    continue  # not ours to give, or processes sit beside the groups
        controllers = (process.read(root + "/cgroup.subtree_control") or b"").decode().split()
        self._v2 = frozenset(controllers) & frozenset(_CONTROLLERS)
        self._homes: dict[str, str] = {}
        self._roots: dict[str, str] = {}
        # Only once a run asks for limits does the shim enter these groups, and from then on ahead of every start.
        self._ahead = False
        for controller in _CONTROLLERS:
            home = folders.get(controller)
            if home is None or controller in self._v2:
                continue
            try:
                os.makedirs(f"{home}/{name}", exist_ok=True)
            except OSError:
                continue
            self._homes[controller], self._roots[controller] = home, f"{home}/{name}"
            for number in os.listdir(f"{home}/{name}"):
                if number.isdigit() and number not in taken:
                    remove(f"{home}/{name}/{number}")  # an earlier shim's; one with members stays
        self.given = self._v2 | frozenset(self._roots)

    def facts(self) -> dict[str, str]:
        """Controller by controller, which version limits it here."""
        return {**dict.fromkeys(self._v2, "cgroup v2"), **dict.fromkeys(self._roots, "cgroup v1")}

    def resume(self, slot: Slot) -> None:
        """Runs with limits of an earlier shim are alive: their groups count again. Raises OSError."""
        if not self._ahead:
            self._ahead = True
            self.enter(slot)

    def enter(self, slot: Slot, pid: int = 0) -> None:
        """Sit in the version 1 groups of the slot too, or put another process there. Raises OSError."""
        if self._ahead:
            for controller in self._roots:
                self._enter(slot, controller, pid)

    def folders(self, slot: Slot) -> list[str]:
        """The version 1 groups that `enter` enters. Raises OSError."""
        return [self._folder(slot, controller) for controller in self._roots] if self._ahead else []

    def leave(self) -> None:
        """Go back home. Raises OSError."""
        if self._ahead:
            for home in self._homes.values():
                write(home + "/cgroup.procs", b"0")

    def before(
        self, slot: Slot, run: Run, limits: dict[str, Any] | None, pid: int = 0, sitting: Slot | None = None
    ) -> int | None:
        """Set the limits that the child must be born with. `pid`: the child is there already, and the shim sits
        elsewhere, in `sitting`. Returns the bytes of memory that rlimits are to hold; None: groups do. Raises
        StartError."""
        if limits is None and not slot.limits:
            rest = None
        else:
            limits = limits or {}
            check(limits)
            try:
                if not pid:
                    self.resume(slot)
                else:
                    if sitting is not None:
                        self.resume(sitting)
                    self._ahead = True
                    self.enter(slot, pid)
                self._set_memory(slot, limits.get("memory"), pid)
                pids = limits.get("pids")
                room = 0 if pid else 1
                self._put(slot, "pids", "pids.max", b"max" if pids is None else b"%d" % (pids + room))
                if limits.get("cpu") is None:
                    self._set_cpu(slot, None)
            except OSError as error:
                text = f"{limits}: {os.strerror(error.errno or 0)} in the groups of slot {slot.number}"
                raise StartError("start_failed", ("limits", text)) from error
            slot.limits = limits
            asked = frozenset(name for name in _CONTROLLERS if limits.get(name) is not None)
            if asked & self._v2:
                run.limits_by = "cgroup v2"
            elif asked & self.given:
                run.limits_by = "cgroup v1"
            rest = by_rlimits(run, limits, self.given)
        run.oom_before = self.oom_kills(slot.number) or 0
        return rest

    def after(self, slot: Slot, run: Run, limits: dict[str, Any] | None) -> None:
        """Set what would have hit the shim; called when it has left the slot."""
        if limits is None:
            return
        try:
            if limits.get("pids") is not None:
                self._put(slot, "pids", "pids.max", b"%d" % limits["pids"])
            if limits.get("cpu") is not None:
                self._set_cpu(slot, limits["cpu"])
        except OSError as error:
            run.note("limits", f"pids or cpu is not enforced: {os.strerror(error.errno or 0)}")

    def oom_kills(self, number: int) -> int | None:
        """How many processes of the slot the kernel has killed for want of memory; None: nobody counts."""
        path = self._path(number, "memory")
        if path is None:
            return None
        name = "memory.events" if "memory" in self._v2 else "memory.oom_control"
        for line in (process.read(f"{path}/{name}") or b"").splitlines():
            word, _, count = line.partition(b" ")
            if word == b"oom_kill":
                return int(count)
        return None

    def close(self) -> None:
        """Remove the groups that are empty."""
        for root in self._roots.values():
            remove(root)

    def _path(self, number: int, controller: str) -> str | None:
        if controller in self._v2:
            return f"{self._root}/{number}"
        root = self._roots.get(controller)
        return None if root is None or not self._ahead else f"{root}/{number}"

    def _put(self, slot: Slot, controller: str, name: str, value: bytes) -> None:
        path = self._path(slot.number, controller)
        if path is not None:
            write(f"{path}/{name}", value)

    def _enter(self, slot: Slot, controller: str, pid: int) -> None:
        write(self._folder(slot, controller) + "/cgroup.procs", b"%d" % pid)

    def _folder(self, slot: Slot, controller: str) -> str:
        folder = f"{self._roots[controller]}/{slot.number}"
        if not os.path.isdir(folder):
            os.mkdir(folder)
        return folder

    def _set_cpu(self, slot: Slot, cores: float | None) -> None:
        quota = None if cores is None else max(1000, int(cores * _PERIOD))
        if "cpu" in self._v2:
            self._put(slot, "cpu", "cpu.max", b"max" if quota is None else b"%d %d" % (quota, _PERIOD))
        else:
            self._put(slot, "cpu", "cpu.cfs_quota_us", b"-1" if quota is None else b"%d" % quota)

    def _set_memory(self, slot: Slot, limit: int | None, pid: int) -> None:
        path = self._path(slot.number, "memory")
        if path is None:
            return
        if "memory" in self._v2:
            if limit is not None and int(process.read(path + "/memory.current") or 0) > _RESIDUE:
                _try(path + "/memory.reclaim", b"1G")
            write(path + "/memory.max", b"max" if limit is None else b"%d" % limit)
            _try(path + "/memory.swap.max", b"max" if limit is None else b"0")
            return
        if limit is not None and int(process.read(path + "/memory.usage_in_bytes") or 0) > _RESIDUE:
            self._clean(slot, path, pid)
        # Memory and swap together may never be below memory alone: lift first, then set.
        _try(path + "/memory.memsw.limit_in_bytes", b"-1")
        write(path + "/memory.limit_in_bytes", b"-1" if limit is None else b"%d" % limit)
        if limit is not None:
            _try(path + "/memory.memsw.limit_in_bytes", b"%d" % limit)

    def _clean(self, slot: Slot, path: str, pid: int) -> None:
        """Get rid of what earlier runs left charged: caches go, and files in memory stay charged to a group that is
        no more.
        """
        _try(path + "/memory.force_empty", b"0")
        if int(process.read(path + "/memory.usage_in_bytes") or 0) > _RESIDUE:
            write(self._homes["memory"] + "/cgroup.procs", b"%d" % pid)
            try:
                os.rmdir(path)
            finally:
                self._enter(slot, "memory", pid)


def _try(path: str, value: bytes) -> None:
    """Write a control file that not every kernel has, or that may do only part of what it is told."""
    try:
        write(path, value)
    except OSError:
        pass
