"""Runs held by cgroups of version 2: groups are used again, and the shim sits in the next free one before it spawns.

So a child is born inside its group: a child moved after its spawn escapes when it forks at once. And nothing is moved
at start: on an idle machine the kernel lets a move wait for a grace period of many milliseconds. Where it would, the
shim does not wait for its own move either (`mover.py`), and until it has left a run's group that run is not judged.

A job that may write cgroup files (it is root, or the worker is not and the group is its user's own) can leave its group
on purpose; so that is no wall, but nothing that forks, daemons or dies gets out by accident.

Sources: Linux kernel, cgroup v2, cgroup.kill, cgroup.events and the threaded mode; Linux man-pages, cgroups(7).
"""

from __future__ import annotations

import errno
import os
import select
import signal

from . import kernel, process
from .complaint import complain
from .hold import ALIVE, EMPTY, UNSURE, Hold
from .report import Report

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any

    from .limits import Limiter
    from .main import Shim
    from .mover import Mover
    from .run import Run

_KEPT = 32
"""Groups whose files stay open. More files would count against the limit that children inherit."""


_QUICK = 0.004
"""Seconds after a move in which the kernel makes another one at once."""


def write(path: str, data: bytes) -> None:
    """Write a control file. Raises OSError."""
    fd = os.open(path, os.O_WRONLY | os.O_CLOEXEC)
    try:
        os.write(fd, data)
    finally:
        os.close(fd)


class Slot:
    """One reusable group."""

    __slots__ = ("_events", "_procs", "limits", "number", "path")

    def __init__(self, root: str, number: int) -> None:
        self.number = number
        self.path = f"{root}/{number}"
        self._events = self._procs = -1
        self.limits: dict[str, Any] = {}
        os.makedirs(self.path, exist_ok=True)
        if number <= _KEPT:
            self._events = os.open(self.path + "/cgroup.events", os.O_RDONLY | os.O_CLOEXEC)
            self._procs = os.open(self.path + "/cgroup.procs", os.O_WRONLY | os.O_CLOEXEC)

    def enter(self, pid: int = 0) -> None:
        """Move a process in, this one by default. Raises OSError."""
        if self._procs >= 0:
            os.write(self._procs, b"%d" % pid)
        else:
            write(self.path + "/cgroup.procs", b"%d" % pid)

    def populated(self) -> bool:
        """Whether a live process is in it, or in a group that a job made below it. Raises OSError."""
        try:
            if self._events >= 0:
                return b"populated 1" in os.pread(self._events, 128, 0)
            fd = os.open(self.path + "/cgroup.events", os.O_RDONLY | os.O_CLOEXEC)
            try:
                return b"populated 1" in os.read(fd, 128)
            finally:
                os.close(fd)
        except OSError as error:
            if error.errno in (errno.ENOENT, errno.ENODEV):
                return False  # somebody removed it, which the kernel allows only when nobody is in it
            raise

    def members(self) -> list[int]:
        """Live processes, groups below included."""
        found: list[int] = []
        for folder, _, _ in os.walk(self.path):
            found += [int(word) for word in (process.read(folder + "/cgroup.procs") or b"").split()]
        return found

    def kill(self) -> None:
        """SIGKILL to every member, groups below included; forks cannot outrun it."""
        try:
            write(self.path + "/cgroup.kill", b"1")
        except OSError:
            self.signal(signal.SIGKILL)  # a kernel before 5.14, or a threaded group; called again until nobody is left

    def signal(self, signum: int, group: int | None = None) -> int:
        """Send a signal to each member (of one process group), each checked to be a member when it is sent. Returns
        how many.
        """
        sent = 0
        name = "/".join(self.path.split("/")[-2:])
        for pid in self.members():
            try:
                fd = os.pidfd_open(pid)
            except OSError:
                continue
            try:
                # Both are read after the pidfd was opened, so the pid was not given to somebody else in between.
                facts, inside = process.facts(pid), process.group_of(pid)
                if facts is None or inside is None or f"/{name}/" not in inside + "/":
                    continue
                if group in (None, facts.group):
                    signal.pidfd_send_signal(fd, signum)
                    sent += 1
            except OSError:
                continue
            finally:
                os.close(fd)
        return sent

    def close(self) -> None:
        """Close the kept files and remove the group if nobody is in it."""
        for fd in (self._events, self._procs):
            if fd >= 0:
                os.close(fd)
        self._events = self._procs = -1
        remove(self.path)


