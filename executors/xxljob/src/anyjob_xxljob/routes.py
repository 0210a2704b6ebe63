"""Which executor takes a run: XXL-JOB's strategies.

Source: XXL-JOB, the package route.strategy of its admin.
"""

from __future__ import annotations

import hashlib
import random
from bisect import bisect_left
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Final

from anyjob_xxljob.spec import Route

__all__ = ["Router"]

_VIRTUAL: Final = 100
_JOBS: Final = 10_000


@dataclass(slots=True)
class _Past:
    """What was routed for one job. In memory, as in the vendor's admin."""

    round: int
    counts: dict[str, int] = field(default_factory=dict[str, int])
    used: dict[str, None] = field(default_factory=dict[str, None])
    """Addresses, the one that was used longest ago first."""


class Router:
    """Chooses among addresses. FAILOVER and BUSYOVER ask executors too: for them it gives the order of asking."""

    def __init__(self) -> None:
        self._past: dict[str, _Past] = {}

    def order(self, route: Route, job: str, addresses: Sequence[str]) -> list[str]:
        """Whom to take, or to ask one after the other; at least one address is given."""
        match route:
            case Route.FAILOVER | Route.BUSYOVER | Route.SHARDING_BROADCAST:
                return list(addresses)
            case Route.FIRST:
                return [addresses[0]]
            case Route.LAST:
                return [addresses[-1]]
            case Route.RANDOM:
                return [random.choice(addresses)]  # noqa: S311 - no secret
            case Route.CONSISTENT_HASH:
                return [_hashed(job, addresses)]
            case Route.ROUND:
                past = self._of(job)
                past.round += 1
                return [addresses[past.round % len(addresses)]]
            case Route.LEAST_FREQUENTLY_USED:
                return [_rarest(self._of(job), addresses)]
            case Route.LEAST_RECENTLY_USED:
                return [_eldest(self._of(job), addresses)]

    def _of(self, job: str) -> _Past:
        past = self._past.pop(job, None) or _Past(random.randrange(100))  # noqa: S311 - no secret
        self._past[job] = past
        while len(self._past) > _JOBS:
            del self._past[next(iter(self._past))]
        return past


def _rarest(past: _Past, addresses: Sequence[str]) -> str:
    # Who is new begins with the least of the others: it must not get all runs until it has caught up.
    known = [past.counts[address] for address in addresses if address in past.counts]
    counts = {address: past.counts.get(address, min(known, default=0)) for address in addresses}
    found = min(addresses, key=lambda address: counts[address])
    counts[found] += 1
    past.counts = counts
    return found


def _eldest(past: _Past, addresses: Sequence[str]) -> str:
    fresh = [address for address in addresses if address not in past.used]
    found = fresh[0] if fresh else next(address for address in past.used if address in addresses)
    past.used.pop(found, None)
    past.used[found] = None
    for gone in [address for address in past.used if address not in addresses]:
        del past.used[gone]
    return found


def _hashed(job: str, addresses: Sequence[str]) -> str:
    ring = sorted((_hash(f"SHARD-{address}-NODE-{node}"), address) for address in addresses for node in range(_VIRTUAL))
    place = bisect_left(ring, (_hash(job), ""))
    return ring[place % len(ring)][1]


def _hash(text: str) -> int:
    """The first four bytes of MD5, the least first, as the vendor's admin takes them."""
    return int.from_bytes(hashlib.md5(text.encode(), usedforsecurity=False).digest()[:4], "little")
