"""The logs of a run's containers, read into the run's log: followed while they go, each byte once."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from time import monotonic
from typing import TYPE_CHECKING, Final

from anyjob_k8s.api import Api, Call
from anyjob_k8s.client import NoCluster
from anyjob_k8s.faults import ApiFault, Trouble
from anyjob_k8s.instances import Instance, instances_of
from anyjob_k8s.labelled import Labelled
from anyjob_k8s.objects import K8sObject, containers_of, name_of
from anyjob_k8s.place import Place
from anyjob_k8s.stamped import Stamped

if TYPE_CHECKING:
    from anyjob.run import Log

__all__ = ["Logs"]

_log = logging.getLogger(__name__)
_FIRST_WAIT: Final = 0.2
_LONGEST_WAIT: Final = 15.0
_STILL_RUNNING: Final = 3.0
"""Seconds after the end of a followed log in which its container's end is told; else the stream was cut."""
_REFUSALS: Final = 5
_WINDOW: Final = 4.0
_FAST: Final = 4 << 20
"""Bytes within a window of seconds from which on the kubelet may fall behind."""
_CAUGHT_UP: Final = 256 << 10


class _Pace:
    """How fast what is new comes in one answer."""

    def __init__(self) -> None:
        self.size = 0
        self._since = monotonic()
        self._window = 0

    def took(self, size: int) -> None:
        """More has come."""
        now = monotonic()
        if now - self._since > _WINDOW:
            self._since, self._window = now, 0
        self.size += size
        self._window += size

    @property
    def fast(self) -> bool:
        return self._window > _FAST


class _NotThere(Exception):
    """The answer is the kubelet's own words in place of the log."""


@dataclass(slots=True)
class _Source:
    """One start of a container, and how far its log is read."""

    seen: Instance
    place: Place | None
    lines: Labelled
    whole: bool = False
    """The last read came to an end of its own."""
    complete: bool = False
    fault: str = ""
    gone: bool = False
    """The API no longer has it."""
    behind: bool = False
    """It is written faster than the kubelet follows, so it is read in one go, again and again: a kubelet that has not
    come to the end of a file when that is rotated never opens the next one, and waits for the one after."""
    refused: int = 0
    """How often the API would not give it."""