def remove(path: str) -> None:
    """Remove a group and the groups that a job made below it; one with members stays."""
    for folder, _, _ in os.walk(path, topdown=False):
        try:
            os.rmdir(folder)
        except OSError:
            return


class Slots:
    """The reusable groups of one state folder.

    `current` is the free one in which the shim sits, None while it is on its way; `inside` the one that it surely has
    not left.
    """

    __slots__ = (
        "_again",
        "_free",
        "_home",
        "_last",
        "_moved",
        "_next",
        "_retired",
        "_taken",
        "_unsure",
        "current",
        "inside",
        "limiter",
        "mover",
        "root",
    )

    def __init__(self, base: str, home: str, name: str, taken: set[str], again: Callable[[Run], None]) -> None:
        """`base`: where to make them; `home`: the shim's own group; `taken`: slots of runs that are still alive;
        `again`: judge a run that was UNSURE.

        Raises OSError when groups cannot be had there.
        """
        self._home, self.root = home, f"{base.rstrip('/')}/{name}"
        self._free: list[Slot] = []
        self._retired: list[Slot] = []
        self._taken = {path.rpartition("/")[2] for path in taken}
        self._last = 0
        self.inside: Slot | None = None
        self.limiter: Limiter | None = None
        self.mover: Mover | None = None
        self._moved = 0.0
        self._next: Slot | None = None
        self._again = again
        self._unsure: dict[str, Run] = {}
        os.makedirs(self.root, exist_ok=True)
        # An earlier shim's groups go, but those of living runs; a number that cannot be removed is not used.
        for entry in os.listdir(self.root):
            if entry.isdigit() and entry not in self._taken:
                remove(f"{self.root}/{entry}")
        self.current: Slot | None = None
        try:
            self.advance()
        except OSError:
            remove(self.root)
            raise

    def claim(self, run: Run, path: str) -> Slot | None:
        """The slot of a run that an earlier shim started; None when it is gone, or was another tree's."""
        folder, _, number = path.rpartition("/")
        if folder != self.root or not os.path.isdir(path):
            return None
        slot = Slot(self.root, int(number))
        self.settle()
        if run.limits is not None:
            slot.limits = run.limits
            if self.limiter is not None and self.current is not None:
                self.limiter.resume(self.current)
        return slot

    def seat(self) -> Slot:
        """The slot in which the shim sits, once it does. Raises OSError; the shim is then at home, in no slot."""
        self.settle()
        if self.current is None:
            self.advance()
        assert self.current is not None
        return self.current

    def advance(self) -> None:
        """Sit in the next free slot now. Raises OSError; the shim is then at home, in no slot."""
        self.current = None
        try:
            slot = self.take()
            self.inside = slot
            slot.enter()
            if self.limiter is not None:
                self.limiter.enter(slot)
        except OSError:
            self.leave()
            raise
        self.current = slot
        self._moved = kernel.boottime()

    def go_on(self) -> None:
        """Sit in the next free slot soon, without waiting. Raises OSError, as `advance`."""
        if self.mover is None or kernel.boottime() - self._moved < _QUICK:
            self.advance()
            return
        self.current = None
        try:
            self._next = self.take()
        except OSError:
            self.leave()
            raise
        self.mover.move([(self._next, os.getpid())], self._arrived)

    def _arrived(self, errors: list[int]) -> None:
        slot, self._next = self._next, None
        self._moved = kernel.boottime()
        if errors[0]:
            complain(f"no further group: {os.strerror(errors[0])}")
            try:
                self.leave()
            except OSError as error:
                complain(f"the shim cannot leave its group: {error}")
        else:
            self.inside = self.current = slot
        unsure = list(self._unsure.values())
        self._unsure.clear()
        for run in unsure:
            self._again(run)

    def settle(self) -> None:
        """Wait until the shim has left where it was."""
        if self._next is not None:
            assert self.mover is not None
            self.mover.settle(os.getpid())

    def leaving(self, slot: Slot, run: Run) -> bool:
        """Whether the shim is still on its way out of the slot; the run is judged again when it is out."""
        if self._next is None or self.inside is not slot:
            return False
        self._unsure[run.name] = run
        return True

    def take(self) -> Slot:
        """A free slot for a process that is to be moved in. Raises OSError."""
        return self._free.pop() if self._free else self._fresh()

    def folders(self, slot: Slot) -> list[str]:
        """All groups that a process of the slot is to be in. Raises OSError."""
        return [slot.path, *(self.limiter.folders(slot) if self.limiter is not None else ())]

    def leave(self) -> None:
        """Go back to the group the shim was born in. Raises OSError."""
        write(self._home + "/cgroup.procs", b"0")
        if self.limiter is not None:
            self.limiter.leave()
        self.inside = None

    def give_back(self, slot: Slot) -> None:
        """The slot is proved empty."""
        self._free.append(slot)

    def retire(self, slot: Slot) -> None:
        """Somebody is left in the slot; it is not used until he is gone."""
        self._retired.append(slot)

    def close(self) -> None:
        """Leave, and remove what is empty."""
        self.settle()
        self.leave()
        current = [self.current] if self.current is not None else []
        for slot in (*self._free, *current, *self._retired):
            slot.close()
        self.current = None
        if self.limiter is not None:
            self.limiter.close()
        try:
            os.rmdir(self.root)
        except OSError:
            return  # leftovers that a job was allowed to leave; the next shim of the folder looks again

    def _fresh(self) -> Slot:
        for at, slot in enumerate(self._retired):
            if not slot.populated():
                return self._retired.pop(at)
        while True:
            self._last += 1
            if str(self._last) not in self._taken and not os.path.isdir(f"{self.root}/{self._last}"):
                return Slot(self.root, self._last)


