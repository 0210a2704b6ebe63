"""Who learns of the end of containers: one stream of events, whatever the number of runs.

Source: Docker Engine API, SystemEvents and ContainerList.
"""

from __future__ import annotations

import asyncio
import threading
import time
from collections.abc import Awaitable, Callable, Generator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Final, TypeAlias

from anyjob_docker.trouble import EngineAway, EngineRefused

if TYPE_CHECKING:
    from anyjob_docker.client import EngineClient

__all__ = ["LIVE", "Watch", "Watches"]

LIVE: Final = frozenset({"running", "paused", "restarting", "removing"})
"""States of a container that has begun and whose end is still to come."""

_ENDS: Final = frozenset({"die", "destroy", "oom", "kill", "stop"})
_LOOK: Final = 10.0
"""Seconds between two looks at all containers: an event that got lost must not keep a run for ever."""
_FIRST: Final = 0.1
_LAST: Final = 2.0
"""Seconds between tries to reach an engine that is away: from the first pause to the longest."""
_NOTES: Final = 20

_Ask: TypeAlias = Callable[[Callable[[], Any]], Awaitable[Any]]


@dataclass(eq=False, slots=True)
class Watch:
    """One run that waits. `changed`: look again. `notes`: what the engine told of it. `stopped`: it was stopped as a
    whole, by `docker stop` or an engine that ends. `away`: from when to when (epoch seconds) the engine was not there.
    """

    name: str
    changed: asyncio.Event
    notes: list[str] = field(default_factory=list[str])
    stopped: bool = False
    away: list[tuple[float, float]] = field(default_factory=list[tuple[float, float]])


class Watches:
    """All runs of one engine that wait. Belongs to the loop that first asks."""

    def __init__(self, client: EngineClient, label: str, ask: _Ask) -> None:
        self._client, self._label, self._ask = client, label, ask
        self._all: dict[str, Watch] = {}
        self._loop: asyncio.AbstractEventLoop | None = None
        self._thread: threading.Thread | None = None
        self._looking: asyncio.Task[None] | None = None
        self._closed = threading.Event()
        self.lost: float | None = None
        """Since when (epoch seconds) the engine is away; None: it is there."""

    @contextmanager
    def of(self, name: str) -> Generator[Watch]:
        """Wait for the container `name`. `changed` is set whenever there may be something new; look first, too."""
        self._begin()
        watch = self._all[name] = Watch(name, asyncio.Event())
        try:
            yield watch
        finally:
            if self._all.get(name) is watch:
                del self._all[name]

    async def close(self) -> None:
        """Ends the waiting at the engine; containers go on."""
        self._closed.set()
        if self._looking is not None:
            self._looking.cancel()
            await asyncio.gather(self._looking, return_exceptions=True)
        self._client.interrupt()

    # ---------------------------------------------------------------- on the loop

    def _begin(self) -> None:
        if self._thread is not None:
            return
        self._loop = asyncio.get_running_loop()
        self._thread = threading.Thread(target=self._listen, name="docker-events", daemon=True)
        self._thread.start()
        self._looking = self._loop.create_task(self._look_now_and_then())

    async def _look_now_and_then(self) -> None:
        while True:
            await asyncio.sleep(_LOOK)
            if self._all:
                try:
                    self._compare(await self._ask(lambda: self._client.states(self._label)))
                except (EngineAway, EngineRefused):
                    pass  # whoever listens finds out, too, and tries on

    def _compare(self, states: dict[str, tuple[str, str]]) -> None:
        for name, watch in list(self._all.items()):
            if states.get(name, ("", ""))[1] not in LIVE:
                watch.changed.set()

    def _event(self, event: dict[str, Any]) -> None:
        action, attributes = str(event.get("Action", "")), event.get("Actor", {}).get("Attributes", {})
        watch = self._all.get(str(attributes.get("name", "")))
        if watch is None or action not in _ENDS:
            return
        if action in ("oom", "kill") and len(watch.notes) < _NOTES:
            number = attributes.get("signal")
            watch.notes.append(action if number is None else f"{action}, signal {number}")
        watch.stopped = watch.stopped or action == "stop"
        if action in ("die", "destroy"):
            watch.changed.set()

    def _gone(self, since: float) -> None:
        self.lost = since
        for watch in self._all.values():
            watch.changed.set()

    def _back(self, since: float | None, states: dict[str, tuple[str, str]]) -> None:
        if since is not None:
            for watch in self._all.values():
                watch.away.append((since, time.time()))
        self.lost = None
        self._compare(states)

    # ---------------------------------------------------------------- in the thread

    def _listen(self) -> None:
        pause, lost = _FIRST, None
        while not self._closed.is_set():
            try:
                with self._client.events(self._label) as events:
                    # After the stream has begun: what ends between the two is in one of them.
                    states = self._client.states(self._label)
                    self._tell(self._back, lost, states)
                    pause, lost = _FIRST, None
                    for event in events:
                        self._tell(self._event, event)
            except (EngineAway, EngineRefused):
                pass
            if lost is None:
                lost = time.time()
                self._tell(self._gone, lost)
            if self._closed.wait(pause):
                return
            pause = min(_LAST, 2 * pause)

    def _tell(self, what: Callable[..., None], *about: object) -> None:
        loop = self._loop
        if loop is not None and not self._closed.is_set():
            try:
                loop.call_soon_threadsafe(what, *about)
            except RuntimeError:  # the loop is closed: nobody waits any more
                self._closed.set()
