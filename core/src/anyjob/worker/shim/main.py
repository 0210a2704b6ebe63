"""The shim's loop and what it holds between two turns of it. One thread."""

from __future__ import annotations

import os
import select
import signal
import sys
import traceback

from . import end, frames, kernel, start, stop
from .holds import Holds
from .journal import Journal
from .link import Link
from .timers import Timers

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any, NoReturn

    from .run import Run
    from .seat import Seat


class Shim:
    """The state of one shim. `live` are runs that are not over, `over` the ends that no worker has acknowledged, as sent; `by_pid` what to call
    with status and usage when a child of the shim has been reaped."""

    def __init__(self, seat: Seat) -> None:
        self.seat = seat
        self.live: dict[str, Run] = {}
        self.over: dict[str, bytes] = {}
        self.by_pid: dict[int, Callable[[int, Any], None]] = {}
        self.closing: dict[str, Run] = {}
        self.quitting = False
        self._epoll = select.epoll()
        self._handlers: dict[int, Callable[[int], None]] = {}
        self.timers = Timers()
        self.watch(self.timers.fd, select.EPOLLIN, lambda _: self.timers.run())
        self._woken, wake = os.pipe2(os.O_NONBLOCK | os.O_CLOEXEC)
        self.watch(self._woken, select.EPOLLIN, lambda _: self._reap())
        signal.set_wakeup_fd(wake, warn_on_full_buffer=False)
        signal.signal(signal.SIGCHLD, lambda *_: None)
        self.journal = Journal(seat.folder + "/journal.jsonl", ())
        self.holds = Holds(self)
        self.link = Link(self, seat.listener)
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

    def worker_went(self) -> None:
        """Nobody is connected: end after a while, if there is nothing to keep."""
        self.timers.set("idle", kernel.boottime() + self.seat.idle, self._idle)

    def obey(self, message: dict[str, Any]) -> None:
        """Do what a worker asks. A fault in one message must not end the shim, which has other runs to keep."""
        do = message.get("do")
        try:
            if do == "start":
                start.begin(self, message)
            elif do == "stop":
                stop.order(self, message["run"], message["stage"])
            elif do == "ack":
                self._ack(message["runs"])
            elif do == "list":
                self._list()
            elif do == "quit_when_idle":
                self.quitting = True
            else:
                self.say(frames.encode({"ev": "fault", "text": f"unknown order {do!r}"}))
        except Exception as error:
            traceback.print_exc()
            self.say(frames.encode({"ev": "fault", "text": f"{do}: {type(error).__name__}: {error}"}))

    def loop(self) -> None:
        """Turn until there is nothing left to keep."""
        while not (self.quitting and not self.live):
            for fd, events in self._epoll.poll():
                handler = self._handlers.get(fd)
                if handler is not None:
                    handler(events)
            self.holds.turn_over()
            self._flush()
        self._flush()

    def close(self) -> None:
        """Leave nothing behind but the journal."""
        self.link.close("the shim has nothing to keep and ends")
        try:
            os.unlink(self.seat.folder + "/sock")
        except FileNotFoundError:
            pass
        self.holds.close()

    def _flush(self) -> None:
        try:
            self.journal.flush()
            if self.journal.full:
                self.journal.rewrite([*(run.line for run in self.live.values()), *self.over.values()])
        except OSError as error:
            # A full disk must not keep ends from the worker; the lines stay and are tried again.
            print(f"shim: journal: {error}", file=sys.stderr, flush=True)
        self.link.flush()

    def _reap(self) -> None:
        try:
            os.read(self._woken, 4096)
        except BlockingIOError:
            pass
        while True:
            try:
                pid, status, usage = os.wait4(-1, os.WNOHANG)
            except ChildProcessError:
                break
            if not pid:
                break
            child = self.by_pid.pop(pid, None)
            if child is not None:
                child(status, usage)
        if self.closing:
            self._judge()

    def _judge(self) -> None:
        self.timers.cancel("closing")
        runs = list(self.closing.values())
        self.closing.clear()
        for run in runs:
            end.judge(self, run)

    def _idle(self) -> None:
        if self.link.worker is None:
            if self.live:
                self.worker_went()
            else:
                self.quitting = True

    def _ack(self, names: list[str]) -> None:
        for name in names:
            self.over.pop(name, None)
        self.journal.add(frames.encode({"ev": "ack", "runs": names}))

    def _list(self) -> None:
        live = b",".join([run.line for run in self.live.values()])
        over = b",".join(self.over.values())
        self.say(b'{"ev":"list","live":[' + live + b'],"ended":[' + over + b"]}")


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
        traceback.print_exc()
    finally:
        sys.stderr.flush()
        os._exit(status)
