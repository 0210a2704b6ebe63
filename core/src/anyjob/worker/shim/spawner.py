"""Where there are no cgroups: a subreaper process for one run at a time.

It starts the run, so every descendant stays below it. When its `wait4` finds no child any more, nothing of the run is alive: the
kernel's own proof. If the shim dies, it leaves; what it held goes up to the keeper.
"""

from __future__ import annotations

import os
import select
import signal
import socket

from . import frames, kernel, keepnote, process, spawn

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any, NoReturn

_PRESS = 1
"""Milliseconds between two rounds of killing."""


def fork(journal: str) -> tuple[int, socket.socket]:
    """Fork a spawner. Returns its pid and the socket to it. Raises OSError."""
    ours, its = socket.socketpair()
    pid = os.fork()
    if pid == 0:
        status = 1
        try:
            process.close_others({its.fileno(), 2, *spawn.NEEDED})
            _Spawner(its, journal).serve()
            status = 0
        finally:
            os._exit(status)
    its.close()
    return pid, ours


class _Spawner:
    """The process. `leader` is the run's first process while it is not reaped."""

    def __init__(self, channel: socket.socket, journal: str) -> None:
        kernel.set_name("anyjob-spawner")
        kernel.become_subreaper()
        self._channel, self._journal = channel, journal
        self._frames = frames.Frames()
        self._woken, wake = os.pipe2(os.O_NONBLOCK | os.O_CLOEXEC)
        signal.set_wakeup_fd(wake, warn_on_full_buffer=False)
        signal.signal(signal.SIGCHLD, lambda *_: None)
        self._leader = 0
        self._group = 0
        self._held = False
        self._killing = False

    def serve(self) -> None:
        """Until the shim is gone, or lets it go."""
        poll = select.poll()
        poll.register(self._channel, select.POLLIN)
        poll.register(self._woken, select.POLLIN)
        while True:
            ready = {fd for fd, _ in poll.poll(_PRESS if self._killing else None)}
            if self._woken in ready:
                os.read(self._woken, 4096)
            if self._channel.fileno() in ready and not self._listen():
                return
            self._reap()
            if self._killing:
                self._kill()

    def _listen(self) -> bool:
        data, fds, _, _ = socket.recv_fds(self._channel, 1 << 16, 1)
        if not data:
            return False
        for order in self._frames.feed(data):
            do = order["do"]
            if do == "start":
                self._start(order, fds.pop())
            elif do == "ask":
                self._ask(order["signum"])
            elif do == "force":
                self._killing = self._held
            elif do == "leave":
                return False
        self._spare = fds
        return True

    def _say(self, **said: Any) -> None:
        self._channel.sendall(frames.frame([frames.encode(said)]))
