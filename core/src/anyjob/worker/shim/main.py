"""The shim's loop and what it holds between two turns of it. One thread."""

from __future__ import annotations

import os
import select
import signal
import sys

from . import adopt, end, exits, frames, kernel, lines, replay, stop
from .arms import Arms
from .begun import Begun
from .complaint import complain, complain_of_fault
from .holds import Holds
from .journal import Journal, boot_line
from .link import Link
from .orders import Orders
from .quota import LogWatch
from .residents import Residents
from .timers import Timers

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any, NoReturn

    from .run import Run
    from .seat import Seat


_REAPED = 16
"""Children that are reaped before runs are judged that are being killed: of one that has forked hundreds the last is
dead long before all are reaped."""


class Shim:
    """The state of one shim.

    `live` are runs that are not over, `over` the ends that no worker has acknowledged, as they were sent. A child of
    the shim is the leader of a run (`leaders`), or a helper (`by_pid`: what to call with its status and usage), or an
    orphan. `coming` are runs that somebody else starts for the shim: call one to wait until it is known whether it
    began.
    """

    def __init__(self, seat: Seat) -> None:
        self.seat = seat
        self.live: dict[str, Run] = {}
        self.over: dict[str, bytes] = {}
        self.coming: dict[str, Callable[[], None]] = {}
        self.leaders: dict[int, Run] = {}
        self.by_pid: dict[int, Callable[[int, Any], None]] = {}
        self.closing: dict[str, Run] = {}
        self.quitting = False
        self._later: list[Callable[[], None]] = []
        self._epoll = select.epoll()
        self._handlers: dict[int, Callable[[int], None]] = {}
        self.timers = Timers()
        self.watch(self.timers.fd, select.EPOLLIN, lambda _: self.timers.run())
        self._woken, self._wake = os.pipe2(os.O_NONBLOCK | os.O_CLOEXEC)
        self.watch(self._woken, select.EPOLLIN, lambda _: self._reap())
        signal.set_wakeup_fd(self._wake, warn_on_full_buffer=False)
        signal.signal(signal.SIGCHLD, kernel.no_handler)
        path = seat.folder + "/journal.jsonl"
        past = replay.read(path)
        self.exits, self.notes = exits.Exits(seat.folder, seat.exits), exits.Notes(seat.exits)
        self.logs = LogWatch(self.timers, seat.floor)
        self.arms = Arms(self)
        self.orders = Orders(self)
        self.link = Link(self, seat.listener)
        taken = {line["group"] for line in (*past.live.values(), *past.sown.values())} - {None}
        self.holds = Holds(self, taken)
        self.begun = Begun(self, past)
        self.residents = Residents(self)
        self.journal = Journal(path)
        adopt.take_over(self, past)
        for armed in past.armed.values():
            self.arms.arm(armed)
        self.journal.add(boot_line(seat.exits))
        self._flush()
        self._compact()
        self.worker_went()

    def watch(self, fd: int, events: int, handler: Callable[[int], None]) -> None:
        """Call `handler` with the events of a descriptor."""
        self._handlers[fd] = handler
        self._epoll.register(fd, events)

    def rewatch(self, fd: int, events: int) -> None:
        """Wait for other events of a watched descriptor."""
        self._epoll.modify(fd, events)

    def unwatch(self, fd: int) -> None:
        """Forget a descriptor, before it is closed."""
        if self._handlers.pop(fd, None) is not None:
            self._epoll.unregister(fd)

    def say(self, message: bytes) -> None:
        """Tell the worker, if there is one."""
        self.link.say(message)

    def record(self, message: bytes) -> None:
        """Write to the journal, then tell the worker."""
        self.journal.add(message)
        self.link.say(message)

    def write_down(self, message: bytes) -> None:
        """Write to the journal at once. Raises OSError (no space left); it is tried again at the end of the turn
        then.
        """
        self.journal.add(message)
        self.journal.flush()

    def settle(self) -> None:
        """Wait until of all runs that are coming it is known whether they began: for what is to see all there are."""
        while self.coming:
            next(iter(self.coming.values()))()

    def later(self, act: Callable[[], None]) -> None:
        """Do it at the end of this turn, when what is being started has been."""
        self._later.append(act)

    def look_again(self, run: Run) -> None:
        """Judge this run once more when a child has ended, or a little later."""
        if not self.closing:
            self.timers.set("closing", kernel.boottime() + end.LOOK_AGAIN, self._judge)
        self.closing[run.name] = run

    def hello(self) -> dict[str, Any]:
        """The first message on a connection."""
        return {
            "ev": "hello",
            "version": frames.VERSION,
            "pid": os.getpid(),
            "keeper": self.seat.keeper,
            **self.holds.facts(),
        }

    def worker_came(self) -> None:
        """A worker is in charge."""
        self.timers.cancel("idle")
        self.residents.worker_came()

    def worker_went(self) -> None:
        """Nobody is connected: end after a while, if there is nothing to keep."""
        self.timers.set("idle", kernel.boottime() + self.seat.idle, self._idle)

    def loop(self) -> None:
        """Turn until there is nothing left to keep."""
        scans = self.holds.scans
        while not self.quitting or self.live or self.coming or self.residents or self.orders:
            # Ends are taken up between starts, and told: else worker and shim would wait for each other by turns.
            ready = self._epoll.poll(0 if self.orders.ready else self.link.pause)
            scans.stale()
            for fd, events in ready:
                handler = self._handlers.get(fd)
                if handler is not None:
                    handler(events)
            self.orders.some()
            while self._later:
                self._later.pop(0)()
            self.holds.oom.down()
            self._flush()
        self._flush()

    def close(self) -> None:
        """Leave nothing behind but the journal."""
        self.link.close("the shim has nothing to keep and ends")
        try:
            os.unlink(self.seat.folder + "/sock")
        except FileNotFoundError:
            pass
        self.residents.close()
        self.holds.close()

    def _flush(self) -> None:
        try:
            self.journal.flush()
        except OSError as error:
            # A full disk must not keep ends from the worker; the lines stay and are tried again.
            complain(f"journal: {error}")
        if self.journal.full:
            self._compact()
        self.link.flush()

    def _compact(self) -> None:
        self.settle()
        gone = [lines.gone(run, run.status) for run in self.live.values() if run.status is not None]
        asked = [stop.asked_line(run) for run in self.live.values() if run.stop_asked is not None]
        keep = [
            boot_line(self.seat.exits),
            *self.over.values(),
            *(run.line for run in self.live.values()),
            *gone,
            *asked,
            *self.arms.lines(),
            *self.begun.lines(),
            *self.residents.lines(),
        ]
        try:
            self.journal.rewrite(keep)
        except OSError as error:
            complain(f"journal: {error}")
            return
        if not self.begun:  # which may need what stands there
            self.exits.trim()

    def _reap(self) -> None:
        try:
            os.read(self._woken, 4096)
        except BlockingIOError:
            pass
        for _ in range(_REAPED if self.closing else sys.maxsize):
            try:
                gone = os.waitid(os.P_ALL, 0, os.WEXITED | os.WNOWAIT | os.WNOHANG)
            except ChildProcessError:
                break
            if gone is None:
                break
            self.settle()  # the child may be what a spawner that was killed had begun
            self._reap_one(gone.si_pid, exits.raw_status(gone.si_code, gone.si_status))
        else:
            self._wake_up()
        if self.closing:
            self._judge()

    def _wake_up(self) -> None:
        try:
            os.write(self._wake, b"0")
        except BlockingIOError:
            pass  # it is full, so it wakes anyway

    def _reap_one(self, pid: int, status: int) -> None:
        self.residents.before_reap(pid)
        run = self.leaders.pop(pid, None)
        if run is not None:
            # Written down before it is reaped: from here on nobody else could tell it.
            try:
                self.write_down(lines.gone(run, status))
            except OSError as error:
                complain(f"journal: {error}")
        _, status, usage = os.wait4(pid, 0)
        if run is not None:
            end.leader_reaped(self, run, status, usage)
            return
        child = self.by_pid.pop(pid, None)
        if child is not None:
            child(status, usage)
        else:
            self.holds.scans.orphan_ended()

    def _judge(self) -> None:
        self.timers.cancel("closing")
        self.holds.scans.stale()
        runs = list(self.closing.values())
        self.closing.clear()
        for run in runs:
            end.judge(self, run)

    def _idle(self) -> None:
        if self.link.worker is None:
            if self.live or self.coming or self.arms or self.residents:
                self.worker_went()
            else:
                self.quitting = True


def run(seat: Seat) -> NoReturn:
    """The shim's process, forked from the keeper: never returns. Exit status 0 means that the keeper may end too."""
    status = 1
    try:
        kernel.set_name("anyjob-shim")
        kernel.become_subreaper()
        shim = Shim(seat)
        shim.loop()
        shim.close()
        status = 0
    except BaseException:
        complain_of_fault()
    finally:
        os._exit(status)
