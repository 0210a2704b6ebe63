"""Observers: each plugin told of events in its own thread, so that none can stall a run or another observer."""

from __future__ import annotations

import logging
from collections import deque
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from threading import Condition, Thread
from time import monotonic, time
from typing import TYPE_CHECKING, Final

from anyjob.plugins.hooks import Hooks, Implementation
from anyjob.plugins.plugin import failure

if TYPE_CHECKING:
    from anyjob.outcome import Outcome
    from anyjob.plugins.types import InstanceChange
    from anyjob.run import RunFacts

__all__ = ["ObserverReport", "Observers"]

QUEUE: Final = 1024
"""Events that may wait for one plugin; further ones are dropped and counted."""

_STARTED: Final = "anyjob_run_started"
_FINISHED: Final = "anyjob_run_finished"
_CHANGED: Final = "anyjob_instance_changed"

_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True, kw_only=True)
class ObserverReport:
    """How an observing plugin does.

    `plugin` is its name. Numbers of events: `told`, `dropped` because it was too slow or already closed, and `failed`,
    told ones on which it raised; `last_failure` is what it raised last, empty when nothing. `waiting` are those that it
    has not been told yet, or at which it still is: since `busy_since`, epoch seconds, None when it is at none.
    """

    plugin: str
    told: int
    dropped: int
    failed: int
    last_failure: str
    waiting: int = 0
    busy_since: float | None = None


class Observers:
    """All observing plugins.

    Telling never blocks and never raises; without observers it costs nothing and has no thread.
    """

    def __init__(self, hooks: Hooks, queue: int = QUEUE) -> None:
        self.on_change: Callable[[], None] | None = None
        """Called after every change of `report`, from any thread; it must not block."""
        self._channels: dict[str, _Channel] = {}
        self._started = self._of(hooks, _STARTED, queue)
        self._finished = self._of(hooks, _FINISHED, queue)
        self._changed = self._of(hooks, _CHANGED, queue)

    def run_started(self, run: RunFacts) -> None:
        """Tell that a run has started."""
        for call, channel in self._started:
            channel.put(call, {"run": run})

    def run_finished(self, run: RunFacts, outcome: Outcome) -> None:
        """Tell that a run is over."""
        for call, channel in self._finished:
            channel.put(call, {"run": run, "outcome": outcome})

    @property
    def of_instances(self) -> bool:
        """Whether anybody wants to know of instances; nobody need make what nobody is told."""
        return bool(self._changed)

    def instance_changed(self, change: InstanceChange) -> None:
        """Tell that an instance came into another state."""
        for call, channel in self._changed:
            channel.put(call, {"change": change})

    def report(self) -> list[ObserverReport]:
        """Of every observing plugin, by name."""
        return [self._channels[name].report() for name in sorted(self._channels)]

    def close(self, timeout: float) -> bool:
        """Let what waits be told, at most `timeout` seconds in all.

        False: an observer still hangs; its thread is left behind.
        """
        until = monotonic() + timeout
        for channel in self._channels.values():
            channel.finish()
        ended = [channel.join(max(0.0, until - monotonic())) for channel in self._channels.values()]
        return all(ended)

    def _of(self, hooks: Hooks, hook: str, queue: int) -> Sequence[tuple[Implementation, _Channel]]:
        return [
            (call, self._channels.setdefault(call.plugin, _Channel(call.plugin, queue, self._moved)))
            for call in hooks.implementations(hook)
        ]

    def _moved(self) -> None:
        if (on_change := self.on_change) is not None:
            on_change()


class _Channel:
    """The queue and thread of one plugin.

    The thread is a daemon, so that a hanging observer cannot keep the process.
    """

    def __init__(self, plugin: str, limit: int, moved: Callable[[], None]) -> None:
        self._plugin, self._limit, self._moved = plugin, limit, moved
        self._waiting: deque[tuple[Implementation, Mapping[str, object]]] = deque()
        self._changed = Condition()
        self._closing = False
        self._thread: Thread | None = None
        self._told = self._dropped = self._failed = 0
        self._last_failure = ""
        self._busy_since: float | None = None

    def put(self, call: Implementation, given: Mapping[str, object]) -> None:
        with self._changed:
            if self._closing or len(self._waiting) >= self._limit:
                self._dropped += 1
            else:
                self._waiting.append((call, given))
                if self._thread is None:
                    self._thread = Thread(target=self._serve, name=f"anyjob observer {self._plugin}", daemon=True)
                    self._thread.start()
                self._changed.notify()
        self._moved()

    def finish(self) -> None:
        with self._changed:
            self._closing = True
            self._changed.notify()

    def join(self, timeout: float) -> bool:
        if self._thread is None:
            return True
        self._thread.join(timeout)
        return not self._thread.is_alive()

    def report(self) -> ObserverReport:
        with self._changed:
            return ObserverReport(
                plugin=self._plugin,
                told=self._told,
                dropped=self._dropped,
                failed=self._failed,
                last_failure=self._last_failure,
                waiting=len(self._waiting) + (self._busy_since is not None),
                busy_since=self._busy_since,
            )

    def _serve(self) -> None:
        while True:
            with self._changed:
                self._changed.wait_for(lambda: self._waiting or self._closing)
                if not self._waiting:
                    return
                call, given = self._waiting.popleft()
                self._busy_since = time()
            self._moved()
            wrong = ""
            try:
                call(**given)
            except (Exception, SystemExit) as error:  # noqa: BLE001 - a plugin's code may raise anything
                wrong = failure(error)
                _log.warning("observer %r failed", self._plugin, exc_info=True)
            with self._changed:
                self._busy_since = None
                self._told += 1
                self._failed += bool(wrong)
                self._last_failure = wrong or self._last_failure
            self._moved()
