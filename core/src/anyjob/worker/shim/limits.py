"""Limits of a run: by cgroup v2 where its controllers can be had, else by version 1, else by rlimits as far as those go.

The shim sits in the group when the child is born, so it counts too: one process more is allowed until it has left, and the cpu quota
is set afterwards, because it would slow down the shim.
"""

from __future__ import annotations

import errno
import os

from . import process
from .groups import Slot, remove, write
from .spawn import StartError

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from .run import Run

_CONTROLLERS = ("memory", "pids", "cpu")
_PERIOD = 100_000
"""Microseconds in which a cpu quota is spent: the kernel's default."""
_SMALLEST = 4 << 20
"""Bytes: below that, exec itself would run out of memory, and the kernel would kill whoever shares memory with the child: the shim."""
_RESIDUE = 1 << 20
"""Bytes charged to an empty group above which it is made anew; files that an earlier run left in memory count against the next."""
_NOT_LIMITED = {"memory": {"memory.limit_in_bytes": b"-1"}, "pids": {"pids.max": b"max"}, "cpu": {"cpu.cfs_quota_us": b"-1"}}
_NOT_LIMITED_V2 = {"memory": {"memory.max": b"max"}, "pids": {"pids.max": b"max"}, "cpu": {"cpu.max": b"max"}}


def check(limits: dict[str, Any]) -> None:
    """Raises StartError for a limit that cannot be meant."""
    memory, cpu, pids = limits.get("memory"), limits.get("cpu"), limits.get("pids")
    if memory is not None and memory < _SMALLEST:
        raise StartError("bad_config", ("limits", f"memory {memory}: at least {_SMALLEST} bytes are needed to start a process"))
    if cpu is not None and cpu < 0.01:
        raise StartError("bad_config", ("limits", f"cpu {cpu}: the kernel's smallest share is 0.01 cores"))
    if pids is not None and pids < 1:
        raise StartError("bad_config", ("limits", f"pids {pids}: the command itself is one"))


class Limiter:
    """Limits by groups, beside or in the slots. `by` is the word for the outcome."""

    __slots__ = ("_ahead", "_homes", "_roots", "_v2", "by")

    def __init__(self, root: str, folders: dict[str, str], name: str) -> None:
        """`root`: the slots' folder; `folders`: the own group by controller of version 1; `name`: the folder's name in each."""
        self._ahead = False
        base = os.path.dirname(root)
        for folder in (base, root):
            for controller in _CONTROLLERS:
                try:
                    write(folder + "/cgroup.subtree_control", b"+" + controller.encode())
                except OSError:
                    continue  # not ours to give, or processes sit beside the groups
        given = (process.read(root + "/cgroup.subtree_control") or b"").decode().split()
        self._v2 = [controller for controller in _CONTROLLERS if controller in given]
        self._homes: dict[str, str] = {}
        self._roots: dict[str, str] = {}
        for controller in _CONTROLLERS:
            home = folders.get(controller)
            if home is None or controller in self._v2:
                continue
            try:
                if not os.path.isdir(f"{home}/{name}"):
                    os.mkdir(f"{home}/{name}")
            except OSError:
                continue
            self._homes[controller], self._roots[controller] = home, f"{home}/{name}"
        self.by = "cgroup v2" if self._v2 and not self._roots else "cgroup v1" if self._roots else ""

    def facts(self) -> dict[str, str]:
        """Controller by controller: which version limits it here."""
        return {**dict.fromkeys(self._v2, "cgroup v2"), **dict.fromkeys(self._roots, "cgroup v1")}

    def enter(self, slot: Slot) -> None:
        """Sit in the limit groups of the slot too, once limits have been asked for. Raises OSError."""
        if not self._ahead:
            return
        for root in self._roots.values():
            folder = f"{root}/{slot.number}"
            if not os.path.isdir(folder):
                os.mkdir(folder)
            write(folder + "/cgroup.procs", b"0")

    def leave(self) -> None:
        """Go back home. Raises OSError."""
        for home in self._homes.values():
            write(home + "/cgroup.procs", b"0")

    def before(self, slot: Slot, run: Run, limits: dict[str, Any] | None) -> None:
        """Set the limits that the child must be born with. Raises StartError."""
        if limits is None:
            if slot.limits:
                self._lift(slot)
        else:
            check(limits)
            run.limits_by = self._words(limits)
            try:
                if not self._ahead:
                    # From now on the shim sits ahead in these groups as well; only the first run with limits waits for the moves.
                    self._ahead = True
                    self.enter(slot)
                self._set(slot, limits)
            except OSError as error:
                text = f"{limits}: {os.strerror(error.errno or 0)} in the groups of slot {slot.number}"
                raise StartError("start_failed", ("limits", text)) from error
            for name in _CONTROLLERS:
                if limits.get(name) is not None and name not in self._v2 and name not in self._roots:
                    run.note("limits", f"{name} {limits[name]} is not enforced: this machine gives no {name} controller")
        if self._ahead or self._v2:
            run.oom_before = self.oom_kills(slot.number) or 0

    def after(self, slot: Slot, limits: dict[str, Any] | None) -> None:
        """Set what counts the shim while it sits in the slot; called when it has left. Raises OSError."""
        if limits is None:
            return
        if limits.get("pids") is not None:
            self._put(slot, "pids", {"pids.max": b"%d" % limits["pids"]})
        if limits.get("cpu") is not None:
            quota = b"%d" % max(1000, int(limits["cpu"] * _PERIOD))
            if "cpu" in self._v2:
                self._put(slot, "cpu", {"cpu.max": quota + b" %d" % _PERIOD})
            else:
                self._put(slot, "cpu", {"cpu.cfs_period_us": b"%d" % _PERIOD, "cpu.cfs_quota_us": quota})

    def oom_kills(self, number: int) -> int | None:
        """How many processes the kernel has killed in the slot for want of memory; None: nobody counts."""
        if "memory" in self._v2:
            return None
        root = self._roots.get("memory")
        if root is None:
            return None
        return counter(f"{root}/{number}/memory.oom_control", b"oom_kill")

    def close(self) -> None:
        """Remove the groups that are empty."""
        for root in self._roots.values():
            remove(root)