class Group(Hold):
    """A run in a slot."""

    __slots__ = ("_slots", "_watched", "slot")
    by = "cgroup v2"
    proof = Report("PROVEN", by, [("cgroup.events", "populated 0")])

    def __init__(self, slots: Slots, slot: Slot) -> None:
        self._slots, self.slot = slots, slot
        self._watched = -1

    def ask(self, run: Run) -> str:
        sent = self.slot.signal(run.signum, run.pid)
        return f"signal {run.signum} sent to {sent} members of process group {run.pid}"

    def force(self, run: Run) -> None:
        if not self._inside():
            self.slot.kill()

    def state(self, run: Run) -> int:
        if self._slots.leaving(self.slot, run):
            return UNSURE
        return ALIVE if self._inside() or self.slot.populated() else EMPTY

    def survivors(self, run: Run) -> list[str]:
        self._inside()
        return [process.describe(pid) for pid in self.slot.members()]

    def await_empty(self, shim: Shim, run: Run) -> None:
        if self._watched < 0:
            # The kernel reports a change of cgroup.events as urgent data.
            self._watched = os.open(self.slot.path + "/cgroup.events", os.O_RDONLY | os.O_CLOEXEC)
            os.read(self._watched, 128)
            shim.watch(self._watched, select.EPOLLPRI, lambda _: self._changed(shim, run))
            shim.look_again(run)  # it may have become empty before it was watched

    def release(self, shim: Shim, run: Run, *, clean: bool) -> None:
        if self._watched >= 0:
            shim.unwatch(self._watched)
            os.close(self._watched)
            self._watched = -1
        if clean:
            self._slots.give_back(self.slot)
        else:
            self._slots.retire(self.slot)

    def _inside(self) -> bool:
        """Whether the shim itself is stuck in the group: it would be counted, and killed."""
        slots = self._slots
        if slots.inside is self.slot:
            slots.settle()
        if slots.inside is self.slot:
            slots.leave()
        return slots.inside is self.slot

    def _changed(self, shim: Shim, run: Run) -> None:
        os.pread(self._watched, 128, 0)
        shim.look_again(run)
