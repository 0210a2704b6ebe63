"""Executors that end right and tell it wrong: times, texts, codes, deadlines, secrets."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest
from tests.contract.spawner import SpawnExecutor, SpawnSpec
from tests.contract.test_command import LineExecutor, LineSpec
from tests.contract.trials import Trial, run_line

from anyjob.executor import Command, Exit, Handle
from anyjob.outcome import Cause, Outcome
from anyjob.run import Run
from anyjob.testing import ExecutorContract, Fault


class CountsMilliseconds(SpawnExecutor):
    async def watch(self, run: Run, spec: SpawnSpec, handle: Handle) -> Outcome:
        import time

        return replace(await super().watch(run, spec, handle), ended=time.time() * 1000)


class ExplainsNothing(SpawnExecutor):
    async def watch(self, run: Run, spec: SpawnSpec, handle: Handle) -> Outcome:
        outcome = await super().watch(run, spec, handle)
        return outcome if outcome.ok else Outcome(cause=outcome.cause)


class SpeaksAscii(SpawnExecutor):
    async def watch(self, run: Run, spec: SpawnSpec, handle: Handle) -> Outcome:
        outcome = await super().watch(run, spec, handle)
        return replace(outcome, result=outcome.result.encode("ascii", "replace").decode())


class CutsCharacters(SpawnExecutor):
    async def watch(self, run: Run, spec: SpawnSpec, handle: Handle) -> Outcome:
        outcome = await super().watch(run, spec, handle)
        return replace(outcome, result=outcome.result.encode()[:1000].decode(errors="replace"))


class ReadsTheDeadlineWrong(SpawnExecutor):
    async def start(self, run: Run, spec: SpawnSpec) -> Handle | Outcome:
        handle = await super().start(run, spec)
        if run.deadline is not None and run.deadline / 1000 < 2_000_000_000:
            await self.kill(run)
        return handle


class SharesTheSecret(SpawnExecutor):
    def token(self, run: Run) -> str:
        kept = self.world / "token"
        if not kept.exists():
            kept.write_text(super().token(run))
        return kept.read_text()


class ReadsCodes(LineExecutor):
    def outcome(self, run: Run, spec: LineSpec, exit: Exit) -> Outcome:  # noqa: A002 - the base's word
        outcome = super().outcome(run, spec, exit)
        return replace(outcome, cause=Cause.OUT_OF_MEMORY) if exit.code == 137 else outcome


class CallsSignalsCodes(LineExecutor):
    def outcome(self, run: Run, spec: LineSpec, exit: Exit) -> Outcome:  # noqa: A002 - the base's word
        outcome = super().outcome(run, spec, exit)
        return replace(outcome, cause=Cause.EXIT_CODE) if outcome.cause is Cause.SIGNAL else outcome


class PassesTheSecret(LineExecutor):
    def command(self, run: Run, spec: LineSpec) -> Command:
        command = super().command(run, spec)
        token = [run.secret("TOKEN")] if "secrets" in run.job.xattrs else []
        return replace(command, argv=[*command.argv, *token])


class KeepsEveryProcess(LineExecutor):
    def command(self, run: Run, spec: LineSpec) -> Command:
        return replace(super().command(run, spec), leftovers="allow")


class KillsEveryProcess(LineExecutor):
    def command(self, run: Run, spec: LineSpec) -> Command:
        return replace(super().command(run, spec), leftovers="kill")


C = ExecutorContract
SPAWNED = [
    Trial(CountsMilliseconds, C.test_times_are_in_order, "it says it started .* Give `ended` in epoch seconds"),
    Trial(ExplainsNothing, C.test_a_failure_is_explained, "'fails' ends exit_code and nothing says why"),
    Trial(SpeaksAscii, C.test_a_result_in_any_script, "the outcome says 'na.ve"),
    Trial(CutsCharacters, C.test_a_long_result, "are not its beginning"),
    Trial(ReadsTheDeadlineWrong, C.test_a_far_deadline_is_left_alone, "60 s up to its deadline ends succeeded"),
    Trial(
        SharesTheSecret,
        C.test_every_run_has_its_own_secret,
        "The secret stands in runs/.*/log, as 'a-|it did not get it",
    ),
]
LINES: list[tuple[type[LineExecutor], Callable[..., None], str]] = [
    (ReadsCodes, C.test_exit_codes_are_kept, "ends with code 137 ends exit_code; it ended out_of_memory"),
    (CallsSignalsCodes, C.test_a_signal_is_no_exit_code, "ends signal; it ended exit_code 137"),
    (PassesTheSecret, C.test_secrets_are_on_no_command_line, "The secret stands in .*cmdline"),
    (KeepsEveryProcess, C.test_leftovers_are_killed, "its leftovers are to be killed, and alive are"),
    (KeepsEveryProcess, C.test_leftovers_fail_the_run, "must not leave processes ends leftovers; it ended succeeded"),
    (KillsEveryProcess, C.test_leftovers_are_allowed, "The process that the run may leave is gone"),
    (KillsEveryProcess, C.test_leftovers_are_waited_for, "The run is to go on, and it has ended|leaves no process"),
]


@pytest.mark.parametrize("trial", SPAWNED, ids=lambda trial: trial.executor.__name__)
def test_a_wrong_outcome_is_caught(trial: Trial, world: Path) -> None:
    with pytest.raises(Fault, match=trial.says):
        trial.run(world)


@pytest.mark.parametrize(("executor", "case", "says"), LINES, ids=[f"{t[0].__name__}-{t[1].__name__}" for t in LINES])
def test_a_wrong_outcome_of_a_command_is_caught(
    executor: type[LineExecutor], case: Callable[..., None], says: str, tmp_path: Path
) -> None:
    with pytest.raises(Fault, match=says):
        run_line(executor, case, tmp_path)
