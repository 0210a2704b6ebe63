"""Where there are no cgroups: a subreaper process for one run at a time.

It starts the run, so every descendant stays below it. When its `wait4` finds no child any more, nothing of the run is
alive: the kernel's own proof. When the shim dies it leaves, and what it held goes up to the keeper.
"""

from __future__ import annotations

import os
import select
import signal
import socket

from . import exits, frames, kernel, process, spawn
from .oom import OomScore

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

_PRESS = 1
"""Milliseconds between two rounds of killing."""


def fork(journal: str) -> tuple[int, socket.socket]:
    """Fork a spawner. Returns its pid and the socket to it. Raises OSError."""
    ours, its = socket.socketpair()
    pid = os.fork()
    if pid == 0:
        status = 1
        try:
            process.close_others({its.fileno(), spawn.NULL})
            _Spawner(its, journal).serve()
            status = 0
        finally:
            os._exit(status)
    its.close()
    return pid, ours


class _Spawner:
    """The process. `_leader` is the run's first process while it is not reaped, `_group` its number for good."""

    def __init__(self, channel: socket.socket, journal: str) -> None:
        kernel.set_name("anyjob-spawner")
        kernel.become_subreaper()
        self._channel, self._journal = channel, journal
        self._frames = frames.Frames()
        self._fds: list[int] = []
        self._oom = OomScore()
        self._woken, wake = os.pipe2(os.O_NONBLOCK | os.O_CLOEXEC)
        signal.set_wakeup_fd(wake, warn_on_full_buffer=False)
        signal.signal(signal.SIGCHLD, kernel.no_handler)
        self._leader = self._group = 0
        self._held = self._killing = False

    def serve(self) -> None:
        """Until the shim is gone, or sends it away."""
        poll = select.poll()
        poll.register(self._channel, select.POLLIN)
        poll.register(self._woken, select.POLLIN)
        while True:
            ready = {fd for fd, _ in poll.poll(_PRESS if self._killing else None)}
            if self._woken in ready:
                os.read(self._woken, 4096)
            if self._channel.fileno() in ready and not self._listen():
                return
            if self._held:
                if self._killing:
                    self._kill()
                self._reap()

    def _listen(self) -> bool:
        data, fds, _, _ = socket.recv_fds(self._channel, 1 << 16, 1)
        self._fds += fds
        if not data:
            return False
        for order in self._frames.feed(data):
            do = order["do"]
            if do == "start":
                self._start(order)
            elif do == "ask":
                self._ask(order["signum"])
            elif do == "force":
                self._killing = self._held
            else:
                return False
        return True

    def _say(self, said: dict[str, Any]) -> None:
        self._channel.sendall(frames.frame([frames.encode(said)]))

    def _start(self, order: dict[str, Any]) -> None:
        log = self._fds.pop()
        self._oom.up()
        try:
            pid, start = spawn.launch(order["order"], log, memory=order["memory"])
        except spawn.StartError as error:
            self._say({"ev": "failed", "cause": error.cause, "evidence": error.evidence})
            return
        finally:
            self._oom.down()
            os.close(log)
        self._leader = self._group = pid
        self._held, self._killing = True, False
        self._say({"ev": "up", "pid": pid, "start": start})

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
        ended: dict[str, Any] | None = None
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
            exits.note(self._journal, gone.si_pid, exits.raw_status(gone.si_code, gone.si_status))
            _, status, usage = os.wait4(self._leader, 0)
            self._leader = 0
            spent = usage.ru_utime + usage.ru_stime, usage.ru_maxrss * 1024
            ended = {"ev": "leader", "status": status, "usage": spent}
        if ended is not None:
            self._say({**ended, "empty": not self._held})
        elif not self._held:
            self._say({"ev": "empty"})
