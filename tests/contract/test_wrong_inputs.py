"""Commands that take text for code, change it on its way, or begin in the wrong surroundings; specs that fail."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Annotated

import pytest
from pydantic import BeforeValidator, Field
from tests.contract import test_command
from tests.contract.test_command import LineExecutor, LineSpec
from tests.contract.trials import run_line

from anyjob.executor import Command
from anyjob.run import Run
from anyjob.samples import Sample
from anyjob.spec import At
from anyjob.testing import ExecutorContract, Fault
from anyjob_shell.samples import SAMPLES


def with_environment(command: Command, run: Run, **changes: str) -> Command:
    return replace(command, env={**run.environment(), **changes})


class MakesBlanks(LineExecutor):
    def command(self, run: Run, spec: LineSpec) -> Command:
        return with_environment(super().command(run, spec), run, ANYJOB_PARAMETERS=run.parameters.replace("\n", " "))


class CutsLongText(LineExecutor):
    def command(self, run: Run, spec: LineSpec) -> Command:
        return with_environment(super().command(run, spec), run, ANYJOB_PARAMETERS=run.parameters[:4096])


class QuotesByHand(LineExecutor):
    def command(self, run: Run, spec: LineSpec) -> Command:
        line = f'export ANYJOB_INSTANCE_PARAMETERS="{run.instance_parameters}"\n{run.fill(spec.line)}'
        return Command(argv=["sh", "-c", line])


class QuotesTheName(LineExecutor):
    def command(self, run: Run, spec: LineSpec) -> Command:
        return with_environment(super().command(run, spec), run, ANYJOB_JOB_NAME=run.job.name.replace('"', "'"))


class TakesItsOwnNames(LineExecutor):
    def command(self, run: Run, spec: LineSpec) -> Command:
        env = {name: value for name, value in run.environment().items() if name.startswith(("ANYJOB_", "PATH"))}
        return replace(super().command(run, spec), env=env)


class DumpsTwice(LineExecutor):
    def command(self, run: Run, spec: LineSpec) -> Command:
        return with_environment(super().command(run, spec), run, ANYJOB_TASK=str(run.payload))


class SetsEveryName(LineExecutor):
    def command(self, run: Run, spec: LineSpec) -> Command:
        return replace(super().command(run, spec), env={"ANYJOB_SHARD_ID": "0", **run.environment()})


class KnowsOnePhase(LineExecutor):
    def command(self, run: Run, spec: LineSpec) -> Command:
        return with_environment(super().command(run, spec), run, ANYJOB_PHASE="PROCESS")


class FillsTwice(LineExecutor):
    def command(self, run: Run, spec: LineSpec) -> Command:
        return Command(argv=["sh", "-c", run.fill(run.fill(spec.line))])


class PastesByItself(LineExecutor):
    def command(self, run: Run, spec: LineSpec) -> Command:
        text = "" if run.shard is None else run.shard.parameter
        return Command(argv=["sh", "-c", run.fill(spec.line.replace("#{schedulerx.shardingParameters}", text))])


class TellsItsName(LineExecutor):
    def command(self, run: Run, spec: LineSpec) -> Command:
        return with_environment(super().command(run, spec), run, ANYJOB_KEY=run.name)


class CountsNoAttempts(LineExecutor):
    def command(self, run: Run, spec: LineSpec) -> Command:
        return with_environment(super().command(run, spec), run, ANYJOB_ATTEMPT="0")


class ShutsItsEars(LineExecutor):
    def command(self, run: Run, spec: LineSpec) -> Command:
        return Command(argv=["sh", "-c", f"trap '' PIPE\n{spec.line}"])


class WritesForAll(LineExecutor):
    def command(self, run: Run, spec: LineSpec) -> Command:
        return Command(argv=["sh", "-c", f"umask 0\n{spec.line}"])


class WorksInOnePlace(LineExecutor):
    def command(self, run: Run, spec: LineSpec) -> Command:
        return replace(super().command(run, spec), cwd="/")


class AsksOnStdin(LineExecutor):
    def command(self, run: Run, spec: LineSpec) -> Command:
        return Command(argv=["sh", "-c", f"exec < /etc/passwd\n{spec.line}"])


C = ExecutorContract
TRIALS: list[tuple[type[LineExecutor], Callable[..., None], str]] = [
    (MakesBlanks, C.test_parameters_come_through, "ANYJOB_PARAMETERS is .* for this run; the job saw"),
    (CutsLongText, C.test_the_longest_parameters, "ANYJOB_PARAMETERS is 'ä+' for this run; the job saw"),
    (QuotesByHand, C.test_instance_parameters_are_only_text, "The sample 'echoes' with odd characters|arrived as"),
    (QuotesTheName, C.test_a_jobs_name_is_only_text, "ANYJOB_JOB_NAME is .* the job saw"),
    (TakesItsOwnNames, C.test_the_environment_of_the_job, "XAttrs.env sets ODD to .* has another value"),
    (DumpsTwice, C.test_payloads_come_through, "ANYJOB_TASK is"),
    (SetsEveryName, C.test_what_a_run_has_not_is_not_there, "The run has no shard_id, and ANYJOB_SHARD_ID is '0'"),
    (KnowsOnePhase, C.test_the_phase_is_told, "ANYJOB_PHASE is 'REDUCE' for this run; the job saw 'PROCESS'"),
    (FillsTwice, C.test_filled_text_is_not_filled_again, "were filled once more: '42'"),
    (
        PastesByItself,
        C.test_a_strangers_text_is_not_pasted,
        "paste a stranger's text ends bad_config; it ended succeed",
    ),
    (TellsItsName, C.test_a_new_start_keeps_its_key, "ANYJOB_KEY is '.*-a0' for this start; the job saw"),
    (CountsNoAttempts, C.test_attempts_are_told_apart, "ANYJOB_ATTEMPT is '1' for this start; the job saw '0'"),
    (ShutsItsEars, C.test_signals_have_their_defaults, r"starts with the signals \[13\] ignored"),
    (WritesForAll, C.test_files_have_the_usual_mode, "The command's umask is 0000"),
    (WorksInOnePlace, C.test_the_folder_is_the_runs_own, "Two runs work in one folder, /"),
    (WorksInOnePlace, C.test_a_folder_that_was_asked_for, "XAttrs.cwd is .*; the command works in /"),
    (AsksOnStdin, C.test_stdin_is_empty, "The command read [1-9][0-9]* bytes from its stdin"),
]


@pytest.mark.parametrize(("executor", "case", "says"), TRIALS, ids=[f"{t[0].__name__}-{t[1].__name__}" for t in TRIALS])
def test_a_command_in_the_wrong_place_is_caught(
    executor: type[LineExecutor], case: Callable[..., None], says: str, tmp_path: Path
) -> None:
    with pytest.raises(Fault, match=says):
        run_line(executor, case, tmp_path)


def first_word(value: object) -> object:
    return value.split()[0]  # pyright: ignore[reportAttributeAccessIssue, reportUnknownMemberType, reportUnknownVariableType]


class FailsOnNumbers(LineSpec):
    mood: Annotated[str, BeforeValidator(first_word), Field(description="how it feels"), At("XAttrs.$.mood")] = "good"


def test_a_validator_that_fails_is_caught(tmp_path: Path) -> None:
    with pytest.raises(Fault, match=r"XAttrs.mood = True makes the spec fail: AttributeError.*raise ValueError"):
        run_line(LineExecutor, C.test_any_value_is_answered, tmp_path, FailsOnNumbers)


def test_a_sample_that_is_no_job_is_caught(tmp_path: Path) -> None:
    class Contract(ExecutorContract):
        plugin = test_command
        samples = replace(SAMPLES, floods=Sample({"Content": "yes", "XAttrs": {"sise": 1}}))

    with (
        Contract.make_rig(tmp_path) as rig,
        pytest.raises(Fault, match=r"(?s)The sample 'floods' is refused: .*XAttrs.sise"),
    ):
        Contract().test_every_sample_can_be_created(rig)
