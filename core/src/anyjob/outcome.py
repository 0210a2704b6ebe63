"""How a run ended: cause, evidence, and how surely it is over."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any, TypeAlias

from pydantic import JsonValue

__all__ = ["Cause", "Evidence", "Json", "Outcome", "Retry", "StopReport", "Strength", "because", "unknown"]

Json: TypeAlias = JsonValue
"""Any value that JSON can hold."""


class Cause(StrEnum):
    """Why a run ended. Everything but `succeeded` is a failure of the run; `unknown` is said whenever the evidence
    is missing."""

    SUCCEEDED = "succeeded"
    EXIT_CODE = "exit_code"
    """A process ended by itself with a code other than 0."""
    SIGNAL = "signal"
    """A process was ended by a signal that anyjob did not send."""
    FAILED = "failed"
    """The job's own code said so and has no exit code: a false result, an exception, an HTTP rule not met."""
    TIMED_OUT = "timed_out"
    STOPPED = "stopped"
    OUT_OF_MEMORY = "out_of_memory"
    LEFTOVERS = "leftovers"
    """Ended well, but left processes behind, and the job asked to fail then."""
    BAD_CONFIG = "bad_config"
    DEPENDENCY_MISSING = "dependency_missing"
    """An interpreter, image, class or package is not there. Trying again without a change is pointless."""
    START_FAILED = "start_failed"
    REMOTE_FAILED = "remote_failed"
    EVICTED = "evicted"
    NODE_LOST = "node_lost"
    REJECTED = "rejected"
    """The run was refused: by a policy, by the egress rules, by the remote side before it did anything."""
    UNKNOWN = "unknown"


class Strength(StrEnum):
    """How surely a run is over. `PROVEN`: the kernel said so. `REPORTED`: the remote's own terminal state. `ASKED`:
    nobody can know."""

    PROVEN = "PROVEN"
    REPORTED = "REPORTED"
    ASKED = "ASKED"


@dataclass(frozen=True, slots=True, kw_only=True)
class Evidence:
    """One observed fact. `source` is where it was read ("memory.oom_control", "pod status"), `text` what stood
    there."""

    source: str
    text: str

    def to_json(self) -> dict[str, Json]:
        """As journals and the wire carry it."""
        return {"source": self.source, "text": self.text}


def _evidence(said: Sequence[Mapping[str, Any]]) -> list[Evidence]:
    return [Evidence(source=item["source"], text=item["text"]) for item in said]


@dataclass(frozen=True, slots=True, kw_only=True)
class StopReport:
    """What is known about the end of a run.

    `strength` says how surely it is over; `by` is what gives the report its strength ("cgroup.kill", "pod deleted");
    `survivors` names what may still be going, one line each, and is empty when nothing is known to survive. `evidence`
    is what was observed while it was stopped.
    """

    strength: Strength
    by: str
    evidence: Sequence[Evidence] = ()
    survivors: Sequence[str] = ()

    def to_json(self) -> dict[str, Json]:
        """As journals and the wire carry it."""
        return {
            "strength": self.strength.value,
            "by": self.by,
            "evidence": [item.to_json() for item in self.evidence],
            "survivors": list(self.survivors),
        }

    @classmethod
    def from_json(cls, said: Mapping[str, Any]) -> StopReport:
        """What `to_json` gave."""
        return cls(
            strength=Strength(said["strength"]),
            by=said["by"],
            evidence=_evidence(said["evidence"]),
            survivors=said["survivors"],
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Retry:
    """Advice of the executor. `again`: whether another attempt can help. `after`: seconds; None means the job's
    AttemptInterval."""

    again: bool = True
    after: float | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """How one run ended.

    `cause` says why, `evidence` by what that is known. `code` is the executor's own number (exit code, HTTP status),
    `result` the text a person reads first, `outputs` what the job returned in structured form. `stop` is filled by the
    executor where it knows, else by the runtime. `retry` None: whether there is another attempt is the job's to say.
    """

    cause: Cause
    code: int | None = None
    result: str = ""
    outputs: Mapping[str, Json] = field(default_factory=dict[str, Json])
    evidence: Sequence[Evidence] = ()
    stop: StopReport | None = None
    retry: Retry | None = None
    ended: float | None = None
    """Epoch seconds of the end, where the executor knows it better than the moment at which it was told."""

    @property
    def ok(self) -> bool:
        """Whether the run succeeded."""
        return self.cause is Cause.SUCCEEDED

    def to_json(self) -> dict[str, Json]:
        """As journals and the wire carry it. Empty parts are left out, and `ended`, which a journal keeps beside it."""
        said: dict[str, Json] = {"cause": self.cause.value}
        if self.code is not None:
            said["code"] = self.code
        if self.result:
            said["result"] = self.result
        if self.outputs:
            said["outputs"] = dict(self.outputs)
        if self.evidence:
            said["evidence"] = [item.to_json() for item in self.evidence]
        if self.stop is not None:
            said["stop"] = self.stop.to_json()
        if self.retry is not None:
            said["retry"] = {"again": self.retry.again, "after": self.retry.after}
        return said

    @classmethod
    def from_json(cls, said: Mapping[str, Any]) -> Outcome:
        """What `to_json` gave."""
        stop, retry = said.get("stop"), said.get("retry")
        return cls(
            cause=Cause(said["cause"]),
            code=said.get("code"),
            result=said.get("result", ""),
            outputs=said.get("outputs", {}),
            evidence=_evidence(said.get("evidence", [])),
            stop=None if stop is None else StopReport.from_json(stop),
            retry=None if retry is None else Retry(again=retry["again"], after=retry["after"]),
        )


def unknown(source: str, text: str) -> Outcome:
    """The outcome to give when nobody can know how a run ended: cause `unknown` with one piece of evidence."""
    return Outcome(cause=Cause.UNKNOWN, evidence=[Evidence(source=source, text=text)])


def because(cause: Cause, source: str, text: str) -> Outcome:
    """The outcome of which one text says all: what a person reads first, and, read at `source`, its evidence."""
    return Outcome(cause=cause, result=text, evidence=[Evidence(source=source, text=text)])
