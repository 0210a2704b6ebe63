"""A process that moves others into groups, the shim too, so that the shim need not wait until the kernel lets it.

The first move after some milliseconds without one waits for a grace period of the kernel, ten of them and more, and the
shim has all other runs to look after meanwhile. Whoever asks answers for it that the numbers are their processes' own
until the answer is there: it reaps none of them before.

Source: Linux kernel, cgroup v2, favordynmods.
"""

from __future__ import annotations

import functools
import marshal
import os
import select
import signal
import socket
from collections import deque

from . import kernel, packet, process
from .groups import Slot, write

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from typing import Any, NoReturn

    from .main import Shim

    Moves = Sequence[tuple[Slot, int]]
    Done = Callable[[list[int]], None]

_ANSWER = 20.0
"""Seconds in which it must have moved what it was asked to."""


class Mover:
    """The shim's side. It is forked anew when somebody has killed it."""

    __slots__ = ("_asked", "_channel", "_folders", "_leave", "_pid", "_shim")

    def __init__(self, shim: Shim, folders: Callable[[Slot], list[str]], leave: Callable[[], None]) -> None:
        """`folders`: all groups of a slot that a process is to be in; `leave`: out of the group in which the shim sits,
        which raises OSError.
        """
        self._shim, self._folders, self._leave = shim, folders, leave
        self._pid = 0
        self._channel: socket.socket | None = None
        self._asked: deque[tuple[Moves, Done]] = deque()

    def move(self, moves: Moves, done: Done) -> None:
        """Put each process into its slot. `done` is called with 0 or an errno for each, soon."""
        self._asked.append((moves, done))
        if self._channel is None:
            self.begin()
        if self._channel is None:
            self._by_hand()
            return
        try:
            self._channel.send(marshal.dumps([(pid, self._folders(slot)) for slot, pid in moves]))
        except OSError:
            self._by_hand()
            return
        if len(self._asked) == 1:
            self._hurry()

    def settle(self, pid: int | None = None) -> None:
        """Wait until all are where they belong, or this one if it is on its way."""
        while self._asked and (pid is None or any(pid == moved for moves, _ in self._asked for _, moved in moves)):
            if self._speaks():
                self._hear()
            else:
                self._by_hand()

    def close(self) -> None:
        """Send it away."""
        if self._channel is not None:
            self._shim.unwatch(self._channel.fileno())
            self._channel.close()
            self._channel = None

    def begin(self) -> None:
        """Fork it; without one `move` waits by itself."""
        ours, its = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        parent = os.getpid()
        try:
            self._pid = pid = os.fork()
        except OSError:
            ours.close()
            its.close()
            return
        if pid == 0:
            _work(its, self._leave, parent)
        its.close()
        shim = self._shim
        shim.by_pid[pid] = functools.partial(self._died, pid)
        self._channel = ours
        shim.watch(ours.fileno(), select.EPOLLIN, lambda _: self._hear())
        # It must not be counted in the group in which it was born.
        if not self._speaks() or not ours.recv(packet.LONGEST):
            self._end()

    def _hurry(self) -> None:
        if self._asked:
            self._shim.timers.set("mover", kernel.boottime() + _ANSWER, self._by_hand)
        else:
            self._shim.timers.cancel("mover")

    def _hear(self) -> None:
        assert self._channel is not None
        data = packet.receive(self._channel)
        if data is None:
            return
        if not data:
            self._by_hand()
            return
        _, done = self._asked.popleft()
        self._hurry()
        done(marshal.loads(data))  # noqa: S302 - a fork of this process

    def _speaks(self) -> bool:
        if self._channel is None:
            return False
        poll = select.poll()
        poll.register(self._channel, select.POLLIN)
        return bool(poll.poll(_ANSWER * 1000))

    def _end(self) -> None:
        """It moves nothing any more once this returns."""
        self.close()
        if self._pid:
            os.kill(self._pid, signal.SIGKILL)  # it is not reaped: `_died` forgets the number
            os.waitid(os.P_PID, self._pid, os.WEXITED | os.WNOWAIT)

    def _by_hand(self) -> None:
        """It is gone, or stuck: the shim moves what is left, and waits."""
        self._end()
        asked = list(self._asked)
        self._asked.clear()
        self._hurry()
        for moves, done in asked:
            done([self._move(slot, pid) for slot, pid in moves])

    def _move(self, slot: Slot, pid: int) -> int:
        try:
            return _enter(pid, self._folders(slot))
        except OSError as error:  # a group of version 1 that cannot be made
            return error.errno or -1

    def _died(self, pid: int, _status: int, _usage: Any) -> None:
        if pid == self._pid:
            self._pid = 0
            self._by_hand()


def _enter(pid: int, folders: list[str]) -> int:
    try:
        for folder in folders:
            write(folder + "/cgroup.procs", b"%d" % pid)
    except OSError as error:
        return error.errno or -1
    return 0


def _work(channel: socket.socket, leave: Callable[[], None], parent: int) -> NoReturn:
    status = 1
    try:
        # Where the shim dies nobody keeps the numbers any more that it was asked to move.
        kernel.die_with_parent()
        if os.getppid() != parent:
            os._exit(0)
        leave()
        kernel.set_name("anyjob-mover")
        signal.set_wakeup_fd(-1)
        signal.signal(signal.SIGCHLD, signal.SIG_DFL)
        process.close_others([channel.fileno()], process.highest_file())
        channel.send(b"ready")
        while data := channel.recv(packet.LONGEST):
            moves: list[tuple[int, list[str]]] = marshal.loads(data)  # noqa: S302 - the shim, of which this is a fork
            channel.send(marshal.dumps([_enter(pid, folders) for pid, folders in moves]))
        status = 0
    finally:
        os._exit(status)
