"""Which way a run is held: a cgroup where they can be had, else a subreaper of its own while there are any, else a
scan.
"""

from __future__ import annotations

import os

from . import end, limits, mounts, scan, spawn
from .complaint import complain
from .groups import Group, Slot, Slots
from .limits import Limiter
from .mover import Mover
from .oom import OomScore
from .run import Run
from .subreaper import Spawners

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any

    from .main import Shim


class Holds:
    """Gives every run its hold, and starts it in there."""

    __slots__ = ("_mover", "_shim", "_slots", "_spawners", "_why", "oom", "scans")

    def __init__(self, shim: Shim, taken: set[str]) -> None:
        """`taken`: groups of runs that an earlier shim started."""
        self._shim = shim
        self._slots: Slots | None = None
        self._mover: Mover | None = None
        self._why = "switched off"
        self.oom = OomScore()
        self.scans = scan.Scans(shim)
        self._spawners = Spawners(shim, shim.seat.spawners)
        if shim.seat.cgroup != "off":
            self._find_groups(taken)

    def _find_groups(self, taken: set[str]) -> None:
        folders = mounts.own_groups()
        own = folders.get("")
        if own is None:
            self._why = "no cgroup v2 hierarchy is mounted"
            return
        name = f"anyjob-{self._shim.seat.token}"
        for base in mounts.bases(own):
            try:
                self._slots = Slots(base, own, name, taken, self._judge_later)
            except OSError as error:
                self._why = f"no groups can be made below {base}: {os.strerror(error.errno or 0)}"
                continue
            self._slots.limiter = Limiter(self._slots.root, folders, {path.rpartition("/")[2] for path in taken})
            self._mover = self._slots.mover = Mover(self._shim, self._slots.folders, self._slots.leave)
            self._mover.begin()  # now that the kernel lets it leave the shim's group at once
            return

    def _judge_later(self, run: Run) -> None:
        self._shim.later(lambda: end.judge(self._shim, run))

    def facts(self) -> dict[str, Any]:
        """For the worker: how runs are held and limited here."""
        if self._slots is None:
            return {"holds": "subreaper", "why": self._why, "limits": {"memory": "rlimits"}}
        limiter = self._slots.limiter
        return {"holds": Group.by, "limits": {} if limiter is None else limiter.facts()}

    def start(self, run: Run, order: dict[str, Any], log: int) -> bool:
        """Start the run and hold it. False: it is among the shim's `coming`, until it is known whether it began. Raises
        StartError."""
        asked: dict[str, Any] | None = order.get("limits")
        slot = self._slot(run)
        if slot is not None:
            self._start_in(slot, run, order, log, asked)
            return True
        memory = None
        if asked is not None:
            limits.check(asked)
            memory = limits.by_rlimits(run, asked)
        self.oom.down()
        if self._spawners.start(run, order, log, memory):
            if self.grouped:
                self._shim.settle()  # of a batch one run is touched at a time here, as the journal has it
            return False
        self.oom.up()
        run.pid, run.start = spawn.launch(order, log, memory=memory)
        scan.take(self._shim, run)
        return True

    def start_resident(self, order: dict[str, Any], output: int, channel: int) -> tuple[int, Slot]:
        """Start a resident in a group of its own. Returns its pid and the group. Raises StartError and OSError."""
        slots = self._slots
        assert slots is not None
        slot = slots.seat()
        if slots.limiter is not None:
            slots.limiter.before(slot, Run({"run": "", "log": ""}), None)
        self.oom.up()
        pid, _ = spawn.launch(order, output, channel=channel)
        self._advance(slots.advance)  # it may be killed as soon as this returns
        return pid, slot

    def free(self) -> Slot:
        """A group for a process that a resident has forked. Raises OSError."""
        assert self._slots is not None
        return self._slots.take()

    @property
    def mover(self) -> Mover:
        """Who puts it there, where there are groups."""
        assert self._mover is not None
        return self._mover

    def limit(self, slot: Slot, run: Run, asked: dict[str, Any] | None, pid: int) -> int | None:
        """Set the run's limits in a group in which its process waits. Returns bytes of address space, as
        `limits.by_rlimits`. Raises StartError.
        """
        assert self._slots is not None
        limiter = self._slots.limiter
        if limiter is None:
            return None
        self._slots.settle()
        memory = limiter.before(slot, run, asked, pid, self._slots.current)
        limiter.after(slot, run, asked)
        return memory

    def hold_in(self, slot: Slot, run: Run) -> None:
        """The run's process is in the group."""
        assert self._slots is not None
        run.hold, run.group = Group(self._slots, slot), slot.path

    def give_back(self, slot: Slot) -> None:
        """Nobody is in the group any more."""
        assert self._slots is not None
        self._slots.give_back(slot)

    def retire(self, slot: Slot) -> None:
        """Somebody is in the group who cannot be killed."""
        assert self._slots is not None
        self._slots.retire(slot)

    def claim(self, run: Run) -> None:
        """Hold a run that an earlier shim started."""
        run.hold = scan.Found(self._shim, run)
        if self._slots is not None and run.group is not None:
            slot = self._slots.claim(run, run.group)
            if slot is not None:
                run.hold = Group(self._slots, slot)

    def oom_kills(self, run: Run) -> int | None:
        """How many processes of the run's group the kernel has killed for want of memory; None: nobody counts."""
        hold, slots = run.hold, self._slots
        if slots is None or slots.limiter is None or not isinstance(hold, Group):
            return None
        return slots.limiter.oom_kills(hold.slot.number)

    @property
    def grouped(self) -> bool:
        """Whether runs are held by groups here."""
        return self._slots is not None

    def slot_of(self, group: str) -> str | None:
        """The folder of the slot that a path in /proc/PID/cgroup means; None when it is none of this state folder's."""
        if self._slots is None:
            return None
        root = self._slots.root
        _, found, rest = group.partition(f"/{os.path.basename(root)}/")
        return f"{root}/{rest.partition('/')[0]}" if found else None

    def leave(self) -> None:
        """In a fork of the shim that is to live on beside it: out of the group in which the shim sits. Raises
        OSError.
        """
        if self._slots is not None:
            self._slots.leave()

    def close(self) -> None:
        """Remove what was made."""
        self._spawners.close()
        if self._slots is not None:
            self._slots.close()
        if self._mover is not None:
            self._mover.close()

    def _slot(self, run: Run) -> Slot | None:
        slots = self._slots
        if slots is None:
            return None
        try:
            return slots.seat()
        except OSError as error:
            run.note("shim", f"held without a group: {os.strerror(error.errno or 0)}")
            return None

    def _start_in(self, slot: Slot, run: Run, order: dict[str, Any], log: int, asked: dict[str, Any] | None) -> None:
        slots = self._slots
        assert slots is not None
        limiter = slots.limiter
        memory = limiter.before(slot, run, asked) if limiter is not None else None
        self.oom.up()
        run.pid, run.start = spawn.launch(order, log, memory=memory)
        run.own = True
        self._shim.leaders[run.pid] = run
        run.hold, run.group = Group(slots, slot), slot.path
        self._advance(slots.go_on if asked is None else slots.advance)
        if limiter is not None and asked is not None:
            limiter.after(slot, run, asked)

    def _advance(self, how: Callable[[], None]) -> None:
        try:
            how()
        except OSError as error:
            # What was started goes on; the shim is at home and tries again at the next start.
            complain(f"no further group: {error}")
