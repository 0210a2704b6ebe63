"""Commands that the shim executes at a time, worker or no worker. A command is a run named `arm:KEY`, so its end is
kept like one's.
"""

from __future__ import annotations

from . import frames, kernel, start

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from .main import Shim

_TIME = 120.0
"""Seconds that an armed command may take."""


class Arms:
    """What is armed. The shim does not end while something is."""

    __slots__ = ("_lines", "_shim")

    def __init__(self, shim: Shim) -> None:
        self._shim = shim
        self._lines: dict[str, bytes] = {}

    def __len__(self) -> int:
        return len(self._lines)

    def lines(self) -> list[bytes]:
        """What the journal must keep."""
        return list(self._lines.values())

    def arm(self, order: dict[str, Any]) -> None:
        """Execute the order's command at its time, once. Arming a key again replaces the command. Raises OSError."""
        key: str = order["key"]
        self._lines[key] = frames.encode({**order, "ev": "armed"})
        self._shim.write_down(self._lines[key])
        self._shim.say(frames.encode({"ev": "armed", "key": key}))
        self._shim.timers.set(("arm", key), order["at"], lambda: self._fire(order))

    def disarm(self, key: str) -> None:
        """Forget the key; a command that has begun goes on."""
        if self._lines.pop(key, None) is not None:
            self._shim.timers.cancel(("arm", key))
            self._shim.journal.add(frames.encode({"ev": "disarmed", "key": key}))
        self._shim.say(frames.encode({"ev": "disarmed", "key": key}))

    def _fire(self, order: dict[str, Any]) -> None:
        begin = {
            "run": f"arm:{order['key']}",
            "folder": "/",
            "log": order["log"],
            "argv": order["argv"],
            "env": order["env"],
            "cwd": order["cwd"],
            "deadline": kernel.boottime() + _TIME,
            "grace": 5.0,
        }
        # A shim that dies from here on finds the key armed and overdue, and the run's name keeps the command from a
        # second start.
        start.begin_all(self._shim, [begin])
        self._shim.settle()
        if self._lines.pop(order["key"], None) is not None:
            self._shim.journal.add(frames.encode({"ev": "disarmed", "key": order["key"]}))
