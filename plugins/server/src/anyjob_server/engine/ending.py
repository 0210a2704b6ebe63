"""What the end of an instance is in the store. Pure."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import replace
from typing import Any, Final

from anyjob.outcome import Cause, Evidence, Json, Outcome, StopReport, Strength
from anyjob.status import InstanceStatus
from anyjob_server.store.transitions import OPEN, Transition

__all__ = ["KILLED", "NO_WORKER", "end_of", "never_started", "no_worker", "outcome_json", "set_succeeded"]

KILLED: Final = "killed from server"
"""The result of an instance that was stopped, by a person or at its timeout. SchedulerX's wording."""
NO_WORKER: Final = "no worker available"
"""The result of an instance that nobody could run. SchedulerX's wording."""

_RUNS: Final = 1_000
"""Names of runs that are kept with an outcome, for its logs."""


def end_of(instance: int, outcome: Outcome, runs: list[str], values: Mapping[str, object]) -> Transition:
    """The change that an outcome makes of an instance. `values`: further columns, such as the times."""
    stopped = outcome.cause in (Cause.STOPPED, Cause.TIMED_OUT)
    return Transition(
        id=instance,
        to=InstanceStatus.SUCCESS if outcome.ok else InstanceStatus.FAILED,
        expect=OPEN_OF_RUNS,
        values={
            **values,
            "cause": outcome.cause.value,
            "code": outcome.code,
            "result": KILLED if stopped else outcome.result,
            "outcome": outcome_json(outcome, runs),
        },
    )


OPEN_OF_RUNS: Final = tuple(status for status in OPEN if status is not InstanceStatus.PAUSED)


def outcome_json(outcome: Outcome, runs: list[str]) -> str:
    """The outcome with the names of its runs, which are those of their logs."""
    return json.dumps({**outcome.to_json(), "runs": list[Json](runs[-_RUNS:])})


def never_started(who: str) -> Outcome:
    """Stopped while it waited."""
    return Outcome(
        cause=Cause.STOPPED,
        evidence=[Evidence(source="server", text=f"it was stopped before it started: {who}")],
        stop=StopReport(strength=Strength.PROVEN, by="never started"),
    )


def no_worker(why: str) -> Outcome:
    """Nobody can run it here."""
    return Outcome(
        cause=Cause.REJECTED,
        result=NO_WORKER,
        evidence=[Evidence(source="server", text=why)],
        stop=StopReport(strength=Strength.PROVEN, by="never started"),
    )


def set_succeeded(outcome: str, by: str, at: str) -> str:
    """The stored JSON of an outcome that a person called a success, with who and when as evidence."""
    said: dict[str, Any] = json.loads(outcome) if outcome else {"cause": Cause.UNKNOWN.value}
    evidence = Evidence(source="server", text=f"set to success by {by} at {at}; it had ended {said['cause']}")
    return json.dumps({**said, "evidence": [*said.get("evidence", []), evidence.to_json()]})


def lost(outcome: Outcome, text: str) -> Outcome:
    """The same with one more piece of evidence."""
    return replace(outcome, evidence=[*outcome.evidence, Evidence(source="server", text=text)])
