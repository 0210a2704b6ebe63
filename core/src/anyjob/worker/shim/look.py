"""One look at the machine, which serves all runs that ask in one turn of the loop.

Each part is read when it is asked for first: orphans are few, all processes are many, and what they show of themselves
takes several reads for each.
"""

from __future__ import annotations

import os

from . import process

TYPE_CHECKING = False
if TYPE_CHECKING:
    from .process import Facts
    from .scan import Trace


class Look:
    """The shim's orphans, whose they are (`owners`), and all processes."""

    __slots__ = ("_below", "_shown", "orphans", "owners")

    def __init__(self, orphans: list[Facts]) -> None:
        self.orphans = orphans
        self.owners: dict[int, Trace | None] = {}
        self._below: dict[int, list[Facts]] | None = None
        self._shown: Shown | None = None

    @property
    def below(self) -> dict[int, list[Facts]]:
        """Every process by its parent."""
        if self._below is None:
            self._below = process.by_parent()
        return self._below

    @property
    def shown(self) -> Shown:
        """Every living process by what it shows."""
        if self._shown is None:
            own = os.getpid()
            found = (one for family in self.below.values() for one in family)
            self._shown = Shown([one for one in found if one.state not in "ZX" and one.pid != own])
        return self._shown


class Shown:
    """Processes by pid, session, mark and output."""

    __slots__ = ("marks", "outputs", "pids", "sessions")

    def __init__(self, living: list[Facts]) -> None:
        self.pids = {one.pid: one for one in living}
        self.sessions: dict[int, list[Facts]] = {}
        self.marks: dict[str, list[Facts]] = {}
        self.outputs: dict[str, list[Facts]] = {}
        for one in living:
            self.sessions.setdefault(one.session, []).append(one)
            for mark in process.marks(one.pid):
                self.marks.setdefault(mark, []).append(one)
            for output in process.outputs(one.pid):
                self.outputs.setdefault(output, []).append(one)
