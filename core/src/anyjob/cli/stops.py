"""Signals to a command that shows a run: the first stops the run, the second forces it, the third leaves it."""

from __future__ import annotations

import asyncio
import signal
from collections.abc import Callable
from typing import Final

__all__ = ["Stops"]

_SIGNALS: Final = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
"""A hang-up counts as a stop: whoever wanted the run is gone. What is ignored from outside stays so (nohup)."""


class Stops:
    """Made on the loop, before anything is begun. What comes before `then` is kept for it."""

    def __init__(self) -> None:
        self.first: signal.Signals | None = None
        """The first signal that came; None as long as there was none."""
        self.let_go = asyncio.Event()
        """Set by the third: wait for nothing any more."""
        self._count = 0
        self._begun = False
        self._act: Callable[[bool], None] | None = None
        loop = asyncio.get_running_loop()
        for number in _SIGNALS:
            if signal.getsignal(number) is not signal.SIG_IGN:
                loop.add_signal_handler(number, self._came, number)

    def then(self, act: Callable[[bool], None]) -> None:
        """From now on a signal calls `act(force)`; at once if one came before."""
        self._begun, self._act = True, act
        if self._count:
            act(self._count > 1)

    def over(self) -> None:
        """Nothing is left to stop: the next signal ends the waiting."""
        self._act = None

    def _came(self, number: signal.Signals) -> None:
        self.first = self.first or number
        self._count += 1
        if self._count > 2 or (self._begun and self._act is None):
            self.let_go.set()
        elif self._act is not None:
            self._act(self._count > 1)
