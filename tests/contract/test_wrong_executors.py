"""Executors that are wrong in one thing each: the case that names the fault catches it, and passes the right one."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest
from tests.contract.spawner import SpawnExecutor, SpawnSpec, kill
from tests.contract.trials import Trial

from anyjob.executor import Capabilities, DeadlineBy, Handle, Scope, Stage
from anyjob.outcome import Cause, Outcome, StopReport, Strength
from anyjob.run import Run
from anyjob.testing import ExecutorContract, Fault
from anyjob.testing.marks import Moment


class WaitsInStart(SpawnExecutor):
    async def start(self, run: Run, spec: SpawnSpec) -> Handle | Outcome:
        await super().start(run, replace_script(spec, "sleep 0.5"))
        return await self.watch(run, spec, self.handle(run))


class FindsNothing(SpawnExecutor):
    async def find(self, run: Run, spec: SpawnSpec) -> Handle | Outcome | None:
        return None


class FindsEverything(SpawnExecutor):
    async def find(self, run: Run, spec: SpawnSpec) -> Handle | Outcome | None:
        return Handle(kind="spawned", scope=Scope.NODE, data={"pid": 1})


class KillsTheLeaderOnly(SpawnExecutor):
    async def kill(self, run: Run) -> None:
        pid = self.handle(run).data["pid"]
        assert isinstance(pid, int)
        kill(pid)


class StopsOnce(SpawnExecutor):
    async def stop(self, run: Run, spec: SpawnSpec, handle: Handle, stage: Stage) -> StopReport:
        (self.at(run) / f"stopped {stage.value}").mkdir()
        return await super().stop(run, spec, handle, stage)


class StopsEveryStart(SpawnExecutor):
    async def kill(self, run: Run) -> None:
        for folder in self.world.glob(f"{run.name.rpartition('-')[0]}-*"):
            kill(int((folder / "pid").read_text()))


class KeepsTheScript(SpawnExecutor):
    def handle(self, run: Run) -> Handle:
        small = super().handle(run)
        return Handle(kind=small.kind, scope=small.scope, data={**small.data, "script": "x" * 5000})


class KeepsInMemory(SpawnExecutor):
    def __init__(self) -> None:
        self.started: set[str] = set()

    async def start(self, run: Run, spec: SpawnSpec) -> Handle | Outcome:
        self.started.add(run.name)
        return await super().start(run, spec)

    async def watch(self, run: Run, spec: SpawnSpec, handle: Handle) -> Outcome:
        if run.name not in self.started:
            raise KeyError(run.name)
        return await super().watch(run, spec, handle)


class WatchesForAMoment(SpawnExecutor):
    async def watch(self, run: Run, spec: SpawnSpec, handle: Handle) -> Outcome:
        return Outcome(cause=Cause.SUCCEEDED)


class ForgetsTheOutcome(SpawnExecutor):
    async def watch(self, run: Run, spec: SpawnSpec, handle: Handle) -> Outcome:
        await super().watch(run, spec, handle)
        return None  # pyright: ignore[reportReturnType] - that is the fault


class ForgetsTheHandle(SpawnExecutor):
    async def start(self, run: Run, spec: SpawnSpec) -> Handle | Outcome:
        await super().start(run, spec)
        return None  # pyright: ignore[reportReturnType] - that is the fault


class SwallowsTheCode(SpawnExecutor):
    async def watch(self, run: Run, spec: SpawnSpec, handle: Handle) -> Outcome:
        return replace(await super().watch(run, spec, handle), code=None)


class CutsTheLog(SpawnExecutor):
    async def watch(self, run: Run, spec: SpawnSpec, handle: Handle) -> Outcome:
        outcome = await super().watch(run, spec, handle)
        with Path(self.log(run)).open("r+b") as file:
            file.truncate(65536)
        return outcome

    def log(self, run: Run) -> str:
        return run.log.path  # pyright: ignore[reportAttributeAccessIssue, reportUnknownMemberType, reportUnknownVariableType]


class KeepsTheSecret(SpawnExecutor):
    def handle(self, run: Run) -> Handle:
        small = super().handle(run)
        return Handle(kind=small.kind, scope=small.scope, data={**small.data, "token": run.secret("TOKEN")})


class ForgetsTheDeadline(SpawnExecutor):
    def capabilities(self, spec: SpawnSpec) -> Capabilities:
        return replace(super().capabilities(spec), deadline=DeadlineBy.REMOTE)


class PromisesLimits(SpawnExecutor):
    def capabilities(self, spec: SpawnSpec) -> Capabilities:
        return replace(super().capabilities(spec), limits=frozenset({"memory"}))


class LooksAtTheMachine(SpawnExecutor):
    def capabilities(self, spec: SpawnSpec) -> Capabilities:
        enough = "MemTotal" in Path("/proc/meminfo").read_text()
        return replace(super().capabilities(spec), resumes=enough)


class OnlyAsks(SpawnExecutor):
    async def watch(self, run: Run, spec: SpawnSpec, handle: Handle) -> Outcome:
        outcome = await super().watch(run, spec, handle)
        return replace(outcome, stop=StopReport(strength=Strength.ASKED, by="signal 15"))


class CleansOnce(SpawnExecutor):
    async def clean(self, run: Run, spec: SpawnSpec, handle: Handle | None) -> None:
        (self.at(run) / "cleaned").mkdir()


class ForcesNothing(SpawnExecutor):
    async def kill(self, run: Run) -> None:
        pass


class FailsAfterTheEnd(SpawnExecutor):
    async def stop(self, run: Run, spec: SpawnSpec, handle: Handle, stage: Stage) -> StopReport:
        if (self.at(run) / "code").exists():
            raise ProcessLookupError(handle.data["pid"])
        return await super().stop(run, spec, handle, stage)


class TakesItsRunsAlong(SpawnExecutor):
    async def close(self) -> None:
        for folder in self.world.iterdir():
            kill(int((folder / "pid").read_text()))


C = ExecutorContract
TRIALS = [
    Trial(WaitsInStart, C.test_start_returns_while_the_job_goes_on, "start waited for the end of a job that goes on"),
    Trial(
        FindsNothing, C.test_worker_killed, "had its side effect 2 times, not once: find did not know", Moment.STARTED
    ),
    Trial(
        FindsEverything,
        C.test_find_of_a_run_that_never_started,
        "find gave a handle for a run that never started",
        patience=3,
    ),
    Trial(
        KillsTheLeaderOnly, C.test_nothing_lives_after_a_proven_stop, "says PROVEN .* processes of the run are alive"
    ),
    Trial(StopsOnce, C.test_stop_may_be_repeated, "stop.ASK., when it is called again, fails: FileExistsError"),
    Trial(StopsEveryStart, C.test_an_older_start_is_kept_apart, "Stopping an older start ended the newer one"),
    Trial(KeepsTheScript, C.test_the_handle_is_small_and_plain, "no handle that can be kept.*holds 50.. bytes"),
    Trial(
        KeepsInMemory,
        C.test_worker_killed,
        "running.* ends succeeded; it ended unknown .watch: KeyError",
        Moment.RUNNING,
    ),
    Trial(WatchesForAMoment, C.test_watch_waits_for_the_end, "watch returned before the end"),
    Trial(ForgetsTheOutcome, C.test_success, "the executor's watch gave a NoneType"),
    Trial(ForgetsTheHandle, C.test_success, "the executor's start gave a NoneType"),
    Trial(SwallowsTheCode, C.test_failure, "failed with code 3; the outcome says None: it is swallowed"),
    Trial(CutsTheLog, C.test_a_flood_is_complete, "The job wrote 800000 bytes; the log holds 65536"),
    Trial(KeepsTheSecret, C.test_secrets_are_never_shown, "The secret stands in worker.jsonl"),
    Trial(ForgetsTheDeadline, C.test_deadline, "The deadline has passed and the run goes on", patience=3),
    Trial(PromisesLimits, C.test_memory_limit, "may use 48Mi and uses more ends out_of_memory; it ended succeeded"),
    Trial(LooksAtTheMachine, C.test_capabilities_are_constant, "The capabilities touch the machine"),
    Trial(ForcesNothing, C.test_a_run_that_ignores_the_stop_is_forced, "PROVEN .* processes of the run are alive"),
    Trial(FailsAfterTheEnd, C.test_stop_of_an_ended_run_changes_nothing, "of an ended run fails: ProcessLookupError"),
    Trial(
        TakesItsRunsAlong, C.test_worker_closed_while_the_job_works, "was gone .closed. ends succeeded; it ended signal"
    ),
    Trial(
        ForgetsTheDeadline,
        C.test_deadline_without_a_worker,
        "without a worker, and the run goes on; .* REMOTE",
        patience=3,
    ),
    Trial(OnlyAsks, C.test_a_run_that_obeys, "only ASKED .*; the capabilities promise PROVEN"),
    Trial(CleansOnce, C.test_clean_may_be_repeated, "clean, when it is called again, fails"),
]


def replace_script(spec: SpawnSpec, script: str) -> SpawnSpec:
    return spec.model_copy(update={"script": script})


@pytest.mark.parametrize("trial", TRIALS, ids=lambda trial: trial.executor.__name__)
def test_a_wrong_executor_is_caught(trial: Trial, world: Path) -> None:
    with pytest.raises(Fault, match=trial.says):
        trial.run(world)
