"""The worker's side of the shim: orders out, ends in, over one Unix socket, in the worker's own event loop."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any
from uuid import uuid4

from anyjob.errors import ShimLost
from anyjob.worker.local.shimstart import last_words, reach
from anyjob.worker.local.shimvalues import (
    Ended,
    LogState,
    Proof,
    RunAs,
    RunLimits,
    ShimOptions,
    Stage,
    Started,
    StartOrder,
    WarmStart,
)
from anyjob.worker.local.shimwire import ShimWire
from anyjob.worker.shim import frames

__all__ = [
    "Ended",
    "LogState",
    "Proof",
    "RunAs",
    "RunLimits",
    "ShimClient",
    "ShimOptions",
    "StartOrder",
    "Started",
    "WarmStart",
]

_PATIENCE = 15.0
"""Seconds in which a lost shim must be reachable again; the keeper needs milliseconds."""
_TOGETHER = 3
"""Messages that leave as one frame. A busy worker says more in a turn, and the shim should begin what it was told first
meanwhile, or each waits for the other."""
_ACKS_WAIT = 0.05
"""Seconds in which acknowledgements leave with whatever else is said, so that the shim is not woken for them alone."""
_QUIT = frames.encode({"do": "quit_when_idle"})


class ShimClient:
    """The shim of one state folder, as a worker sees it. For the event loop in which it was opened, not for threads.

    When the shim dies, the client reaches its successor, which the keeper starts, and asks again what was not answered:
    a run's name makes that safe. If nobody can be reached, every future fails with ShimLost.

    Messages leave at the end of a turn of the event loop (`loop.call_soon`), some before it when there are many. So
    whatever a caller does before it next awaits or orders something, such as writing its own journal, is done before
    the shim can have seen the order.
    """

    def __init__(self, folder: Path, options: ShimOptions) -> None:
        """Use `open`."""
        self.folder, self._options = folder.absolute(), options
        self.name = uuid4().hex
        self._known: dict[str, Started | Ended] = {}
        self._live: set[str] = set()
        self._over: dict[str, Ended] = {}
        self._starts: dict[str, tuple[bytes, asyncio.Future[Started | Ended]]] = {}
        self._ends: dict[str, list[asyncio.Future[Ended]]] = {}
        self._stops: dict[str, list[tuple[bytes, asyncio.Future[Proof]]]] = {}
        self._arms: dict[str, list[tuple[bytes, asyncio.Future[None]]]] = {}
        self._acks: list[str] = []
        self._unsent: list[bytes] = []
        self._loop = asyncio.get_running_loop()
        self._wire: ShimWire | None = None
        self._hello: Mapping[str, Any] = {}
        self._again: asyncio.Task[None] | None = None
        self._closed: ShimLost | None = None
        self._scheduled = False
        self._acking: asyncio.TimerHandle | None = None

    @classmethod
    async def open(cls, folder: Path, options: ShimOptions | None = None) -> ShimClient:
        """Connect to the living shim of the folder, or start keeper and shim; `known` is complete then. Raises
        ShimLost.
        """
        client = cls(folder, options or ShimOptions())
        listed = await client._attach()
        for run in listed["live"]:
            client._known[run["run"]] = Started.from_json(run)
            client._live.add(run["run"])
        for run in listed["ended"]:
            client._known[run["run"]] = client._over[run["run"]] = Ended.from_json(run)
        return client

    @property
    def known(self) -> Mapping[str, Started | Ended]:
        """What the shim knew when this client connected: runs of earlier workers, until they are acknowledged."""
        return self._known

    @property
    def facts(self) -> Mapping[str, Any]:
        """What the shim said of itself when it was reached last: pid, keeper, how it holds and limits runs here."""
        return self._hello

    def start(self, order: StartOrder) -> asyncio.Future[Started | Ended]:
        """Start a run; Ended when it could not be started, or is known and over. Ordering the same run again is
        harmless.
        """
        future: asyncio.Future[Started | Ended] = self._loop.create_future()
        if self._closed is not None:
            future.set_exception(self._closed)
            return future
        pending = self._starts.get(order.run)
        if pending is not None:
            if not pending[1].cancelled():
                return pending[1]
            self._starts[order.run] = pending[0], future
            return future
        self._before(order.run)
        message = order.encode()
        self._starts[order.run] = message, future
        self._send(message)
        return future

    def cancel(self, run: str) -> None:
        """Do not start a warm run that still waits for its resident: its start is answered with an end. One that has
        begun goes on.
        """
        self._send(frames.encode({"do": "cancel", "run": run}))

    def ended(self, run: str) -> asyncio.Future[Ended]:
        """The end of a run that was started or is known. Each call has a future of its own. Fails with ShimLost for a
        run that the shim does not know, and one that is acknowledged.
        """
        future: asyncio.Future[Ended] = self._loop.create_future()
        over = self._over.get(run)
        if over is not None:
            future.set_result(over)
        elif self._closed is not None:
            future.set_exception(self._closed)
        elif run not in self._live and run not in self._starts:
            future.set_exception(self._not_known(run))
        else:
            self._ends.setdefault(run, []).append(future)
            if self._wire is None:
                self._schedule()
        return future

    async def stop(self, run: str, stage: Stage) -> Proof:
        """Do one stage of the stop ladder. Says at once how things stand: PROVEN when the end became known within
        the call.
        """
        if self._closed is not None:
            raise self._closed
        message = frames.encode({"do": "stop", "run": run, "stage": stage})
        future: asyncio.Future[Proof] = self._loop.create_future()
        self._stops.setdefault(run, []).append((message, future))
        self._send(message)
        return await future

    def ack(self, runs: Iterable[str]) -> None:
        """The ends of these runs are safe with the worker: the shim may forget them. It hears of it shortly."""
        for run in runs:
            self._acks.append(run)
            self._known.pop(run, None)
            self._over.pop(run, None)
        if self._acking is None:
            self._acking = self._loop.call_later(_ACKS_WAIT, self._acknowledge)

    def arm(
        self, key: str, *, at: float, argv: Sequence[str], env: Mapping[str, str], log: str, cwd: str = "/"
    ) -> asyncio.Future[None]:
        """Let the shim execute a command at `at` (CLOCK_BOOTTIME seconds), worker or no worker. Done when the shim has
        it.

        Its end is kept like a run's, under the name `arm:KEY`. The shim's journal holds argv and env: no secrets in
        there.
        """
        order = {"do": "arm", "key": key, "at": at, "argv": list(argv), "env": dict(env), "log": log, "cwd": cwd}
        return self._set_arm(key, frames.encode(order))

    def disarm(self, key: str) -> asyncio.Future[None]:
        """Drop an armed command; one that has begun goes on. Done when the shim has forgotten it."""
        return self._set_arm(key, frames.encode({"do": "disarm", "key": key}))

    def _set_arm(self, key: str, message: bytes) -> asyncio.Future[None]:
        future: asyncio.Future[None] = self._loop.create_future()
        if self._closed is not None:
            future.set_exception(self._closed)
            return future
        self._before(f"arm:{key}")
        self._arms.setdefault(key, []).append((message, future))
        self._send(message)
        return future

    def quit_when_idle(self) -> None:
        """Let the shim end as soon as no run is alive."""
        self._send(_QUIT)

    async def close(self) -> None:
        """Disconnect. Runs go on; what waits for them fails with ShimLost."""
        if self._acking is not None:
            self._acking.cancel()
        if self._unsent or self._acks:
            self._flush()
        self._fail(ShimLost(self.folder, "the client was closed"))
        if self._again is not None:
            self._again.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await self._again
        if self._wire is not None:
            wire, self._wire = self._wire, None
            await wire.close()

    # ---------------------------------------------------------------- out

    def _send(self, message: bytes) -> None:
        if len(self._unsent) >= _TOGETHER and self._wire is not None:
            self._say(self._wire)
        self._unsent.append(message)
        self._schedule()

    def _before(self, name: str) -> None:
        """An acknowledgement is not to be taken for one of what is now ordered under its name."""
        if name in self._acks and self._wire is not None:
            self._say(self._wire)

    def _acknowledge(self) -> None:
        self._acking = None
        if self._acks:
            self._flush()

    def _schedule(self) -> None:
        if not self._scheduled:
            self._scheduled = True
            self._loop.call_soon(self._flush)

    def _flush(self) -> None:
        self._scheduled = False
        wire = self._wire
        if wire is None:
            if self._closed is None and (self._again is None or self._again.done()):
                self._again = self._loop.create_task(self._reattach())
            return
        self._say(wire)

    def _say(self, wire: ShimWire) -> None:
        if self._acks:
            self._unsent.append(frames.encode({"do": "ack", "runs": self._acks}))
            self._acks = []
        if self._unsent:
            wire.send(self._unsent)
            self._unsent = []

    # ---------------------------------------------------------------- in

    def heard(self, said: Mapping[str, Any]) -> None:
        """One message of the shim."""
        match said["ev"]:
            case "started":
                self._started(said)
            case "ended":
                self._ended(said)
            case "stop":
                _answer(self._stops, said["run"], Proof.from_json(said["report"]))
            case "armed" | "disarmed":
                _answer(self._arms, said["key"], None)
            case "fault":
                self._loop.call_exception_handler({"message": f"The shim refused an order: {said['text']}"})
            case _:
                pass  # a newer shim may say more

    def _started(self, said: Mapping[str, Any]) -> None:
        self._live.add(said["run"])
        pending = self._starts.pop(said["run"], None)
        if pending is not None:
            _settle(pending[1], Started.from_json(said))

    def _ended(self, said: Mapping[str, Any]) -> None:
        over = Ended.from_json(said)
        pending = self._starts.pop(over.run, None)
        if pending is not None:
            _settle(pending[1], over)
        self._live.discard(over.run)
        self._over[over.run] = over
        for future in self._ends.pop(over.run, ()):
            _settle(future, over)

    # ---------------------------------------------------------------- a connection and its loss

    def parted(self, wire: ShimWire, *, final: bool) -> None:
        """The connection is gone."""
        if wire is not self._wire:
            return
        self._wire = None
        if final:
            self._fail(ShimLost(self.folder, wire.refused))
        elif self._closed is None and (self._ends or self._unanswered()):
            self._again = self._loop.create_task(self._reattach())

    async def _attach(self) -> Mapping[str, Any]:
        """Connect and read the list. Raises ShimLost when that cannot be done for a while."""
        end = self._loop.time() + _PATIENCE
        pause = 0.002
        while True:
            wire = ShimWire(self)
            try:
                async with asyncio.timeout_at(end):
                    connection = await reach(self.folder, self._options)
                    await self._loop.create_unix_connection(lambda wire=wire: wire, sock=connection)
                    listed = await wire.ready
            except BaseException as error:
                wire.abort()
                if not isinstance(error, (OSError, TimeoutError)):
                    raise  # closed meanwhile
                if wire.refused.startswith("refused") or self._loop.time() + pause >= end:
                    why = wire.refused or str(error) or "it does not answer"
                    raise ShimLost(self.folder, why + await asyncio.to_thread(last_words, self.folder)) from error
                await asyncio.sleep(pause)
                pause = min(0.5, pause * 2)
                continue
            self._wire, self._hello = wire, wire.hello
            return listed

    async def _reattach(self) -> None:
        try:
            listed = await self._attach()
        except ShimLost as error:
            self._fail(error)
            return
        self._live.clear()
        for said in listed["live"]:
            self._started(said)
        for said in listed["ended"]:
            if said["run"] not in self._acks:
                self._ended(said)
        for run in [run for run in self._ends if run not in self._live and run not in self._starts]:
            for future in self._ends.pop(run):
                _break(future, self._not_known(run))
        quits = [message for message in self._unsent if message is _QUIT]
        # Acknowledgements first: what is ordered under such a name came after it.
        acks, self._acks = self._acks, []
        first = [frames.encode({"do": "ack", "runs": acks})] if acks else []
        self._unsent = [*first, *[message for message, _ in self._unanswered()], *quits]
        self._flush()

    def _unanswered(self) -> list[tuple[bytes, asyncio.Future[Any]]]:
        """Orders that the shim has not answered. Each may be given again: it says what is to be, not what to add."""
        orders: list[tuple[bytes, asyncio.Future[Any]]] = list(self._starts.values())
        for waiting in (*self._stops.values(), *self._arms.values()):
            orders += waiting
        return orders

    def _not_known(self, run: str) -> ShimLost:
        return ShimLost(self.folder, f"it knows nothing of run {run}")

    def _fail(self, error: ShimLost) -> None:
        self._closed = error
        for _, future in self._unanswered():
            _break(future, error)
        for futures in self._ends.values():
            for future in futures:
                _break(future, error)
        for waiting in (self._starts, self._ends, self._stops, self._arms):
            waiting.clear()


def _answer(waiting: dict[str, list[tuple[bytes, asyncio.Future[Any]]]], name: str, value: object) -> None:
    """The shim answers the orders of one name in their order."""
    orders = waiting.get(name)
    if orders:
        _settle(orders.pop(0)[1], value)
        if not orders:
            del waiting[name]


def _settle(future: asyncio.Future[Any], value: object) -> None:
    if not future.done():  # an awaiting task may have been cancelled
        future.set_result(value)


def _break(future: asyncio.Future[Any], error: ShimLost) -> None:
    if not future.done():
        future.set_exception(error)
        future.exception()  # it may be that nobody waits for it; that is no fault to log
