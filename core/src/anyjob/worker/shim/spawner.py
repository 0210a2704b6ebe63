"""Where there are no cgroups: a subreaper process for one run at a time.

It starts the run, so every descendant stays below it. When its `wait4` finds no child any more, nothing of the run is
alive: the kernel's own proof. When the shim dies it leaves, and what it held goes up to the keeper.

Shim and spawner are one program, forked, and talk in tuples that `marshal` packs, one a packet: a run passes here
twice, and a process that does little dirties few of the pages that it shares with the shim.

Source: Linux man-pages, prctl(2), PR_SET_CHILD_SUBREAPER.
"""

from __future__ import annotations

import marshal
import os
import select
import signal
import socket
import struct

from . import exits, kernel, packet, process, spawn
from .oom import OomScore

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

_PRESS = 1
"""Milliseconds between two rounds of killing."""
_SHOWN = 4000
"""Characters of one piece of evidence: a PATH can be longer than a packet."""
_SIGNALS = (signal.SIGCHLD,)
_fd = struct.Struct("i")


def fork(journal: str, oom: OomScore) -> tuple[int, socket.socket]:
    """Fork a spawner. `oom`: the shim's, lowered. Returns its pid and the socket to it. Raises OSError.

    What a fork can inherit is done before it. A spawner reads the signal of an ended child from a descriptor, where an
    interruption would cost three calls more.
    """
    ours, its = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
    signal.pthread_sigmask(signal.SIG_BLOCK, _SIGNALS)
    try:
        woken = kernel.signals_open(signal.SIGCHLD)
        highest, notes = process.highest_file(), exits.Notes(journal)
        pid = os.fork()
        if pid == 0:
            status = 1
            try:
                _Spawner(its, woken, highest, notes, oom).serve()
                status = 0
            finally:
                os._exit(status)
        os.close(woken)
    finally:
        signal.pthread_sigmask(signal.SIG_UNBLOCK, _SIGNALS)
        its.close()
    return pid, ours


def send_start(channel: socket.socket, order: dict[str, Any], log: int, memory: int | None) -> None:
    """Order a start, with an rlimit of `memory` bytes, if any: the shim's side of what `serve` hears.

    Raises OSError.
    """
    command = {"argv": order["argv"], "env": order["env"], "cwd": order["cwd"], "user": order.get("user")}
    data = marshal.dumps(("start", command, memory))
    if len(data) <= packet.LONGEST:
        _send(channel, data, _fd.pack(log))
        return
    text = os.memfd_create("order", os.MFD_CLOEXEC)
    try:
        rest = memoryview(data)
        while rest:
            rest = rest[os.write(text, rest) :]
        _send(channel, b"in a file", _fd.pack(log) + _fd.pack(text))
    finally:
        os.close(text)


def _send(channel: socket.socket, data: bytes, fds: bytes) -> None:
    channel.sendmsg([data], [(socket.SOL_SOCKET, socket.SCM_RIGHTS, fds)])


class _Spawner:
    """The process. `_leader` is the run's first process while it is not reaped, `_group` its number for good."""

    __slots__ = ("_begun", "_channel", "_group", "_held", "_journal", "_killing", "_leader", "_mark", "_oom", "_woken")

    def __init__(self, channel: socket.socket, woken: int, highest: int, journal: exits.Notes, oom: OomScore) -> None:
        kernel.become_subreaper()
        kernel.set_name("anyjob-spawner")
        process.close_others([spawn.NULL, channel.fileno(), woken], highest)
        oom.reopen()
        self._channel, self._woken, self._journal, self._oom = channel, woken, journal, oom
        self._leader = self._group = self._begun = 0
        self._mark = ""
        self._held = self._killing = False

    def serve(self) -> None:
        """Until the shim is gone, or sends it away. What it holds is known by its number then."""
        self._serve()
        if self._held:
            self._reap()
        if self._leader:
            self._journal.leave(self._leader, self._begun, self._mark)

    def _serve(self) -> None:
        poll, channel, woken = select.poll(), self._channel.fileno(), self._woken
        poll.register(channel, select.POLLIN)
        poll.register(woken, select.POLLIN)
        while True:
            if not self._held:
                if not self._listen():
                    return
                continue
            for fd, _ in poll.poll(_PRESS if self._killing else None):
                if fd == woken:
                    os.read(woken, 1024)
                elif not self._listen():
                    return
            if self._killing:
                self._kill()
            self._reap()

    def _listen(self) -> bool:
        try:
            data, said, _, _ = self._channel.recvmsg(packet.LONGEST, socket.CMSG_SPACE(8), socket.MSG_CMSG_CLOEXEC)
        except ConnectionResetError:
            return False  # the shim has died with words of this process unread
        if not data:
            return False
        fds = [fd for _, _, rights in said for (fd,) in _fd.iter_unpack(rights)]
        if len(fds) > 1:
            data = os.pread(fds[1], os.fstat(fds[1]).st_size, 0)
            os.close(fds[1])
        do, *more = marshal.loads(data)  # noqa: S302 - the shim, of which this is a fork
        if do == "start":
            self._start(fds[0], *more)
        elif do == "ask":
            self._ask(*more)
        elif do == "force":
            self._killing = self._held
        else:
            return False
        return True

    def _say(self, *said: Any) -> None:
        try:
            self._channel.send(marshal.dumps(said))
        except (BrokenPipeError, ConnectionResetError):
            pass  # the shim is gone, and that is heard next

    def _start(self, log: int, order: dict[str, Any], memory: int | None) -> None:
        self._oom.up()
        try:
            pid, self._begun = spawn.launch(order, log, memory=memory)
        except spawn.StartError as error:
            self._say("failed", error.cause, [(source, text[:_SHOWN]) for source, text in error.evidence])
            return
        finally:
            self._oom.down()
            os.close(log)
        self._leader = self._group = pid
        self._mark = order["env"][process.MARK]
        self._held, self._killing = True, False
        self._say("up", pid, self._begun)

    def _ask(self, signum: int) -> None:
        if self._leader:
            os.killpg(self._leader, signum)  # not reaped: the number cannot be another's
            return
        for one in process.descendants([os.getpid()]):
            if one.group == self._group:
                process.kill(one.pid, one.start, signum)

    def _kill(self) -> None:
        for pid in process.children(os.getpid()):
            try:
                os.kill(pid, signal.SIGKILL)  # own child, and nobody else reaps it
            except OSError:
                continue  # set-uid, and the shim is not root

    def _reap(self) -> None:
        ended: tuple[int, float, int] | None = None
        while True:
            try:
                gone = os.waitid(os.P_ALL, 0, os.WEXITED | os.WNOWAIT | os.WNOHANG)
            except ChildProcessError:
                self._held = self._killing = False
                break
            if gone is None:
                break
            if gone.si_pid != self._leader:
                os.waitpid(gone.si_pid, 0)
                continue
            self._journal.add(self._leader, self._begun, exits.raw_status(gone.si_code, gone.si_status), self._mark)
            _, status, usage = os.wait4(self._leader, 0)
            self._leader = 0
            ended = status, usage.ru_utime + usage.ru_stime, usage.ru_maxrss * 1024
        if ended is not None:
            self._say("leader", *ended, not self._held)
        elif not self._held:
            self._say("empty")
