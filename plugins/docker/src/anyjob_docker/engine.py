"""The engine as the worker's loop sees it: blocking calls go to few threads, one stream of events serves all runs."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from typing import Any, TypeVar

from anyjob_docker.address import Address
from anyjob_docker.client import EngineClient
from anyjob_docker.watches import Watches

__all__ = ["RUN_LABEL", "Engine", "run_of"]

T = TypeVar("T")

RUN_LABEL = "anyjob.run"
"""The label that every container of ours has; its value is the run's name."""

_PULLS = 3


def run_of(seen: Mapping[str, Any]) -> str:
    """The run whose container this is, by what `inspect` gave; empty: no run's."""
    labels: Mapping[str, str] = seen["Config"].get("Labels") or {}
    return labels.get(RUN_LABEL, "")


class Engine:
    """One engine, for one worker's loop."""

    def __init__(self, address: Address, timeout: float, threads: int) -> None:
        """`timeout`: seconds for one call. `threads`: calls at one time."""
        self.address, self.client = address, EngineClient(address, timeout)
        self._timeout, self._threads = timeout, threads
        self._pools: dict[str, ThreadPoolExecutor] = {}
        self.watches = Watches(self.client, RUN_LABEL, self.ask)

    async def begin(self, call: Callable[[], T]) -> T:
        """A call that takes its time: creating and starting containers."""
        return await self._in("start", self._threads, call)

    async def ask(self, call: Callable[[], T]) -> T:
        """A call that is answered at once. It never waits behind those that begin something: a stop must not."""
        return await self._in("quick", self._threads, call)

    async def pull(self, call: Callable[[], T]) -> T:
        """A call that may take minutes."""
        return await self._in("pull", _PULLS, call)

    async def _in(self, name: str, threads: int, call: Callable[[], T]) -> T:
        pool = self._pools.get(name)
        if pool is None:
            pool = self._pools[name] = ThreadPoolExecutor(threads, thread_name_prefix=f"docker-{name}")
        return await asyncio.get_running_loop().run_in_executor(pool, call)

    async def close(self) -> None:
        """Let go; containers go on."""
        await self.watches.close()
        pools, self._pools = self._pools, {}
        for pool in pools.values():
            pool.shutdown(wait=False, cancel_futures=True)
        self.client.close()
