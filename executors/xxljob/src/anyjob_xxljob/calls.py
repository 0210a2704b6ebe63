"""What an executor can be asked, in the dialect that it speaks.

Source: XXL-JOB, ExecutorBiz and EmbedServer.
"""

from __future__ import annotations

import asyncio
import json
import time
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Final

from anyjob_xxljob.logpage import LogPage, Tail
from anyjob_xxljob.message import Answer, BadMessage, read_answer
from anyjob_xxljob.wire import NoAnswer, NotSent, Wire

if TYPE_CHECKING:
    from anyjob_xxljob.settings import XxlJobSettings
    from anyjob_xxljob.tokens import Tokens

__all__ = ["Calls", "Place"]

Before = Callable[[], Awaitable[None]]

_AT_ONCE: Final = 4
"""Calls in flight to one executor: it works through them with one thread."""
_LOGS_AT_ONCE: Final = 2
_ANSWER: Final = 1 << 20
_LOG_PATIENCE: Final = 10
"""How much longer an answer to `/log` may take: the executor makes one JSON text of the whole rest of the log."""
_FIRST: Final = 2.0
"""Seconds that the first call to an executor may take longer: a cold JVM."""
_KNOWN: Final = 20_000


@dataclass(frozen=True, slots=True)
class Place:
    """One executor as it is called."""

    circle: str
    app: str
    address: str


@dataclass(slots=True)
class _Peer:
    """What was learned of an address."""

    calls: asyncio.Semaphore = field(default_factory=lambda: asyncio.Semaphore(_AT_ONCE))
    logs: asyncio.Semaphore = field(default_factory=lambda: asyncio.Semaphore(_LOGS_AT_ONCE))
    run: str = "run"
    heard: float = 0.0
    """When it last answered, by the monotonic clock."""


class Calls:
    """One client for all versions from 2.4 to 3.5, which learns from the answers of each address."""

    def __init__(self, wire: Wire, tokens: Tokens, settings: XxlJobSettings) -> None:
        self._wire, self._tokens, self._seconds = wire, tokens, settings.timeout
        self._peers: dict[tuple[str, str], _Peer] = {}

    def heard(self, place: Place) -> float:
        """When the executor last answered, by the monotonic clock; 0: never."""
        return self._peer(place).heard

    async def beat(self, place: Place) -> Answer:
        """Whether it is there, and knows the token. Raises what `_ask` does."""
        return await self._ask(place, "beat", {})

    async def idle(self, place: Place, job_id: int) -> Answer:
        """Not ok: it works on the jobId, or has something queued for it."""
        return await self._ask(place, "idleBeat", {"jobId": job_id})

    async def kill(self, place: Place, job_id: int) -> Answer:
        """Interrupts whatever runs under the jobId. Ok says only that it was asked."""
        return await self._ask(place, "kill", {"jobId": job_id})

    async def run(
        self,
        place: Place,
        request: Mapping[str, Any],
        before: Before | None = None,
        facts: Sequence[tuple[str, str]] = (),
    ) -> Answer:
        """Start a run; `before` is awaited right before it is sent, `facts` are headers that say whose it is.

        An executor of 3.5 says that it knows no `/run`: it has done nothing, and is asked by `/trigger`.
        """
        peer = self._peer(place)
        answer = await self._ask(place, peer.run, request, before, facts)
        if not answer.ok and f"uri-mapping(/{peer.run}) not found" in answer.text:
            peer.run = "trigger" if peer.run == "run" else "run"
            answer = await self._ask(place, peer.run, request, before, facts)
        return answer

    async def log(self, place: Place, log_id: int, moment: int, tail: Tail, *, last: bool) -> Answer:
        """What stands in the log of a run beyond what `tail` has. `moment`: epoch milliseconds of its trigger, by which
        the executor finds the log's folder. Raises NoAnswer."""
        asked = {"logDateTim": moment, "logDateTime": moment, "logId": log_id, "fromLineNum": tail.line}
        tail.begin()
        page = LogPage(tail.take)
        async with self._peer(place).logs:
            whole = await self._post(place, "log", asked, page.feed, patience=_LOG_PATIENCE)
        if not whole and tail.full:
            return Answer(200, "")
        try:
            answer = page.end()
        except BadMessage as bad:
            raise NoAnswer(place.address, f"what it answered to /log {bad}") from None
        tail.end(last=last)
        return answer

    # ---------------------------------------------------------------- within

    def _peer(self, place: Place) -> _Peer:
        key = (place.circle, place.address)
        found = self._peers.get(key)
        if found is None:
            while len(self._peers) >= _KNOWN:
                del self._peers[next(iter(self._peers))]
            found = self._peers[key] = _Peer()
        return found

    async def _ask(
        self,
        place: Place,
        path: str,
        asked: Mapping[str, Any],
        before: Before | None = None,
        facts: Sequence[tuple[str, str]] = (),
    ) -> Answer:
        """Raises NotSent or EgressRefused: surely nothing was done; or NoAnswer: nobody knows."""
        parts: list[bytes] = []
        size = 0

        def take(data: bytes) -> bool:
            nonlocal size
            size += len(data)
            parts.append(data)
            return size <= _ANSWER

        async with self._peer(place).calls:
            if not await self._post(place, path, asked, take, before, facts):
                raise NoAnswer(place.address, f"its answer to /{path} has more than {_ANSWER} bytes")
        try:
            return read_answer(b"".join(parts))
        except BadMessage as bad:
            said = b"".join(parts)[:200].decode(errors="replace")
            raise NoAnswer(place.address, f"what it answered to /{path} {bad}: {said!r}") from None

    async def _post(
        self,
        place: Place,
        path: str,
        asked: Mapping[str, Any],
        take: Callable[[bytes], bool],
        before: Before | None = None,
        facts: Sequence[tuple[str, str]] = (),
        patience: float = 1,
    ) -> bool:
        """Whether the answer was read to its end."""
        peer = self._peer(place)
        whole = True

        def some(data: bytes) -> bool:
            nonlocal whole
            whole = take(data)
            return whole

        try:
            token = self._tokens.token(place.circle)
        except KeyError:
            raise NotSent(place.address, f"the settings have no token of {place.circle} any more") from None
        headers = [("XXL-JOB-ACCESS-TOKEN", token), ("XXL-JOB-APPNAME", _header(place.app)), *facts]
        seconds = self._seconds if peer.heard else self._seconds + _FIRST
        status = await self._wire.post(
            place.address,
            path,
            headers,
            json.dumps(asked).encode(),
            seconds=seconds * patience,
            take=some,
            before=before,
        )
        if status != 200:
            raise NoAnswer(place.address, f"its answer to /{path} has the HTTP status {status}")
        peer.heard = time.monotonic()
        return whole


def _header(text: str) -> str:
    """An app's name as a header can hold it."""
    return text.encode("ascii", "ignore").decode().strip() if text.isprintable() else ""
