"""Signals to a server: the first ends it in order, the second at once."""

from __future__ import annotations

import asyncio
import os
import signal
from typing import Final

from anyjob.cli.status import of_signal

__all__ = ["Ending"]

_SIGNALS: Final = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
"""What is ignored from outside stays so (nohup)."""


class Ending:
    """Made on the loop, before anything is begun."""

    def __init__(self) -> None:
        self._asked = asyncio.Event()
        loop = asyncio.get_running_loop()
        for number in _SIGNALS:
            if signal.getsignal(number) is not signal.SIG_IGN:
                loop.add_signal_handler(number, self._came, number)

    async def wait(self) -> None:
        """Until the first signal."""
        await self._asked.wait()

    def _came(self, number: signal.Signals) -> None:
        if self._asked.is_set():
            # What is durable stays so, and runs go on under their shim: nothing needs a further word.
            os._exit(of_signal(number))
        self._asked.set()
