"""broadcast: one task for the one worker, framed by what the type has, and what their outcomes make of the instance."""

from __future__ import annotations

from anyjob.executor.capabilities import Phase
from anyjob.job import ExecuteMode, Job
from anyjob.modes import mode_of
from anyjob.outcome import Cause, Outcome

JOB = Job(name="b", job_type="shell", content="x", execute_mode=ExecuteMode.BROADCAST, max_attempt=2)
GOOD, BAD = Outcome(cause=Cause.SUCCEEDED, result="yes"), Outcome(cause=Cause.FAILED, result="no")
MODE = mode_of(JOB)
WHOLE = MODE.plan(JOB, "", frozenset(Phase))


def test_one_worker_is_shard_0_of_1() -> None:
    (plan,) = MODE.plan(JOB, "")
    assert plan.shard is not None
    assert (plan.task, plan.shard.id, plan.shard.total, plan.shard.parameter, plan.attempts) == (0, 0, 1, "", 2)


def test_what_frames_it_has_numbers_of_its_own() -> None:
    assert [(plan.task, plan.phase) for plan in WHOLE] == [(0, Phase.PROCESS), (1, Phase.PRE), (2, Phase.POST)]


def test_the_result_is_that_of_what_comes_after() -> None:
    task, pre, post = WHOLE
    folded = MODE.fold([(pre, GOOD), (task, GOOD), (post, Outcome(cause=Cause.SUCCEEDED, result="all"))])
    assert (folded.cause, folded.result) == (Cause.SUCCEEDED, "all")


def test_what_comes_after_can_fail_the_instance_and_not_save_it() -> None:
    task, pre, post = WHOLE
    assert MODE.fold([(pre, GOOD), (task, GOOD), (post, BAD)]).cause is Cause.FAILED
    folded = MODE.fold([(pre, GOOD), (task, BAD), (post, GOOD)])
    assert (folded.cause, folded.result) == (Cause.FAILED, "yes")
    assert [(item.source, item.text) for item in folded.evidence] == [("worker 0", "failed: no")]


def test_a_plain_type_has_its_own_outcome() -> None:
    assert MODE.fold([(WHOLE[0], BAD)]) is BAD
