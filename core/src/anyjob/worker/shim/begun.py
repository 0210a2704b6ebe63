"""Runs that an earlier shim may have been starting when it died. None is started twice, and none is lost if that can
be known.
"""

from __future__ import annotations

import os
import time

from . import exits, frames, kernel, process
from .run import Run
from .spawn import StartError

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from .main import Shim
    from .process import Facts
    from .replay import Past


class Begun:
    """What an order for one of these runs finds: it goes on, it is over, or it is surely not begun."""

    __slots__ = ("_groups", "_known", "_names", "_same_keeper", "_sessions", "_shim", "_tick")

    def __init__(self, shim: Shim, past: Past) -> None:
        self._shim = shim
        self._names = past.begun
        self._same_keeper = past.keeper == shim.seat.exits
        self._tick = 0
        self._known = {(line["pid"], line["start"]) for line in past.live.values()}
        self._known |= {tuple(line["redactor"]) for line in past.live.values() if line.get("redactor")}
        self._groups = {line["group"] for line in past.live.values()}
        self._sessions = {line["pid"] for line in past.live.values()}

    def lines(self) -> list[bytes]:
        """What the journal must keep."""
        return [frames.encode({"ev": "starting", "runs": [name], "tick": tick}) for name, tick in self._names.items()]

    def settle(self, order: dict[str, Any]) -> tuple[Run, int | None] | None:
        """A run that did begin, with its raw status if it has ended; None: start it. Raises StartError when nobody
        can know.
        """
        name = order["run"]
        tick = self._names.pop(name, None)
        if tick is None:
            return None
        self._tick = tick
        ended = [
            line
            for line in exits.read(self._shim.seat.folder).values()
            if self._new(line["pid"], line["start"], line["group"])
        ]
        leader = self._leader(name)
        if leader is not None:
            slot = self._slot(process.group_of(leader.pid))
            for line in ended:
                if slot is not None and self._slot(line["group"]) == slot:
                    # What is alive has a session of its own; the leader of the run is the one that has ended in the
                    # same slot.
                    return self._run(order, line["pid"], line["start"], slot), line["status"]
            return self._run(order, leader.pid, leader.start, slot), None
        if len(ended) == 1 and self._slot(ended[0]["group"]) is not None:
            line = ended[0]
            return self._run(order, line["pid"], line["start"], self._slot(line["group"])), line["status"]
        if not ended and self._same_keeper and os.getppid() == self._shim.seat.keeper and not self._strangers():
            return None  # the keeper has every child that the dead shim had, and this run is not among them
        raise StartError(
            "unknown", ("shim", "the shim died while it started this run; whether the run began is not known")
        )

    def _slot(self, group: str | None) -> str | None:
        return None if group is None else self._shim.holds.slot_of(group)

    def _new(self, pid: int, start: int, group: str | None) -> bool:
        """Whether a leader of a session may be what the dead shim started last."""
        if start < self._tick or (pid, start) in self._known:
            return False
        if not self._shim.holds.grouped:
            return True
        slot = self._slot(group)
        return slot is not None and slot not in self._groups

    def _leader(self, name: str) -> Facts | None:
        found = [
            one
            for one in process.all_facts()
            if one.session == one.pid
            and one.state not in "ZX"
            and self._new(one.pid, one.start, process.group_of(one.pid))
        ]
        found = [one for one in found if process.marked(one.pid, name)]
        return min(found, key=lambda one: one.start, default=None)

    def _strangers(self) -> list[int]:
        """Children of the keeper that may be the run, without its mark: not through exec yet, or with a wiped
        environment.
        """
        found: list[int] = []
        for pid in process.children(self._shim.seat.keeper):
            facts = process.facts(pid)
            if facts is None or pid == os.getpid() or facts.session in self._sessions:
                continue
            if self._new(pid, facts.start, process.group_of(pid)):
                found.append(pid)
        return found

    def _run(self, order: dict[str, Any], pid: int, start: int, slot: str | None) -> Run:
        run = Run(order)
        run.pid, run.start, run.group = pid, start, slot
        run.started = time.time() - (kernel.boottime() - start * kernel.TICK_NS / 1e9)
        run.note("shim", "the shim died while it started this run; found again by its group, session and mark")
        return run
