"""One outgoing call, which can be ended from outside wherever it is."""

from __future__ import annotations

import os
import socket
import threading
import time
from collections.abc import Callable
from contextlib import suppress
from enum import StrEnum
from types import TracebackType
from typing import Self, TypeVar

from anyjob.errors import AnyJobError

__all__ = ["Call", "CallEnded", "CallStep", "Deadlines", "current_call"]

T = TypeVar("T")

_current = threading.local()


class CallStep(StrEnum):
    """How far a call has come. Up to `CONNECTED` nothing of the request has left this machine."""

    RESOLVING = "resolving the host"
    CONNECTING = "connecting"
    CONNECTED = "connected"
    SENDING = "sending the request"
    SENT = "waiting for the answer"


class CallEnded(AnyJobError):
    """The call was ended from outside: `why` is `stop` or `deadline`."""

    def __init__(self, why: str, step: CallStep) -> None:
        self.why, self.step = why, step
        super().__init__(f"The call was ended while {step}: {why}.")


class Call:
    """What one thread is calling. Made by `Egress.call`, used as a block by that thread.

    `end` may come from any thread, at any time: it wakes whatever the block waits for (name resolution, connection,
    handshake, bytes that never come) within a moment. `ended` is why, or empty. A call within a call ends with it.
    `fresh` asks for a connection of its own; `reused` says that the newest request went over one that an earlier call
    had opened.
    """

    __slots__ = (
        "_changed",
        "_deadlines",
        "_inner",
        "_outer",
        "_shares",
        "deadline",
        "ended",
        "fresh",
        "reused",
        "step",
    )

    def __init__(self, deadlines: Deadlines, deadline: float | None) -> None:
        """`deadline`: seconds of the monotonic clock at which it ends; None: it has none."""
        self._deadlines, self.deadline = deadlines, deadline
        self._changed = threading.Condition(threading.Lock())
        self._shares: list[int] = []
        self._outer: Call | None = None
        self._inner: Call | None = None
        self.ended = ""
        self.step = CallStep.RESOLVING
        self.fresh = False
        self.reused = False

    @property
    def left(self) -> float | None:
        """Seconds until the deadline, at least a millisecond: a timeout of 0 would mean not to wait at all."""
        return None if self.deadline is None else max(0.001, self.deadline - time.monotonic())

    def end(self, why: str) -> None:
        """End the call. The first reason counts."""
        with self._changed:
            if self.ended:
                return
            self.ended = why
            for share in self._shares:
                # Shut down, not closed: that wakes a thread that waits for the socket, and frees no number it uses.
                with suppress(OSError), socket.socket(fileno=os.dup(share)) as line:
                    line.shutdown(socket.SHUT_RDWR)
            self._changed.notify_all()
            inner = self._inner
        if inner is not None:
            inner.end(why)

    def check(self) -> None:
        """Raises CallEnded once the call was ended."""
        if self.ended:
            raise CallEnded(self.ended, self.step)

    def hold(self, line: socket.socket) -> None:
        """From now on the end of the call is the end of this connection. Raises CallEnded."""
        with self._changed:
            self.check()
            # A share of its own: TLS and http.client pass the socket on in ways that leave no name for it here.
            self._shares.append(os.dup(line.fileno()))

    def wait(self, seconds: float) -> None:
        """Sleep. Raises CallEnded as soon as the call is ended."""
        with self._changed:
            self._changed.wait_for(lambda: self.ended, seconds)
        self.check()

    def aside(self, do: Callable[[], T]) -> T:
        """Run what cannot be interrupted in a thread of its own, and leave it to itself when the call ends first."""
        got: list[T] = []
        raised: list[BaseException] = []

        def work() -> None:
            try:
                got.append(do())
            except BaseException as error:  # noqa: BLE001 - raised again in the thread that asked
                raised.append(error)
            with self._changed:
                self._changed.notify_all()

        threading.Thread(target=work, name="anyjob-aside", daemon=True).start()
        with self._changed:
            self._changed.wait_for(lambda: got or raised or self.ended)
        self.check()
        if raised:
            raise raised[0]
        return got[0]

    def __enter__(self) -> Self:
        outer = self._outer = current_call()
        _current.call = self
        self._deadlines.add(self)
        if outer is not None:
            with outer._changed:
                outer._inner = self
                ended = outer.ended
            if ended:
                self.end(ended)
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        _current.call = self._outer
        if self._outer is not None:
            with self._outer._changed:
                self._outer._inner = None
        self._deadlines.discard(self)
        with self._changed:
            for share in self._shares:
                os.close(share)
            self._shares.clear()


def current_call() -> Call | None:
    """The call whose block this thread is in."""
    return getattr(_current, "call", None)


class Deadlines:
    """Ends calls at their deadlines, all of them by one thread that is there while calls are."""

    def __init__(self) -> None:
        self._calls: set[Call] = set()
        self._changed = threading.Condition(threading.Lock())
        self._next = float("inf")
        self._thread: threading.Thread | None = None

    def add(self, call: Call) -> None:
        """From now on."""
        if call.deadline is None:
            return
        with self._changed:
            self._calls.add(call)
            if self._thread is None:
                self._next = call.deadline
                self._thread = threading.Thread(target=self._watch, name="anyjob-deadlines", daemon=True)
                self._thread.start()
            elif call.deadline < self._next:
                self._next = call.deadline
                self._changed.notify()

    def discard(self, call: Call) -> None:
        """The call is over."""
        with self._changed:
            self._calls.discard(call)

    def _watch(self) -> None:
        while True:
            with self._changed:
                now = time.monotonic()
                late = [call for call in self._calls if call.deadline is not None and call.deadline <= now]
                self._calls.difference_update(late)
                self._next = min((call.deadline or now for call in self._calls), default=float("inf"))
                if not late:
                    if not self._calls:
                        self._thread = None
                        return
                    self._changed.wait(self._next - now)
            for call in late:
                call.end("deadline")
