"""Warm starts: a run becomes a fork of a resident instead of a program of its own.

The order names a `key` and the `argv` that starts the resident. Runs share one whose key, argv, user and environment at
its start are the same. What it says and hears, on a SOCK_SEQPACKET socket that is its stdin:

    resident   {"ev":"ready","longest":N}, or {"ev":"failed","cause":C,"evidence":[[source,text]]} and its end
    shim       a message with one socket, a leash, for each process that is wanted
    resident   {"ev":"forked","pids":[...]}: one for each leash, in order; each is a child of the shim by now
    shim       on the leash, when a run is to begin: the order and with it one file, the log; an order of N bytes or
               more, or where no N was said, is a file of its own before the log, and the message says nothing
    process    {"ev":"begun"}, after which it may do what it likes, or {"ev":"failed",...} and its end

The order is parts that NUL bytes end: bytes of RLIMIT_AS or nothing, the working directory, the number of arguments,
these, and the variables, the run's mark first. The process puts itself into the state that exec leaves, leads a session
of its own and shows its mark in /proc before it says `begun`. It ends unbegun when its leash does.

A waiting process sits in its run's group before it hears of the run, and the limits are set then: nothing of the run is
ever outside. It sits there ahead, so no run waits for the kernel to move it. A later shim is as sure as after a cold
start, for the journal names the process before the order is sent, and it leads a session only if it has begun.
"""

from __future__ import annotations

import functools
import os
import select
import time

from . import end, kernel, process, start
from .complaint import complain
from .groups import Group
from .report import Report
from .resident import ANSWER, Resident, environment
from .seed import Seed, check
from .spawn import StartError

TYPE_CHECKING = False
if TYPE_CHECKING:
    import socket
    from typing import Any

    from .groups import Slot
    from .main import Shim
    from .run import Run

_MOST = 16
"""Residents of one shim; the one that was idle longest makes room."""
_LIFE = 3600.0
"""Seconds after which a resident makes room for a new one: what it has loaded may have changed on the disk."""
_TRIES = 2
"""Processes that a run may get: one that was killed before it began has done nothing."""
_WORD = 2.0
"""Seconds in which a process that has its order must have begun, where the shim cannot go on without knowing."""


