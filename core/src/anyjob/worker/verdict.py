"""From what an executor answered to the outcome that is kept: stops, deadlines and proofs are the runtime's to
judge."""

from __future__ import annotations

from dataclasses import replace

from anyjob.executor.capabilities import Capabilities
from anyjob.outcome import Cause, Evidence, Outcome, StopReport, Strength

__all__ = ["DEADLINE", "STOP", "given_up", "never_started", "not_again", "settle"]

STOP = "stop"
DEADLINE = "deadline"
"""Why a run was asked to stop, as its journal says it."""

_OVERRULED = frozenset(
    {Cause.SUCCEEDED, Cause.EXIT_CODE, Cause.SIGNAL, Cause.FAILED, Cause.REMOTE_FAILED, Cause.STOPPED, Cause.TIMED_OUT}
)
"""Causes that a stop explains better. Others (out of memory, evicted, ...) have evidence of their own and stay."""


def _cause(why: str) -> Cause:
    return Cause.TIMED_OUT if why == DEADLINE else Cause.STOPPED


def settle(
    outcome: Outcome, why: str | None, capabilities: Capabilities, who: str, deadline: float | None = None
) -> Outcome:
    """The outcome of a run whose `watch` has ended.

    An accepted stop gives the cause, whatever the code: nobody can tell a run that obeyed from one that ended by
    itself meanwhile. But an end that is known to lie before the `deadline` (epoch seconds) is not the deadline's doing:
    a worker that comes back late finds such runs. The stop report is the executor's own, else the strength that its
    capabilities promise.
    """
    if why is None:
        return outcome
    if why == DEADLINE and outcome.ended is not None and deadline is not None and outcome.ended < deadline:
        return outcome
    # Of an end that nobody knows there is no proof, whatever the type promises of those that it sees.
    proof = Strength.ASKED if outcome.cause is Cause.UNKNOWN else capabilities.proof
    stop = outcome.stop or StopReport(strength=proof, by=f"{who}: watch ended")
    if outcome.cause not in _OVERRULED:
        return replace(outcome, stop=stop)
    if outcome.cause in (Cause.STOPPED, Cause.TIMED_OUT):
        return replace(outcome, cause=_cause(why), stop=stop)  # the executor says itself that it obeyed
    said = "ended by itself" if outcome.code is None else f"ended with code {outcome.code}"
    evidence = [*outcome.evidence, Evidence(source="worker", text=f"{why} was asked for, then the run {said}")]
    return replace(outcome, cause=_cause(why), stop=stop, evidence=evidence)


def never_started(why: str) -> Outcome:
    """A run that was stopped while it had surely not begun."""
    stop = StopReport(strength=Strength.PROVEN, by="never started")
    return Outcome(
        cause=_cause(why), stop=stop, evidence=[Evidence(source="worker", text=f"{why} was asked for before the start")]
    )


def not_again(outcome: Outcome, attempt: int) -> Outcome:
    """The end of a task that was stopped between two attempts: what its last run came to, and why no other followed.
    `attempt` is the one that was to come, counted from 0."""
    text = f"stop was asked for before attempt {attempt + 1}, which was to come, so it was not begun"
    return replace(outcome, evidence=[*outcome.evidence, Evidence(source="worker", text=text)])


def given_up(why: str, last: StopReport, seconds: float) -> Outcome:
    """A run that was forced and not seen to end within `seconds`."""
    text = f"forced to stop; no end was seen within {seconds:g} s"
    return Outcome(
        cause=_cause(why),
        evidence=[Evidence(source="worker", text=text)],
        stop=replace(last, strength=Strength.ASKED),
    )
