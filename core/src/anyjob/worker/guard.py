"""Deadlines that the shim keeps for other launchers than its own: while no worker is there, it executes their
command."""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Protocol

from anyjob.errors import AnyJobError, ShimLost
from anyjob.outcome import Evidence

if TYPE_CHECKING:
    from anyjob.worker.local.shimclient import ShimClient

__all__ = ["Guard", "GuardContext"]

_log = logging.getLogger(__name__)
_MARGIN = 2.0
"""Seconds after the deadline that a living worker has to begin the stop itself."""


_PATIENCE = 10.0
"""Seconds in which the shim must have a deadline; it needs about a millisecond."""


class GuardContext(Protocol):
    """What a guard needs of its worker."""

    @property
    def base_environment(self) -> Mapping[str, str]:
        """What of the worker's own environment the shim gives to the command."""
        ...

    async def shim(self) -> ShimClient:
        """The shim of this state folder, started if it is not there. Raises ShimLost."""
        ...


class Guard:
    """One run's deadline, kept by the shim while no worker is there."""

    __slots__ = ("_argv", "_armed", "_context", "_key", "_log_path")

    def __init__(self, context: GuardContext, run: str, log: str) -> None:
        """`log`: the file into which the command's own output goes."""
        self._context, self._key, self._log_path = context, run, log
        self._argv: Sequence[str] = ()
        self._armed = False

    async def arm(self, argv: Sequence[str], deadline: float) -> list[Evidence]:
        """Let the shim execute `argv` a little after `deadline` (epoch seconds). Arming again is harmless.

        Answers why it is not kept, when it is not, and what the shim has already done with it.
        """
        self._argv = argv
        try:
            shim = await self._context.shim()
            done = shim.known.get(f"arm:{self._key}")
            if done is not None:
                self._armed = True
                return [Evidence(source="shim", text="the deadline passed without a worker, and it ended the run")]
            await self._arm(shim, deadline)
        except AnyJobError as error:
            _log.warning("%s: its deadline is kept by the worker only: %s", self._key, error)
            return [Evidence(source="worker", text=f"the deadline was kept by the worker only: {error}")]
        self._armed = True
        return []

    async def put_off(self, until: float) -> None:
        """A worker stops the run itself: the shim does so only if it has not ended by `until` (epoch seconds)."""
        if not self._armed:
            return
        try:
            await self._arm(await self._context.shim(), until)
        except AnyJobError as error:
            _log.warning("%s: its deadline is kept by the worker only: %s", self._key, error)

    async def _arm(self, shim: ShimClient, when: float) -> None:
        at = time.clock_gettime(time.CLOCK_BOOTTIME) + (when + _MARGIN - time.time())
        env = self._context.base_environment
        try:
            async with asyncio.timeout(_PATIENCE):
                await shim.arm(self._key, at=at, argv=self._argv, env=env, log=self._log_path)
        except TimeoutError:
            # A shim whose disk is full cannot write it down, and answers nothing.
            raise ShimLost(shim.folder, f"it did not take the deadline within {_PATIENCE:g} s") from None

    async def drop(self) -> None:
        """The run is over."""
        if not self._armed:
            return
        self._armed = False
        try:
            shim = await self._context.shim()
            await shim.disarm(self._key)
            shim.ack([f"arm:{self._key}"])
        except AnyJobError as error:
            _log.warning("%s: what the shim was to do at its deadline is still there: %s", self._key, error)
