"""Which way a run is held: a cgroup where they can be had, else a subreaper of its own while there are any, else a scan."""

from __future__ import annotations

import functools
import os

from . import end, mounts, spawn
from .groups import Group, Slots

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from .main import Shim
    from .run import Run


class Holds:
    """Gives every run its hold, and starts it in there."""

    __slots__ = ("_shim", "_slots", "_why", "oom")

    def __init__(self, shim: Shim) -> None:
        self._shim = shim
        self._slots: Slots | None = None
        self._why = "switched off"
        self.oom = OomScore()
        if shim.seat.cgroup == "auto":
            self._find_groups()

    def _find_groups(self) -> None:
        folder = os.stat(self._shim.seat.folder)
        base = mounts.own_groups().get("")
        if base is None:
            self._why = "no cgroup v2 hierarchy is mounted"
            return
        try:
            self._slots = Slots(base, f"anyjob-{folder.st_dev:x}-{folder.st_ino:x}", set())
        except OSError as error:
            self._why = f"no groups can be made below {base}: {os.strerror(error.errno or 0)}"

    def facts(self) -> dict[str, Any]:
        """For the worker: how runs are held here, and if not by cgroups, why not."""
        if self._slots is not None:
            return {"holds": Group.by}
        return {"holds": "subreaper", "why": self._why}

    def start(self, run: Run, order: dict[str, Any], log: int) -> None:
        """Start the run and hold it. Raises StartError."""
        self.oom.raised()
        slots = self._slots
        if slots is None:
            raise NotImplementedError
        if slots.current is None:
            slots.advance()
        slot = slots.current
        assert slot is not None
        run.pid, run.start = spawn.launch(order, log)
        run.own = True
        self._shim.by_pid[run.pid] = functools.partial(end.leader_reaped, self._shim, run)
        run.hold, run.group = Group(slots, slot), slot.path
        slots.advance()

    def turn_over(self) -> None:
        """The loop's turn is over: undo what was done for the spawns of one turn."""
        self.oom.lowered()

    def close(self) -> None:
        """Remove what was made."""
        if self._slots is not None:
            self._slots.close()


class OomScore:
    """Children are to die before worker and shim when memory runs out, and the score is inherited.

    So the shim raises its own while it spawns. Going back down needs no right: the kernel lets a process lower its score to the
    value that a privileged one gave it. Setting it in the child afterwards would miss what forks at once.
    """

    __slots__ = ("_fd", "_high", "_low", "_raised")

    def __init__(self) -> None:
        self._fd = os.open("/proc/self/oom_score_adj", os.O_RDWR | os.O_CLOEXEC)
        low = int(os.pread(self._fd, 16, 0))
        self._low, self._high = b"%d" % low, b"%d" % min(1000, max(low, 0) + 500)
        self._raised = False

    def raised(self) -> None:
        """Before a spawn."""
        if not self._raised:
            os.pwrite(self._fd, self._high, 0)
            self._raised = True

    def lowered(self) -> None:
        """After the spawns of a turn."""
        if self._raised:
            os.pwrite(self._fd, self._low, 0)
            self._raised = False
