"""Runs that an earlier shim may have been starting when it died. None is started twice, and none is lost if that can
be known.
"""

from __future__ import annotations

import json
import os
import time

from . import frames, kernel, process
from .run import Run
from .spawn import StartError

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from .main import Shim
    from .process import Facts
    from .replay import Past


_PATIENCE = 2.0
"""Seconds in which a child must have come through exec, on a busy machine too."""
_GLANCE = 0.003
"""Seconds between two looks."""


def _unknowable() -> StartError:
    return StartError("unknown", ("shim", "the shim died while it started this run; whether it began is not known"))


class Begun:
    """What an order for one of these runs finds: it goes on, it is over, or it is surely not begun."""

    __slots__ = ("_groups", "_known", "_names", "_over", "_same_keeper", "_sessions", "_shim", "_sown", "_tick")

    def __init__(self, shim: Shim, past: Past) -> None:
        self._shim = shim
        self._names, self._sown = past.begun, past.sown
        self._same_keeper = past.keeper == shim.seat.exits
        self._tick = 0
        known = [*past.live.values(), *past.sown.values()]
        self._known = past.named | {(line["pid"], line["start"]) for line in known}
        # Of those that are over, a journal that was rewritten keeps the end alone: pid and moment of the start.
        self._over = {line["pid"]: line["started"] for line in map(json.loads, past.over.values())}
        self._known |= {tuple(line["redactor"]) for line in past.live.values() if line.get("redactor")}
        self._groups = {line["group"] for line in known}
        self._sessions = {line["pid"] for line in known}

    def __bool__(self) -> bool:
        return bool(self._names)

    def __contains__(self, name: str) -> bool:
        return name in self._names

    def lines(self) -> list[bytes]:
        """What the journal must keep."""
        starting = [{"ev": "starting", "runs": [name], "tick": tick} for name, tick in self._names.items()]
        return [frames.encode(line) for line in (*starting, *self._sown.values())]

    def settle(self, order: dict[str, Any]) -> tuple[Run, int | None] | None:
        """A run that did begin, with its raw status if it has ended; None: start it. Raises StartError when nobody
        can know.
        """
        name = order["run"]
        tick, sown = self._names.pop(name, None), self._sown.pop(name, None)
        if sown is not None:
            return self._settle_sown(order, sown)
        if tick is None:
            return None
        self._tick = tick
        until = kernel.boottime() + _PATIENCE
        alone = False
        while True:
            # Strangers first: one that ends in between has been written down when the ends are read.
            strangers = self._strangers(name)
            leader, ended = self._leader(name), self._ended(name)
            if leader is not None or any("mark" in line for line in ended):
                return self._found(order, leader, ended)
            complete = self._same_keeper and os.getppid() == self._shim.seat.keeper
            nobody, alone = not strangers and alone, not strangers  # a list that is read while some go may lack one
            if nobody or not complete or kernel.boottime() > until:
                if ended:
                    return self._found(order, leader, ended)
                if nobody and complete:
                    return None  # the keeper has every child that the dead shim had; this run is not among them
                raise _unknowable()
            time.sleep(_GLANCE)  # a child on its way through exec: it shows its mark, or its end, in a moment

    def _settle_sown(self, order: dict[str, Any], sown: dict[str, Any]) -> tuple[Run, int | None] | None:
        """A run that was given to a certain process, which leads a session from its beginning on. Without its shim it
        begins at once or never: it has its order, or sees the end of its leash.
        """
        pid, begin = sown["pid"], sown["start"]
        until = kernel.boottime() + _PATIENCE
        while True:
            facts = process.facts(pid)
            if facts is None or facts.start != begin:
                # The keeper writes down how a leader of a session ended before it reaps it.
                status = self._shim.exits.find(pid, begin)
                if status is not None:
                    return self._run(order, pid, begin, sown["group"]), status
                if not self._same_keeper or os.getppid() != self._shim.seat.keeper:
                    raise _unknowable()
                return None
            if facts.session == pid and facts.state not in "ZX":
                return self._run(order, pid, begin, sown["group"]), None
            if kernel.boottime() > until:
                raise _unknowable()
            time.sleep(0.002)

    def _found(
        self, order: dict[str, Any], leader: Facts | None, ended: list[dict[str, Any]]
    ) -> tuple[Run, int | None]:
        """Which of those that nobody knew is the run's leader. Raises StartError when that cannot be told."""
        for line in ended:
            if "mark" in line:  # by a spawner, which knew whom it held; who is alive is what its leader has left
                return self._run(order, line["pid"], line["start"], None), line["status"]
        if leader is not None:
            slot = self._slot(process.group_of(leader.pid))
            before = [line for line in ended if slot is not None and self._slot(line["group"]) == slot]
            if not before:
                return self._run(order, leader.pid, leader.start, slot), None
            # What is alive has a session of its own; the run's leader has ended in the same slot.
            ended = before
        slots = {self._slot(line["group"]) for line in ended}
        first = min(line["start"] for line in ended)
        firsts = [line for line in ended if line["start"] == first]
        slot = next(iter(slots))
        if len(slots) > 1 or slot is None or len(firsts) > 1:
            raise _unknowable()
        return self._run(order, firsts[0]["pid"], first, slot), firsts[0]["status"]

    def _ended(self, name: str) -> list[dict[str, Any]]:
        """Leaders that have ended, of this run or of nobody knows which."""
        found: list[dict[str, Any]] = []
        mark = self._shim.seat.mark(name)
        for line in self._shim.exits.lines().values():
            known = line.get("mark")
            fits = self._fresh if known == mark else self._new if known is None else None
            if fits is not None and fits(line["pid"], line["start"], line["group"]):
                found.append(line)
        return found

    def _slot(self, group: str | None) -> str | None:
        return None if group is None else self._shim.holds.slot_of(group)

    def _fresh(self, pid: int, start: int, _group: str | None = None) -> bool:
        """Whether a leader of a session may be what the dead shim started last, wherever it is."""
        return start >= self._tick and (pid, start) not in self._known and not self._is_over(pid, start)

    def _new(self, pid: int, start: int, group: str | None) -> bool:
        """The same of one that nothing else is known of: it is where runs are put."""
        if not self._fresh(pid, start):
            return False
        if not self._shim.holds.grouped:
            return True
        slot = self._slot(group)
        return slot is None or slot not in self._groups

    def _is_over(self, pid: int, start: int) -> bool:
        """Whether it is a run's whose end is written down. A second tells it from a later process of the number."""
        started = self._over.get(pid)
        return started is not None and abs(started - _epoch(start)) < 1

    def _leader(self, name: str) -> Facts | None:
        mark = self._shim.seat.mark(name)
        left = self._shim.exits.left(mark)
        if left is not None:
            # Its spawner has said whose it is; who else has the mark is below it. It is gone: its end is on its way.
            facts = process.facts(left[0])
            return facts if facts is not None and facts.start == left[1] and facts.state not in "ZX" else None
        found = [
            one
            for one in process.all_facts()
            if one.session == one.pid and one.state not in "ZX" and self._fresh(one.pid, one.start)
        ]
        found = [one for one in found if process.marked(one.pid, mark)]
        return min(found, key=lambda one: one.start, default=None)

    def _strangers(self, name: str) -> list[int]:
        """Children of the keeper that may be the run, without its mark: not through exec yet, or with a wiped
        environment. Or that may still begin it: what the dead shim had in its own session, and has not left yet.
        """
        mark, ours = self._shim.seat.mark(name), self._shim.seat.mark("")
        left = self._shim.exits.left(mark)
        found = [] if left is None else [left[0]]
        for pid in process.children(self._shim.seat.keeper):
            facts = process.facts(pid)
            if facts is None:
                found.append(pid)  # gone meanwhile: what it had is the keeper's own since
                continue
            if pid == os.getpid() or facts.session in self._sessions:
                continue
            if self._shim.exits.foreign(pid, facts.start, mark):
                continue
            if facts.session != os.getsid(0) and not self._new(pid, facts.start, process.group_of(pid)):
                continue
            marks = process.marks(pid)
            if process.NO_RUN not in marks and not any(one.startswith(ours) and one != mark for one in marks):
                found.append(pid)
        return found

    def _run(self, order: dict[str, Any], pid: int, start: int, slot: str | None) -> Run:
        run = Run(order)
        run.pid, run.start, run.group = pid, start, slot
        run.started = _epoch(start)
        run.note("shim", "the shim died while it started this run; found again by its group, session and mark")
        return run


def _epoch(tick: int) -> float:
    return time.time() - (kernel.boottime() - tick * kernel.TICK_NS / 1e9)
