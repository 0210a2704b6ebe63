"""What the end of an instance is in the store. Pure.

Sources: SchedulerX worker for Go, job_instance_actor.go, "killed from server"; StabilityGuide, SchedulerX, "no worker
available".
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any, Final

from anyjob.cli.said import cause_in_words
from anyjob.outcome import Cause, Evidence, Json, Outcome, StopReport, Strength
from anyjob.status import InstanceStatus
from anyjob_server.store.transitions import OPEN, Transition

__all__ = ["KILLED", "NO_WORKER", "end_of", "never_started", "no_worker", "outcome_json", "result_of", "set_succeeded"]

KILLED: Final = "killed from server"
"""How the result of an instance begins that was stopped, by a person or at its timeout. SchedulerX's wording."""
NO_WORKER: Final = "no worker available"
"""The result of an instance that nobody could run. SchedulerX's wording."""

_RUNS: Final = 1_000
"""Names of runs that are kept with an outcome, for its logs."""


def end_of(instance: int, outcome: Outcome, runs: list[str], values: Mapping[str, object], result: str) -> Transition:
    """The change that an outcome makes of an instance. `values`: further columns, such as the times."""
    return Transition(
        id=instance,
        to=InstanceStatus.SUCCESS if outcome.ok else InstanceStatus.FAILED,
        expect=OPEN_OF_RUNS,
        values={
            **values,
            "cause": outcome.cause.value,
            "code": outcome.code,
            "result": result,
            "outcome": outcome_json(outcome, runs),
        },
    )


def result_of(outcome: Outcome, who: str, timeout: int | None) -> str:
    """The text that the API shows first; of a failure never an empty one.

    `who` stopped it, as far as that is known; `timeout`: seconds after which it was to be ended.
    """
    if outcome.cause is Cause.STOPPED:
        return f"{KILLED}: stopped by {who}" if who else KILLED
    if outcome.cause is Cause.TIMED_OUT and timeout is not None:
        return f"{KILLED}: its Timeout of {timeout} s was over"
    if outcome.ok or outcome.result:
        return outcome.result
    words = f"it {cause_in_words(outcome)}"
    # An earlier attempt's end is no reason for the last one's, and a signal stands in the words.
    of_signal = "exit" if outcome.cause is Cause.SIGNAL else ""
    own = (item for item in outcome.evidence if item.source != of_signal and not item.source.startswith("attempt "))
    first = next(own, None)
    return words if first is None else f"{words}: {first.text}"


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