class Residents:
    """All residents of one shim, and the runs on their way through them."""

    def __init__(self, shim: Shim) -> None:
        self.shim = shim
        self._by_key: dict[object, Resident] = {}
        self._leaving: set[Resident] = set()
        self._waiting: dict[str, Resident] = {}
        self._sown: dict[str, Seed] = {}
        self._tries: dict[str, int] = {}
        self._burying: dict[int, Slot] = {}

    def __len__(self) -> int:
        """Runs that have not begun yet."""
        return len(self._waiting) + len(self._sown)

    def __contains__(self, name: str) -> bool:
        return name in self._waiting or name in self._sown

    def wanted(self, order: dict[str, Any]) -> bool:
        """Whether the order is a warm one that can be had: without groups it is started cold, as it is when every
        resident is busy and there may be no more.
        """
        if "warm" not in order or not self.shim.holds.grouped:
            return False
        return len(self._by_key) < _MOST or self._key(order) in self._by_key or self._idlest() is not None

    def start(self, run: Run, order: dict[str, Any]) -> None:
        """Start the run as soon as a process is there for it. Raises StartError when there is no resident to be had."""
        check(order)
        key = self._key(order)
        one = self._by_key.get(key)
        if one is not None and kernel.boottime() - one.born > _LIFE and not one.waiting:
            self._dismiss(one)
            one = None
        if one is None:
            one = self._begin(key, order)
        self._waiting[run.name] = one
        if run.deadline is not None:
            late = ("deadline", "it passed before the resident was ready")
            self.shim.timers.set(("deadline", run.name), run.deadline, lambda: self._drop(run.name, "timed_out", late))
        one.add(run, order)

    def withdraw(self, name: str, stage: str) -> Report | None:
        """A stop for a run that has not begun. Returns the proof that it never will; None: it has begun, or it is
        being killed.
        """
        why = ("resident", f"a stop was asked for ({stage}) before the run had begun")
        if name in self._waiting:
            self._drop(name, "stopped", why, stage)
            return end.NEVER
        seed = self._sown.get(name)
        if seed is not None:
            seed.await_word(_WORD)
            self._hear(seed)
            if name in self._sown and seed.run is not None:
                seed.failed = "stopped", [why]
                seed.run.stop_asked = stage
                seed.slot.kill()
        return None

    def cancel(self, name: str) -> None:
        """Do not start this run, unless it was given to a process already."""
        if name in self._waiting:
            self._drop(name, "stopped", ("resident", "stopped before it had begun"))

    def worker_came(self) -> None:
        """A worker that has just come orders anew what it wants; what it does not know of must not begin later."""
        for name in list(self._waiting):
            run = self._take(name)
            self.shim.timers.cancel(("deadline", run.name))
        for seed in list(self._sown.values()):
            seed.await_word(_WORD)
            self._hear(seed)

    def lines(self) -> list[bytes]:
        """What the journal must keep."""
        return [seed.line() for seed in self._sown.values()]

    def close(self) -> None:
        """Send all away, and wait until their groups are empty."""
        if self.shim.holds.grouped:
            self.shim.holds.mover.settle()
        slots = [one.slot for one in self._by_key.values()] + [one.slot for one in self._leaving]
        slots += [seed.slot for one in self._by_key.values() for seed in one.spare]
        for one in list(self._by_key.values()):
            self._dismiss(one)
        slots += self._burying.values()
        until = kernel.boottime() + _WORD
        while any(slot.populated() for slot in slots) and kernel.boottime() < until:
            for slot in slots:
                slot.kill()
            time.sleep(0.001)
        for slot in slots:
            self.shim.holds.give_back(slot)

    # ---------------------------------------------------------------- what a resident tells

    def place(self, one: Resident, leashes: list[socket.socket], pids: list[int]) -> None:
        """A resident has forked: put each process into a group, and tell it then. The others are gone, or not what they
        are said to be.
        """
        forked = zip(leashes, pids, strict=False)
        seeds = [seed for leash, pid in forked if (seed := self._seed(leash, pid)) is not None]
        if seeds:
            one.moving += len(seeds)
            moves = [(seed.slot, seed.pid) for seed in seeds]
            self.shim.holds.mover.move(moves, functools.partial(self._placed, one, seeds))

    def refuse(self, run: Run, text: str) -> None:
        """There is no process to be had for a run that waits for one."""
        self._drop(run.name, "start_failed", ("resident", text))

    def _seed(self, leash: socket.socket, pid: int) -> Seed | None:
        shim = self.shim
        facts = process.facts(pid)
        if facts is None or facts.parent != os.getpid() or pid in shim.by_pid or pid in shim.leaders:
            leash.close()
            return None
        try:
            slot = shim.holds.free()
        except OSError as error:
            complain(f"no group for process {pid} of a resident: {error}")
            leash.close()
            return None
        seed = Seed(leash, pid, facts.start, slot)
        shim.by_pid[pid] = functools.partial(self._ended, seed)
        return seed

    def _placed(self, one: Resident, seeds: list[Seed], errors: list[int]) -> None:
        good: list[Seed] = []
        for seed, error in zip(seeds, errors, strict=True):
            if error:
                complain(f"process {seed.pid} of a resident cannot be put into {seed.slot.path}: {os.strerror(error)}")
            # Only now is it sure that the number was its own all the time.
            if error or seed.word() is not None:
                seed.leash.close()
            else:
                good.append(seed)
        one.placed(good, len(seeds), next((os.strerror(error) for error in errors if error), "it was gone at once"))

    def sow(self, one: Resident, seed: Seed, run: Run, order: dict[str, Any]) -> None:
        """Let a waiting process become the run."""
        shim = self.shim
        del self._waiting[run.name]
        shim.timers.cancel(("deadline", run.name))
        try:
            output = start.output(shim, run, order)
        except StartError as error:
            one.spare.append(seed)
            end.never_started(shim, run, error.cause, error.evidence)
            return
        try:
            memory = shim.holds.limit(seed.slot, run, order.get("limits"), seed.pid)
            run.pid, run.start = seed.pid, seed.start
            shim.holds.hold_in(seed.slot, run)
            seed.run, seed.order = run, order
            shim.write_down(seed.line())
            self._sown[run.name] = seed
            shim.watch(seed.leash.fileno(), select.EPOLLIN, lambda _: self._hear(seed))
            shim.timers.set(("sown", run.name), kernel.boottime() + ANSWER, lambda: self._late(seed))
            seed.give(order, output, memory, one.longest)
        except StartError as error:
            seed.leash.close()
            end.never_started(shim, run, error.cause, error.evidence)
        except OSError as error:
            if run.name not in self._sown:  # the journal cannot be written
                seed.run = None
                seed.leash.close()
                self._unhold(run)
                end.never_started(
                    shim, run, "start_failed", [("shim", f"the journal: {os.strerror(error.errno or 0)}")]
                )
        finally:
            os.close(output)

    def before_reap(self, pid: int) -> None:
        """A child is a zombie: what it said last comes before its end."""
        if pid in self.shim.by_pid and self.shim.holds.grouped:
            self.shim.holds.mover.settle(pid)  # its number is its own only until it is reaped
        for seed in self._sown.values():
            if seed.pid == pid:
                self._hear(seed)
                return

    def died(self, one: Resident, cause: str, evidence: list[tuple[str, str]]) -> None:
        """A resident has ended. Its runs get another if it had come up, for they have not begun."""
        self._leaving.discard(one)
        if self._by_key.get(one.key) is one:
            del self._by_key[one.key]
        self._bury(one.slot)
        left = list(one.waiting)
        for run, order in left:
            self._take(run.name)
            if one.ready:
                self._again(run, order, cause, evidence)
            else:
                end.never_started(self.shim, run, cause, evidence)

    # ---------------------------------------------------------------- processes that have an order

    def _hear(self, seed: Seed) -> None:
        run = seed.run
        if run is None or self._sown.get(run.name) is not seed:
            return
        shim = self.shim
        word = seed.word()
        if word == "gone":
            shim.unwatch(seed.leash.fileno())  # its end is reported by itself
        if word != "begun":
            return
        self._forget(seed, run)
        shim.by_pid.pop(seed.pid, None)
        shim.leaders[seed.pid] = run
        run.own = True
        start.enter(shim, run)

    def _late(self, seed: Seed) -> None:
        seed.failed = (
            "start_failed",
            [("resident", f"process {seed.pid} did not begin within {ANSWER:g} s; it was killed")],
        )
        seed.slot.kill()

    def _ended(self, seed: Seed, status: int, _usage: Any) -> None:
        """A process has ended without having begun."""
        run = seed.run
        for one in self._by_key.values():
            if seed in one.spare:
                one.spare.remove(seed)
        if run is None or self._sown.get(run.name) is not seed:
            seed.leash.close()
            self._bury(seed.slot)
            return
        killed = self.shim.holds.oom_kills(run)
        oom = killed is not None and killed > run.oom_before
        self._forget(seed, run)
        self._unhold(run)
        self._bury(seed.slot)
        code = os.waitstatus_to_exitcode(status)
        how = f"with status {code}" if code >= 0 else f"by signal {-code}"
        said = [("resident", f"process {seed.pid}, which was to be the run, ended {how} before it had begun")]
        if seed.failed is not None:
            end.never_started(self.shim, run, *seed.failed)
        elif oom:
            end.never_started(self.shim, run, "out_of_memory", said)
        else:
            self._again(run, seed.order, "start_failed", said)

    def _forget(self, seed: Seed, run: Run) -> None:
        self._sown.pop(run.name, None)
        self._tries.pop(run.name, None)
        self.shim.timers.cancel(("sown", run.name))
        self.shim.unwatch(seed.leash.fileno())
        seed.leash.close()

    def _unhold(self, run: Run) -> None:
        run.pid = run.start = run.group = run.hold = None

    def _again(self, run: Run, order: dict[str, Any], cause: str, evidence: list[tuple[str, str]]) -> None:
        tries = self._tries[run.name] = self._tries.get(run.name, 1) + 1
        if tries <= _TRIES:
            run.evidence += evidence
            try:
                self.start(run, order)
            except StartError as error:
                cause, evidence = error.cause, error.evidence
            else:
                return
        del self._tries[run.name]
        end.never_started(self.shim, run, cause, evidence)

    # ---------------------------------------------------------------- runs that wait

    def _take(self, name: str) -> Run:
        one = self._waiting.pop(name)
        for at, (run, _) in enumerate(one.waiting):
            if run.name == name:
                del one.waiting[at]
                return run
        raise KeyError(name)

    def _drop(self, name: str, cause: str, evidence: tuple[str, str], stage: str | None = None) -> None:
        run = self._take(name)
        run.stop_asked = stage
        self.shim.timers.cancel(("deadline", name))
        end.never_started(self.shim, run, cause, [evidence])

    # ---------------------------------------------------------------- residents

    def _key(self, order: dict[str, Any]) -> object:
        warm, user = order["warm"], order.get("user")
        who = None if user is None else (user["uid"], user["gid"], tuple(user["groups"]))
        return warm["key"], tuple(warm["argv"]), who, tuple(sorted(environment(order["env"]).items()))

    def _idlest(self) -> Resident | None:
        idle = [one for one in self._by_key.values() if not one.waiting]
        return min(idle, key=lambda one: one.used, default=None)

    def _begin(self, key: object, order: dict[str, Any]) -> Resident:
        if len(self._by_key) >= _MOST:
            idlest = self._idlest()
            if idlest is not None:
                self._dismiss(idlest)
        try:
            one = self._by_key[key] = Resident(self, key, order)
        except OSError as error:
            raise StartError("start_failed", ("resident", os.strerror(error.errno or 0))) from error
        self._thin()
        return one

    def _dismiss(self, one: Resident) -> None:
        if self._by_key.get(one.key) is one:
            del self._by_key[one.key]
        self._leaving.add(one)
        one.leave()

    def _thin(self) -> None:
        now, patience = kernel.boottime(), self.shim.seat.resident_idle
        for one in [one for one in self._by_key.values() if not one.waiting and now - one.used >= patience]:
            self._dismiss(one)
        if self._by_key:
            again = min(one.used for one in self._by_key.values()) + patience
            self.shim.timers.set("residents", max(again, now + 0.05), self._thin)

    def _bury(self, slot: Slot, since: float | None = None) -> None:
        """Give a group back once nobody is in it: what a resident has started goes with it."""
        since = kernel.boottime() if since is None else since
        self._burying.pop(slot.number, None)
        if not slot.populated():
            self.shim.holds.give_back(slot)
        elif kernel.boottime() - since > Group.patience:
            self.shim.holds.retire(slot)
        else:
            self._burying[slot.number] = slot
            slot.kill()
            again = kernel.boottime() + end.LOOK_AGAIN
            self.shim.timers.set(("bury", slot.number), again, lambda: self._bury(slot, since))
