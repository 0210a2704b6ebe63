"""The one worker that is connected. A newer connection takes over; a worker that does not read is dropped."""

from __future__ import annotations

import os
import select
import socket
import struct
import time
from collections import deque

from . import frames

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from .main import Shim

_PENDING = 64 << 20
"""Bytes a worker may leave unread before it is dropped; it lists everything when it connects again."""
_PART = 1 << 16
"""Bytes read at a time; for a larger buffer the kernel would map pages each time."""
_SOON = 0.001
"""Seconds in which what need not be told at once waits for more: a run that is as short has one message less."""
_ucred = struct.Struct("iII")


class Peer:
    """One accepted connection. `name`: what the worker calls itself, the same in each of its connections."""

    __slots__ = ("_frames", "_gone", "_unsent", "fd", "name", "pid", "said", "socket", "wants_write")

    def __init__(self, connection: socket.socket) -> None:
        self.socket = connection
        self.fd = connection.fileno()
        self._frames = frames.Frames()
        self._unsent = b""
        self._gone = False
        self.said: list[bytes] = []
        self.wants_write = False
        self.pid, self.name = 0, ""

    def allowed(self) -> bool:
        """Only the shim's own user and root may give orders."""
        raw = self.socket.getsockopt(socket.SOL_SOCKET, socket.SO_PEERCRED, _ucred.size)
        self.pid, uid, _ = _ucred.unpack(raw)
        return uid in (0, os.geteuid())

    def receive(self) -> list[dict[str, Any]] | None:
        """Messages that have arrived; None when the worker has gone. Raises FrameError."""
        try:
            data = self.socket.recv(_PART)
        except BlockingIOError:
            return []
        except OSError:
            return None
        return self._frames.feed(data) if data else None

    def rest(self) -> list[dict[str, Any]]:
        """All that it has sent and nobody has read yet. Raises FrameError."""
        found: list[dict[str, Any]] = []
        while True:
            try:
                data = self.socket.recv(_PART)
            except OSError:
                return found
            if not data:
                return found
            found += self._frames.feed(data)

    def flush(self) -> bool:
        """Send what was said in this turn as one frame. False: the worker does not read any more.

        One that has gone may have sent orders before, which are still to be read, up to the end.
        """
        if self.said and not self._gone:
            self._unsent += frames.frame(self.said)
        self.said.clear()
        if not self._unsent:
            self.wants_write = False
            return True
        try:
            sent = self.socket.send(self._unsent)
        except BlockingIOError:
            sent = 0
        except OSError:
            self._gone, sent = True, len(self._unsent)
        self._unsent = self._unsent[sent:]
        self.wants_write = bool(self._unsent)
        return len(self._unsent) <= _PENDING


class Link:
    """The listening socket, connections that have not said hello yet, and the worker in charge."""

    __slots__ = ("_due", "_listener", "_replaced", "_shim", "worker")

    def __init__(self, shim: Shim, listener: socket.socket) -> None:
        self._shim, self._listener = shim, listener
        self.worker: Peer | None = None
        self._due = 0.0
        """When what was said must leave, if all of it may wait."""
        self._replaced: deque[str] = deque(maxlen=64)
        listener.settimeout(0)
        shim.watch(listener.fileno(), select.EPOLLIN, self._accept)

    def say(self, message: bytes) -> None:
        """Tell the worker at the end of this loop turn; nobody there, nobody told."""
        if self.worker is not None:
            self.worker.said.append(message)
            self._due = 0.0

    def say_soon(self, message: bytes) -> None:
        """Tell the worker within a millisecond, in the order of what is said."""
        if self.worker is not None:
            if not self.worker.said:
                self._due = time.monotonic() + _SOON
            self.worker.said.append(message)

    @property
    def pause(self) -> float | None:
        """Seconds until something must leave; None: there is nothing."""
        peer = self.worker
        return None if peer is None or not peer.said else max(0.0, self._due - time.monotonic())

    def flush(self) -> None:
        """Send what was said in this turn, unless all of it may wait."""
        peer = self.worker
        if peer is not None and peer.said and (not self._due or time.monotonic() >= self._due):
            self._due = 0.0
            self._send(peer)

    def close(self, why: str) -> None:
        """Send the worker away and stop listening."""
        if self.worker is not None:
            self._part(self.worker, "bye", why)
        self._shim.unwatch(self._listener.fileno())
        self._listener.close()

    def _accept(self, _events: int) -> None:
        while True:
            try:
                connection, _ = self._listener.accept()
            except OSError:
                return
            connection.settimeout(0)
            peer = Peer(connection)
            if not peer.allowed():
                connection.close()
                continue
            self._shim.watch(peer.fd, select.EPOLLIN, lambda events, peer=peer: self._ready(peer, events))
            peer.said.append(frames.encode(self._shim.hello()))
            self._send(peer)

    def _ready(self, peer: Peer, events: int) -> None:
        if events & select.EPOLLOUT:
            self._send(peer)
        if not events & ~select.EPOLLOUT:
            return
        try:
            messages = peer.receive()
        except frames.FrameError as error:
            self._part(peer, "refused", str(error))
            return
        if messages is None:
            self._drop(peer)
            return
        if messages and peer is not self.worker and not self._greet(peer, messages.pop(0)):
            return
        if messages:
            self._shim.orders.add(messages)

    def _greet(self, peer: Peer, message: dict[str, Any]) -> bool:
        version = message.get("version")
        if message.get("do") != "hello" or version not in frames.SPOKEN:
            spoken = " and ".join(map(str, frames.SPOKEN))
            self._part(peer, "refused", f"this shim speaks protocol {spoken}, the worker {version}")
            return False
        # What the last one ordered is done before: of a warm run that has not begun by then, nothing is to come.
        if self.worker is not None:
            self._hear_out(self.worker)
        self._shim.orders.all()
        peer.name = str(message.get("id"))
        if peer.name in self._replaced:
            # It may not have heard of it; coming back it would take over in turn, for ever.
            self._part(peer, "refused", "a newer worker took over")
            return False
        if self.worker is not None:
            self._replaced.append(self.worker.name)
            self._part(self.worker, "bye", f"worker process {peer.pid} took over")
        self.worker = peer
        self._shim.worker_came()
        return True

    def _hear_out(self, peer: Peer) -> None:
        try:
            self._shim.orders.add(peer.rest())
        except frames.FrameError:
            pass  # it is sent away in any case

    def _send(self, peer: Peer) -> None:
        before = peer.wants_write
        if not peer.flush():
            self._drop(peer)
        elif peer.wants_write != before:
            self._shim.rewatch(peer.fd, select.EPOLLIN | (select.EPOLLOUT if peer.wants_write else 0))

    def _part(self, peer: Peer, event: str, why: str) -> None:
        peer.said.append(frames.encode({"ev": event, "why": why}))
        peer.flush()
        self._drop(peer)

    def _drop(self, peer: Peer) -> None:
        self._shim.unwatch(peer.fd)
        peer.socket.close()
        if peer is self.worker:
            self.worker = None
            self._shim.worker_went()
