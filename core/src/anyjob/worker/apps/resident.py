"""The one process of an executable that a worker keeps: started on first use, again after a fault."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping
from typing import Any, Final

from anyjob.worker.apps.definition import Definition
from anyjob.worker.apps.faults import AppFault
from anyjob.worker.apps.link import Told
from anyjob.worker.apps.program import Program

__all__ = ["Resident"]

_FIRST: Final = 0.1
_LONGEST: Final = 30.0
_SETTLED: Final = 60.0
"""Seconds after which a process counts as well: a fault after that begins the row anew."""


class Resident:
    """Gives the live process. `failures` counts the faults in a row, `last` is the newest.

    After each fault the next start waits twice as long, from 0.1 to 30 seconds.
    """

    def __init__(
        self,
        definition: Definition,
        environment: Mapping[str, str],
        welcome: Mapping[str, Any],
        told: Told,
        clean: Callable[[str], str],
    ) -> None:
        self._definition, self._environment, self._welcome = definition, environment, welcome
        self._told, self._clean = told, clean
        self._program: Program | None = None
        self._lock = asyncio.Lock()
        self._closed = False
        self._begun = self._not_before = 0.0
        self.failures = 0
        self.last: AppFault | None = None

    @property
    def live(self) -> Program | None:
        """The process, if there is one that is well."""
        return self._program if self._program is not None and not self._program.over.done() else None

    @property
    def resting(self) -> bool:
        """Whether a start would wait now, because of faults."""
        return self.live is None and asyncio.get_running_loop().time() < self._not_before

    @property
    def given_up(self) -> bool:
        """Whether there were so many faults in a row that its runs need not wait for better."""
        return self.failures >= self._definition.patience.tries

    async def program(self) -> Program:
        """The live process, else a new one, after the wait that it is due. Raises AppFault."""
        async with self._lock:
            if self.live is not None:
                return self.live
            loop = asyncio.get_running_loop()
            await asyncio.sleep(max(0.0, self._not_before - loop.time()))
            self._begun = loop.time()
            try:
                self._program = await Program.begin(
                    self._definition, self._environment, self._welcome, self._told, self._clean
                )
            except AppFault as fault:
                self._failed(fault)
                raise
            self._program.over.add_done_callback(lambda over: self._failed(over.result()))
            return self._program

    async def close(self) -> None:
        """End the process. The runs go on without it."""
        self._closed = True
        if self._program is not None:
            await self._program.close()

    def _failed(self, fault: AppFault) -> None:
        if self._closed:
            return
        now = asyncio.get_running_loop().time()
        if now - self._begun > _SETTLED:
            self.failures = 0
        self.failures += 1
        self.last = fault
        self._not_before = now + min(_LONGEST, _FIRST * 2 ** min(self.failures - 1, 20))
