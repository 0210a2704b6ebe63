"""The runs of a worker, durable: every mark is in the ledger before it is acted on."""

from __future__ import annotations

import json
import time
from collections import OrderedDict
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from anyjob.executor.handle import Handle
from anyjob.job import Job
from anyjob.outcome import Json, Outcome
from anyjob.plugins.binding import Binding
from anyjob.worker.order import RunOrder
from anyjob.worker.record import RunRecord
from anyjob.worker.states import Mark, RunState, advance

__all__ = ["JobShelf", "RunBook", "Write"]

Write = Callable[[Mapping[str, Any]], None]


class JobShelf:
    """The jobs, with who serves them, that lines refer to by number: written once and not with each of their runs.

    Implements `LedgerPart`.
    """

    kinds = frozenset({"job"})
    IDLE = 1024
    """Jobs that no line needs any more, kept because the next run of a job comes soon."""

    def __init__(self) -> None:
        self.write: Write
        self._next = 1
        self._by_ref: OrderedDict[int, _Shelved] = OrderedDict()
        self._by_identity: dict[tuple[int, int], _Shelved] = {}
        self._by_text: dict[str, _Shelved] = {}

    def take(self, job: Job, binding: Binding) -> int:
        """The number of `job`, written now if no line names it yet. Give it back with `give`. Raises OSError."""
        entry = self._by_identity.get((id(job), id(binding)))
        if entry is None:
            line = _line(job, binding)
            text = json.dumps(line)
            entry = self._by_text.get(text)
            if entry is None:
                self.write({"m": "job", "ref": self._next, **line})
                entry = self._put(self._next, job, binding, text)
        entry.uses += 1
        return entry.ref

    def give(self, ref: int) -> None:
        """One line less refers to the job."""
        self._by_ref[ref].uses -= 1
        if not self._by_ref[ref].uses and len(self._by_ref) > self.IDLE:
            for old in [entry for entry in self._by_ref.values() if not entry.uses][: self.IDLE // 2]:
                del self._by_ref[old.ref], self._by_identity[id(old.job), id(old.binding)], self._by_text[old.text]

    def again(self, ref: int) -> tuple[Job, Binding]:
        """For replay: a line that names `ref` was read."""
        entry = self._by_ref[ref]
        entry.uses += 1
        return entry.job, entry.binding

    def _put(self, ref: int, job: Job, binding: Binding, text: str) -> _Shelved:
        entry = _Shelved(ref=ref, job=job, binding=binding, text=text)
        self._by_ref[ref] = self._by_identity[id(job), id(binding)] = self._by_text[entry.text] = entry
        self._next = max(self._next, ref + 1)
        return entry

    def replay(self, line: Mapping[str, Any]) -> None:
        job, binding = Job.from_wire(line["job"]), Binding.from_json(line["binding"])
        self._put(line["ref"], job, binding, json.dumps(_line(job, binding)))

    def lines(self) -> Iterable[Mapping[str, Any]]:
        # Idle ones too: as long as a job is known here, its next run refers to the line.
        for entry in self._by_ref.values():
            yield {"m": "job", "ref": entry.ref, **_line(entry.job, entry.binding)}


@dataclass(slots=True, kw_only=True)
class _Shelved:
    """Holds job and binding, so that their identities stay theirs."""

    ref: int
    job: Job
    binding: Binding
    text: str
    uses: int = 0


def _line(job: Job, binding: Binding) -> dict[str, Any]:
    return {"job": job.to_wire(), "binding": binding.to_json()}


class RunBook:
    """Every run that was accepted and not yet forgotten, by name. Implements `LedgerPart`."""

    kinds = frozenset({*(mark.value for mark in Mark), "asked", "cursor", "forgot"})

    def __init__(self, shelf: JobShelf) -> None:
        self.write: Write
        self.records: dict[str, RunRecord] = {}
        self._shelf = shelf
        self._refs: dict[str, int] = {}

    def accept(self, order: RunOrder, binding: Binding) -> RunRecord:
        """Promise the run: durable on return. The same order again gives the same record. Raises OSError."""
        known = self.records.get(order.name)
        if known is not None:
            return known
        ref = self._shelf.take(order.job, binding)
        try:
            self.write({"m": "accepted", "run": order.name, "job": ref, **order.to_json()})
        except OSError:
            self._shelf.give(ref)
            raise
        record = RunRecord(order=order, binding=binding, state=RunState.ACCEPTED)
        self.records[order.name] = record
        self._refs[order.name] = ref
        return record

    # The ledger comes first: when it cannot be written (a full disk), the record still says what is durable, and the
    # same mark can be tried again.

    def starting(self, record: RunRecord, policies: list[str]) -> None:
        """`start` is about to be called; `policies` is what they changed, a line each. Raises IllegalMark, OSError, as
        the other marks do."""
        at = round(time.time(), 3)
        line: dict[str, Any] = {"m": "starting", "run": record.order.name, "at": at}
        if policies:
            line["policies"] = policies
        self._mark(record, Mark.STARTING, line)
        record.policies = policies
        record.started = at
        record.starts += 1

    def saved(self, record: RunRecord, data: Json) -> None:
        """`data` is what the executor's checkpoint holds. Raises IllegalMark, OSError."""
        self._mark(record, Mark.SAVED, {"m": "saved", "run": record.order.name, "data": data})
        record.saved = data

    def handle(self, record: RunRecord, handle: Handle) -> None:
        """The run has begun, and is found by `handle`. Raises IllegalMark, OSError."""
        self._mark(record, Mark.HANDLE, {"m": "handle", "run": record.order.name, "handle": handle.to_json()})
        record.handle = handle

    def stop(self, record: RunRecord, why: str) -> None:
        """A stop was asked for, and why. Raises IllegalMark, OSError."""
        self._mark(record, Mark.STOP, {"m": "stop", "run": record.order.name, "why": why})
        record.stop = why

    def asked(self, record: RunRecord) -> None:
        """The run has been asked to end: its grace goes on from now, in a later worker too. Raises OSError."""
        at = round(time.time(), 3)
        self.write({"m": "asked", "run": record.order.name, "at": at})
        record.asked = at

    def ended(self, record: RunRecord, outcome: Outcome) -> None:
        """The run is over, at the time that the outcome says, else now. Raises IllegalMark, OSError."""
        at = round(outcome.ended or time.time(), 3)
        line = {"m": "ended", "run": record.order.name, "at": at, "outcome": outcome.to_json()}
        self._mark(record, Mark.ENDED, line)
        record.ended, record.outcome = at, outcome

    def _mark(self, record: RunRecord, mark: Mark, line: Mapping[str, Any]) -> None:
        """Raises IllegalMark, OSError; the record is as before then."""
        after = advance(record.order.name, record.state, mark)
        self.write(line)
        record.state = after

    def cursor(self, record: RunRecord, source: str, cursor: str, size: int) -> None:
        """`source` was read up to `cursor`, and the log had `size` bytes then."""
        self.write({"m": "cursor", "run": record.order.name, "source": source, "cursor": cursor, "size": size})
        record.cursors[source] = (cursor, size)

    def forget(self, name: str) -> None:
        """The outcome is kept elsewhere; the run is no longer this worker's business. Nothing happens for an unknown
        name."""
        if name in self.records:
            self.write({"m": "forgot", "run": name})
            del self.records[name]
            self._shelf.give(self._refs.pop(name))

    def replay(self, line: Mapping[str, Any]) -> None:
        kind, name = line["m"], line["run"]
        if kind == Mark.ACCEPTED.value:
            job, binding = self._shelf.again(line["job"])
            self.records[name] = RunRecord(
                order=RunOrder.from_json(job, line), binding=binding, state=RunState.ACCEPTED
            )
            self._refs[name] = line["job"]
        elif kind == "forgot":
            if self.records.pop(name, None) is not None:
                self._shelf.give(self._refs.pop(name))
        elif kind == "asked":
            self.records[name].asked = line["at"]
        elif kind == "cursor":
            self.records[name].cursors[line["source"]] = (line["cursor"], line["size"])
        else:
            self.records[name].replay(Mark(kind), line)

    def lines(self) -> Iterable[Mapping[str, Any]]:
        for name, record in self.records.items():
            yield {"m": Mark.ACCEPTED.value, "run": name, "job": self._refs[name], **record.order.to_json()}
            yield from record.lines()
