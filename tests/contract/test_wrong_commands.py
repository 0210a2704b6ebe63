"""Command executors that are wrong in one thing each. The right one is `LineExecutor`, which passes every case."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest
from tests.contract.test_command import LineExecutor, LineSpec
from tests.contract.trials import run_line

from anyjob.executor import Command, Exit, Health
from anyjob.outcome import Cause, Outcome
from anyjob.run import Run
from anyjob.testing import ExecutorContract, Fault


class ForgetsTheEnvironment(LineExecutor):
    def command(self, run: Run, spec: LineSpec) -> Command:
        return replace(super().command(run, spec), env={"PATH": run.environment()["PATH"]})


class ForgetsThePlaceholders(LineExecutor):
    def command(self, run: Run, spec: LineSpec) -> Command:
        return Command(argv=["sh", "-c", spec.line])


class AnswersForTheFirst(LineExecutor):
    first: Outcome | None = None

    def outcome(self, run: Run, spec: LineSpec, exit: Exit) -> Outcome:  # noqa: A002 - the base's word
        if exit.code == 0:
            self.first = self.first or super().outcome(run, spec, exit)
            return self.first
        return super().outcome(run, spec, exit)


class TakesNothingBack(LineExecutor):
    def outcome(self, run: Run, spec: LineSpec, exit: Exit) -> Outcome:  # noqa: A002 - the base's word
        return replace(super().outcome(run, spec, exit), outputs={})


class CallsEverythingFailed(LineExecutor):
    def outcome(self, run: Run, spec: LineSpec, exit: Exit) -> Outcome:  # noqa: A002 - the base's word
        return replace(super().outcome(run, spec, exit), cause=Cause.FAILED)


class IsSickInSilence(LineExecutor):
    async def health(self) -> Health:
        return Health(state="unhealthy")


class FindsNothing(LineExecutor):
    async def find(self, run: Run, spec: LineSpec) -> None:
        return None


C = ExecutorContract
TRIALS: list[tuple[type[LineExecutor], Callable[..., None], str]] = [
    (ForgetsTheEnvironment, C.test_environment_is_complete, "ANYJOB_JOB_ID is '42' .*; the job saw None"),
    (ForgetsThePlaceholders, C.test_placeholders_are_filled, "jobParameters} is 'par am' .*; the job saw '#{"),
    (AnswersForTheFirst, C.test_two_hundred_at_once, "Run 2 .* has the result 'number 0', not 'number 2'"),
    (TakesNothingBack, C.test_outputs_come_back, "The job returned {'answer': 42.*; the outcome holds {}"),
    (CallsEverythingFailed, C.test_a_missing_dependency_is_named, "ends dependency_missing; it ended failed"),
    (IsSickInSilence, C.test_health_answers, "health says unhealthy and not why"),
    (
        FindsNothing,
        C.test_stop_while_starting_without_grace,
        "The stop says PROVEN by never started, and processes of the run are alive",
    ),
]


@pytest.mark.parametrize(("executor", "case", "says"), TRIALS, ids=[trial[0].__name__ for trial in TRIALS])
def test_a_wrong_command_is_caught(
    executor: type[LineExecutor], case: Callable[..., None], says: str, tmp_path: Path
) -> None:
    with pytest.raises(Fault, match=says):
        run_line(executor, case, tmp_path)
