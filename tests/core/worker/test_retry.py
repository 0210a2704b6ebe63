"""When a failed attempt is followed by another: never beyond the budget, never beside a run that may still be going."""

from __future__ import annotations

import pytest

from anyjob.modes import TaskPlan
from anyjob.outcome import Cause, Outcome, Retry, StopReport, Strength
from anyjob.worker.retry import retry_after

PLAN = TaskPlan(task=0, attempts=2, interval=30)
PROVEN = StopReport(strength=Strength.PROVEN, by="cgroup.kill")
ASKED = StopReport(strength=Strength.ASKED, by="/kill")


@pytest.mark.parametrize(
    ("outcome", "seconds"),
    [
        (Outcome(cause=Cause.EXIT_CODE, code=1), 30),
        (Outcome(cause=Cause.SUCCEEDED), None),
        (Outcome(cause=Cause.STOPPED, stop=PROVEN), None),
        (Outcome(cause=Cause.BAD_CONFIG), None),
        (Outcome(cause=Cause.REJECTED), None),
        (Outcome(cause=Cause.TIMED_OUT, stop=PROVEN), 30),
        (Outcome(cause=Cause.TIMED_OUT, stop=ASKED), None),
        (Outcome(cause=Cause.UNKNOWN), None),
        (Outcome(cause=Cause.NODE_LOST, stop=PROVEN), 30),
        (Outcome(cause=Cause.FAILED, retry=Retry(after=5)), 5),
        (Outcome(cause=Cause.FAILED, retry=Retry(again=False)), None),
        (Outcome(cause=Cause.UNKNOWN, retry=Retry(again=True)), 30),
    ],
)
def test_what_is_tried_again(outcome: Outcome, seconds: float | None) -> None:
    assert retry_after(outcome, 0, PLAN) == seconds


def test_the_budget_holds_against_every_advice() -> None:
    outcome = Outcome(cause=Cause.FAILED, retry=Retry(again=True, after=0))
    assert [retry_after(outcome, attempt, PLAN) for attempt in range(4)] == [0, 0, None, None]
