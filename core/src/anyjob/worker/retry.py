"""Whether a failed attempt is followed by another.

Source: SchedulerX API, CreateJob, "MaxAttempt", "AttemptInterval".
"""

from __future__ import annotations

from anyjob.modes.mode import TaskPlan
from anyjob.outcome import Cause, Outcome, Strength

__all__ = ["retry_after"]

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
