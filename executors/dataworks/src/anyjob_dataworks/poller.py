"""Sends the requests of all runs: few threads, and a pace for each key."""

from __future__ import annotations

import asyncio
import random
from collections.abc import Awaitable, Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from time import monotonic
from typing import TYPE_CHECKING, Final, TypeVar

from anyjob.errors import SecretMissing
from anyjob_dataworks.answer import Answer
from anyjob_dataworks.client import Account, Client, Operation
from anyjob_dataworks.faults import CallFault, Trouble

if TYPE_CHECKING:
    from anyjob.egress import Egress
    from anyjob_dataworks.api import Ask
    from anyjob_dataworks.credentials import Credentials, Wallet
    from anyjob_dataworks.settings import DataworksSettings

__all__ = ["Door", "Poller"]

T = TypeVar("T")

_FIRST_WAIT: Final = 0.5
_LONGEST_WAIT: Final = 60.0
_PRACTICE_RATE: Final = 10_000.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Door:
    """Where a run's requests go, and whose key they carry: its own, or that of an entry of the settings."""

    endpoint: str
    key: Credentials | None
    entry: str = ""
    practice: bool = False

    @property
    def name(self) -> tuple[str, str]:
        """Runs with the same one share a pace, because the service counts by key."""
        return (self.endpoint, self.entry if self.key is None else self.key.id)


class _Pace:
    """Gives out turns, so many a second; after a throttled request nobody has one for a while. Used on the loop."""

    def __init__(self, rate: float) -> None:
        self._gap = 1 / rate
        self._next = self._held = 0.0
        self._wait = 0.0

    async def turn(self) -> None:
        """Wait for the next one."""
        now = monotonic()
        at = self._next = max(now, self._next + self._gap)
        while (wait := max(at, self._held) - monotonic()) > 0:  # noqa: ASYNC110 - what is waited for is the time
            await asyncio.sleep(wait)

    def throttled(self, after: float | None) -> None:
        self._wait = min(max(self._wait * 2, _FIRST_WAIT), _LONGEST_WAIT)
        wait = after if after is not None else self._wait * random.uniform(0.75, 1.25)  # noqa: S311 - not a secret
        self._held = max(self._held, monotonic() + wait)

    def spend(self, requests: int) -> None:
        """The turn took more than one request."""
        self._next = max(self._next, monotonic()) + (requests - 1) * self._gap
        self._wait = 0.0


class Poller:
    """One a worker."""

    def __init__(self, settings: DataworksSettings, egress: Egress, wallet: Wallet) -> None:
        self._settings, self._wallet = settings, wallet
        self._client = Client(settings, egress)
        self._pool = ThreadPoolExecutor(settings.threads, thread_name_prefix="dataworks")
        self._free = asyncio.Semaphore(settings.threads)
        self._paces: dict[tuple[str, str], _Pace] = {}

    @property
    def client(self) -> Client:
        """What it sends with: for health, which waits for no turn."""
        return self._client

    async def run(self, door: Door, do: Callable[[Ask], T], before: Callable[[], Awaitable[None]] | None = None) -> T:
        """What `do` gives, in a thread, once it is its turn and a thread is free. Cancelled, it is left to itself.
        `before` is awaited just before it begins. Raises what `do` does."""
        pace = self._paces.get(door.name)
        if pace is None:
            rate = _PRACTICE_RATE if door.practice else self._settings.rate
            pace = self._paces[door.name] = _Pace(rate)
        await pace.turn()
        sent = 0

        def work() -> T:
            account = self._account(door)

            def ask(operation: Operation) -> Answer:
                nonlocal sent
                sent += 1
                return self._client.ask(account, operation)

            try:
                return do(ask)
            except CallFault as fault:
                if fault.trouble is Trouble.CREDENTIALS:
                    self._wallet.forget(account.key)
                raise

        try:
            async with self._free:
                if before is not None:
                    await before()
                got = await asyncio.get_running_loop().run_in_executor(self._pool, work)
        except CallFault as fault:
            if fault.trouble is Trouble.THROTTLED:
                pace.throttled(fault.after)
            raise
        pace.spend(sent)
        return got

    async def aside(self, do: Callable[[], T]) -> T:
        """What `do` gives, in a thread, out of turn."""
        return await asyncio.get_running_loop().run_in_executor(self._pool, do)

    def close(self) -> None:
        """Requests that go on are ended; runs are the next worker's."""
        self._client.close()
        self._pool.shutdown(wait=False, cancel_futures=True)

    def _account(self, door: Door) -> Account:
        try:
            key = door.key or self._wallet.read(door.entry)
        except SecretMissing as error:
            raise CallFault(Trouble.CREDENTIALS, "Reading the access key", str(error)) from error
        return Account(endpoint=door.endpoint, key=key)