class Logs:
    """Of one run. `look` at the pods whenever they have changed, `finish` at the end, `close` at any time.

    One task a container that has something to say, no thread. What a task has read is durable with its place, so that
    the next worker goes on from there.
    """

    def __init__(self, api: Api, namespace: str, log: Log, *, secrets: bool = False) -> None:
        """`secrets`: the run has some, so what its lines hold is kept nowhere but in its log, which hides them."""
        self._api, self._namespace, self._log, self._secrets = api, namespace, log, secrets
        self._sources: dict[str, _Source] = {}
        self._tasks: dict[str, asyncio.Task[None]] = {}
        self._pods: list[str] = []
        self._changed = asyncio.Event()

    def look(self, pods: Sequence[K8sObject], vanished: Iterable[str], *, several: bool) -> None:
        """Read what is new there. `vanished`: names of pods that are no more. `several`: the run has more than one pod
        by its nature."""
        lost = set(vanished)
        for pod in pods:
            name = name_of(pod)
            if name not in self._pods:
                self._pods.append(name)
            now = {each.source: each for each in instances_of(pod)}
            for source, known in self._sources.items():
                if known.seen.pod == name:
                    known.gone = name in lost or source not in now
            for source, instance in now.items():
                if source in self._sources:
                    self._sources[source].seen = instance
                elif name not in lost:
                    self._take(instance, self._label(pod, instance, several=several))
        self._changed.set()
        self._changed = asyncio.Event()

    async def finish(self, seconds: float) -> list[str]:
        """The run is over: read to the end, for at most `seconds`. What could not be read, a line each."""
        if self._tasks:
            await asyncio.wait(self._tasks.values(), timeout=seconds)
        await self.close()
        return [
            f"{source.seen.pod}/{source.seen.container}: {source.fault or 'not read to its end'}"
            for source in self._sources.values()
            if not source.complete
        ]

    async def close(self) -> None:
        """Ends all reading. What was read is durable."""
        for task in self._tasks.values():
            task.cancel()
        await asyncio.gather(*self._tasks.values(), return_exceptions=True)
        self._tasks.clear()

    def tail(self, container: str | None) -> bytes | None:
        """The end of the newest log of the container (None: of the first), without labels. None: it stands at the end
        of the run's own log."""
        found = [source for source in self._sources.values() if container in (None, source.seen.container)]
        if len(self._sources) <= 1 or not found:
            return None
        return found[-1].lines.tail

    # ---------------------------------------------------------------- one log

    def _label(self, pod: K8sObject, instance: Instance, *, several: bool) -> str:
        """Empty: nobody else writes into the run's log."""
        many = len(list(containers_of(pod))) > 1
        words = [instance.pod] if several or self._pods.index(instance.pod) else []
        return "/".join([*words, *([instance.container] if many else [])])

    def _take(self, instance: Instance, label: str) -> None:
        place = None
        if said := self._log.cursor(instance.source):
            # The label stays what it was, also where the pods before this one are forgotten.
            text, _, label = said.partition("\t")
            place = Place.from_text(text)
        source = self._sources[instance.source] = _Source(instance, place, Labelled(label))
        self._tasks[instance.source] = asyncio.get_running_loop().create_task(self._read(source))

    async def _read(self, source: _Source) -> None:
        wait = _FIRST_WAIT
        while not source.complete:
            known, before = source.seen, source.place
            if source.gone and source.whole:
                break
            changed = self._changed
            try:
                await self._once(source, known)
                source.whole, source.fault, wait = True, "", _FIRST_WAIT
                if known.ended and source.place == before:
                    # Begun after the end, and nothing new came: that is all there is.
                    break
                if known.ended or source.seen.ended or source.behind:
                    continue
                # If it goes on, the stream was cut, and what comes has to be read.
                source.whole = await self._ended(source)
            except (ApiFault, NoCluster, OSError, _NotThere) as fault:
                said = str(fault)
                if said != source.fault:
                    _log.info("%s: %s", known.source, said)
                source.fault = said
                if isinstance(fault, _NotThere):
                    if source.whole or source.gone or source.refused > _REFUSALS:
                        break
                    source.refused += 1
                if isinstance(fault, ApiFault):
                    source.refused += not fault.passing
                    if fault.trouble is Trouble.FORBIDDEN or (fault.trouble is Trouble.MISSING and source.gone):
                        break
                    if known.ended and source.refused > _REFUSALS:
                        break
                await self._change(changed, wait)
                wait = min(wait * 2, _LONGEST_WAIT)
        source.complete = source.whole
        held = source.lines.held
        if source.complete and (left := source.lines.end()) and source.place is not None:
            source.place = replace(source.place, bytes=source.place.bytes + held)
            self._feed(source, left)

    async def _once(self, source: _Source, known: Instance) -> None:
        """One read, to the end of the answer, or until the kubelet cannot keep up any more.

        Raises ApiFault, NoCluster, OSError, _NotThere.
        """
        query: dict[str, str | int] = {"container": known.container, "timestamps": "true"}
        follow = not known.ended and not source.behind
        if follow:
            query["follow"] = "true"
        if known.previous:
            query["previous"] = "true"
        if source.place is not None:
            query["sinceTime"] = source.place.since
        stamped = Stamped(source.place)
        source.lines.forget()
        call = Call(verb="get", resource="pods", namespace=self._namespace, name=known.pod, part="log", query=query)
        pace = _Pace()
        async with self._api.stream(call) as chunks:
            while (data := await anext(chunks, None)) is not None:
                new = stamped.feed(data)
                self._take_in(source, stamped, new)
                # What comes once more says nothing: a line of some megabytes comes whole, however little of it is new.
                pace.took(len(new))
                if follow and pace.fast:
                    source.behind = True
                    return
                await asyncio.sleep(0)
        self._take_in(source, stamped, stamped.end())
        if stamped.said:
            raise _NotThere(f"the kubelet says: {stamped.said[0]}")
        source.behind = source.behind and pace.size > _CAUGHT_UP

    def _take_in(self, source: _Source, stamped: Stamped, new: bytes) -> None:
        if stamped.gap:
            stamped.gap = False
            self._gap(source, repeated=stamped.repeated)
        if not new:
            return
        source.whole = False
        out = source.lines.feed(new)
        source.place = _written(stamped.place, source.lines)
        if out:
            self._feed(source, out)

    def _gap(self, source: _Source, *, repeated: bool) -> None:
        """The file that was read before is no longer the newest, and nobody can tell whether all of it was read."""
        seen, amid = source.seen, source.place is not None and source.place.bytes > 0 and not source.lines.label
        also = "; what follows, to the end of its line, may stand before it already" if repeated else ""
        note = f"the log of {seen.pod}/{seen.container} was rotated; lines may be missing before this{also}"
        self._note(note, amid=amid)

    def _feed(self, source: _Source, data: bytes) -> None:
        assert source.place is not None
        place = source.place.to_text(hide=self._secrets)
        self._log.feed(data, source.seen.source, f"{place}\t{source.lines.label}")

    def _note(self, text: str, *, amid: bool) -> None:
        """`amid`: the last line has no end yet."""
        self._log.write(b"\n" * amid + f"[anyjob] {text}\n".encode())

    async def _ended(self, source: _Source) -> bool:
        """Whether the end of its container is told, now or shortly."""
        until = monotonic() + _STILL_RUNNING
        while not source.seen.ended and not source.gone and (left := until - monotonic()) > 0:
            await self._change(self._changed, left)
        return source.seen.ended

    async def _change(self, changed: asyncio.Event, seconds: float) -> None:
        try:
            async with asyncio.timeout(seconds):
                await changed.wait()
        except TimeoutError:
            pass


def _written(place: Place | None, lines: Labelled) -> Place | None:
    """Without what is held back: it is read again by whoever goes on."""
    if place is None or not lines.held:
        return place
    return replace(place, bytes=place.bytes - lines.held)
