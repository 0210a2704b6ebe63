"""What the worker has ordered, done in its order, a few starts in each turn of the loop."""

from __future__ import annotations

from collections import deque

from . import frames, start, stop

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any

    from .main import Shim

_STARTS = 3
"""Runs that are begun in one turn. A start waits for its exec, half a millisecond; what has ended meanwhile must not
wait for all that a busy worker orders in one go, nor the worker for it."""
_COMING = 6
"""Runs that are coming at one time. More would only wait for a processor, and a shim that dies leaves each of them in
doubt."""


class Orders:
    """The orders that are not done yet. They die with the shim: the worker gives again what was not answered. A worker
    that goes leaves them behind, and they are done before the next one is told what there is.
    """

    __slots__ = ("_shim", "_waiting")

    def __init__(self, shim: Shim) -> None:
        self._shim = shim
        self._waiting: deque[dict[str, Any]] = deque()

    def __bool__(self) -> bool:
        return bool(self._waiting)

    @property
    def ready(self) -> bool:
        """Whether the first of them can be carried out now."""
        waiting = self._waiting
        return bool(waiting) and (len(self._shim.coming) < _COMING or waiting[0].get("do") != "start")

    def add(self, messages: list[dict[str, Any]]) -> None:
        """Take orders; they are carried out by `some`, after the ends of this turn."""
        self._waiting += messages

    def some(self) -> None:
        """Carry out what stands first, up to a few starts."""
        if self._waiting:
            self._carry_out(min(_STARTS, _COMING - len(self._shim.coming)))

    def all(self) -> None:
        """Carry out everything, before another worker is in charge."""
        if self._waiting:
            self._carry_out(len(self._waiting))
        self._shim.settle()

    def _carry_out(self, most: int) -> None:
        """At most so many starts; those that stand together are begun together."""
        waiting = self._waiting
        starts: list[dict[str, Any]] = []
        while waiting:
            if waiting[0].get("do") == "start":
                if most <= 0:
                    break
                starts.append(waiting.popleft())
                most -= 1
                continue
            self._begin(starts)
            starts = []
            self._guard(self._obey, waiting.popleft())
        self._begin(starts)

    def _begin(self, starts: list[dict[str, Any]]) -> None:
        if starts:
            self._guard(start.begin_all, self._shim, starts)

    def _guard(self, act: Callable[..., None], *args: Any) -> None:
        """A fault in one order must not end the shim, which has other runs to keep."""
        try:
            act(*args)
        except Exception as error:
            start.tell_fault(self._shim, error)

    def _obey(self, message: dict[str, Any]) -> None:
        shim = self._shim
        do = message.get("do")
        if do == "stop":
            stop.order(shim, message["run"], message["stage"])
        elif do == "cancel":
            shim.residents.cancel(message["run"])
        elif do == "ack":
            self._ack(message["runs"])
        elif do == "list":
            self._list()
        elif do == "arm":
            shim.arms.arm(message)
        elif do == "disarm":
            shim.arms.disarm(message["key"])
        elif do == "quit_when_idle":
            shim.quitting = True
        else:
            raise ValueError(f"unknown order {do!r}")

    def _ack(self, names: list[str]) -> None:
        for name in names:
            self._shim.over.pop(name, None)
        self._shim.journal.add(frames.encode({"ev": "ack", "runs": names}))

    def _list(self) -> None:
        live = b",".join([run.line for run in self._shim.live.values()])
        over = b",".join(self._shim.over.values())
        self._shim.say(b'{"ev":"list","live":[' + live + b'],"ended":[' + over + b"]}")
