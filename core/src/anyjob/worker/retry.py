"""Whether a failed attempt is followed by another, and what became of those before.

Source: SchedulerX API, CreateJob, "MaxAttempt", "AttemptInterval".
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Final

from anyjob.modes.mode import TaskPlan
from anyjob.outcome import Cause, Evidence, Outcome, Strength
from anyjob.problem import short
from anyjob.signalname import signal_name
from anyjob.worker.verdict import not_again

if TYPE_CHECKING:
    from anyjob.worker.worker import LiveRun

__all__ = ["Attempt", "attempt_of", "retry_after", "stopped_before", "with_attempts"]

_TOLD: Final = 10
"""Attempts of which an outcome tells: a job may have thousands."""

_NEVER = frozenset({Cause.SUCCEEDED, Cause.STOPPED, Cause.BAD_CONFIG, Cause.REJECTED})
"""Nothing to try again: it succeeded, somebody stopped it, or the same job can only fail the same way."""

_MAY_BE_GOING = frozenset({Cause.TIMED_OUT, Cause.UNKNOWN, Cause.NODE_LOST})
"""A new start needs to know that the old run is over."""


def retry_after(outcome: Outcome, attempt: int, plan: TaskPlan) -> float | None:
    """Seconds from the run's end until the next attempt; None: there is none.

    The executor's advice overrules everything but the budget. Without advice, a run that may still be going, or of
    which nobody knows what it did, is not started again.
    """
    if outcome.ok or attempt >= plan.attempts:
        return None
    advice = outcome.retry
    if advice is not None:
        return None if not advice.again else plan.interval if advice.after is None else advice.after
    if outcome.cause in _NEVER:
        return None
    if outcome.cause in _MAY_BE_GOING and (outcome.stop is None or outcome.stop.strength is Strength.ASKED):
        return None
    return plan.interval


@dataclass(frozen=True, slots=True, kw_only=True)
class Attempt:
    """How far an instance is. `number` of `most`, counted from 1; `next_at`: when the next begins, epoch seconds, while
    that is waited for."""

    number: int
    most: int
    next_at: float | None


def attempt_of(plans: Sequence[TaskPlan], runs: Sequence[LiveRun], *, stopping: bool) -> Attempt | None:
    """The newest attempt of an instance with one task that may be tried again; None for all others, and before the
    first."""
    if len(plans) != 1 or not plans[0].attempts or not runs:
        return None
    (plan,), record = plans, runs[-1].record
    wait = None if record.outcome is None else retry_after(record.outcome, record.order.attempt, plan)
    at = None if wait is None or record.ended is None or stopping else record.ended + wait
    return Attempt(number=record.order.attempt + 1, most=plan.attempts + 1, next_at=at)


def with_attempts(outcome: Outcome, runs: Sequence[LiveRun], task: int, attempt: int) -> Outcome:
    """The outcome of a task's newest attempt, counted from 0, with how those before it ended as evidence."""
    if not attempt:
        return outcome
    records = [run.record for run in runs if run.record.order.task == task and run.record.order.attempt < attempt]
    said = [
        Evidence(source=f"attempt {record.order.attempt + 1}", text=_in_short(record.outcome))
        for record in sorted(records, key=lambda one: one.order.fence)[-_TOLD:]
        if record.outcome is not None
    ]
    return replace(outcome, evidence=[*outcome.evidence, *said])


def stopped_before(runs: Sequence[LiveRun], task: int, attempt: int) -> Outcome | None:
    """The end of a task that is stopped before an attempt, counted from 0, begins: what the one before it came to. None
    where there was none."""
    ends = [run.record for run in runs if run.record.order.task == task and run.record.outcome is not None]
    last = max(ends, key=lambda one: one.order.fence, default=None)
    if last is None or last.outcome is None:
        return None
    return not_again(with_attempts(last.outcome, runs, task, last.order.attempt), attempt)


def _in_short(outcome: Outcome) -> str:
    """`exit_code 3: no such table`, `signal 9 (SIGKILL)`."""
    code = "" if outcome.code is None else f" {outcome.code}"
    if outcome.cause is Cause.SIGNAL and outcome.code is not None:
        code = f" {signal_name(outcome.code - 128)}"
    head = f"{outcome.cause.value}{code}"
    words = " ".join((outcome.result or (outcome.evidence[0].text if outcome.evidence else "")).split())
    return head if words in ("", head) else f"{head}: {short(words, 200)}"
