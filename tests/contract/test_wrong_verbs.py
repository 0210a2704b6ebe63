"""Executors whose verbs are wrong out of turn: in a watch that is cancelled, a find that comes late, a stop that comes
twice, a clean that takes too much."""

from __future__ import annotations

import asyncio
import time
from dataclasses import replace
from pathlib import Path

import pytest
from tests.contract.spawner import SpawnExecutor, SpawnSpec, going, kill
from tests.contract.trials import Trial

from anyjob.executor import Handle, Health, Stage
from anyjob.outcome import Cause, Outcome, StopReport, Strength
from anyjob.problem import Problem
from anyjob.run import Run
from anyjob.testing import ExecutorContract, Fault


class EndsWithItsWatch(SpawnExecutor):
    async def watch(self, run: Run, spec: SpawnSpec, handle: Handle) -> Outcome:
        try:
            return await super().watch(run, spec, handle)
        except asyncio.CancelledError:
            return Outcome(cause=Cause.STOPPED)


class KillsWithItsWatch(SpawnExecutor):
    async def watch(self, run: Run, spec: SpawnSpec, handle: Handle) -> Outcome:
        try:
            return await super().watch(run, spec, handle)
        except asyncio.CancelledError:
            await self.kill(run)
            raise


class WatchesOnce(SpawnExecutor):
    async def watch(self, run: Run, spec: SpawnSpec, handle: Handle) -> Outcome:
        outcome = await super().watch(run, spec, handle)
        (self.at(run) / "code").unlink(missing_ok=True)
        return outcome


class FindsNothing(SpawnExecutor):
    async def find(self, run: Run, spec: SpawnSpec) -> Handle | Outcome | None:
        return None


class FindsTheLiving(SpawnExecutor):
    async def find(self, run: Run, spec: SpawnSpec) -> Handle | Outcome | None:
        found = await super().find(run, spec)
        return found if isinstance(found, Handle) and going(found.data["pid"]) else None


class ForgetsWhomItAsked(SpawnExecutor):
    async def stop(self, run: Run, spec: SpawnSpec, handle: Handle, stage: Stage) -> StopReport:
        report = await super().stop(run, spec, handle, stage)
        (self.at(run) / "pid").rename(self.at(run) / "asked")
        return report

    async def find(self, run: Run, spec: SpawnSpec) -> Handle | Outcome | None:
        return self.handle(run) if (self.at(run) / "pid").exists() else None


class LeavesTheStopToTheWatch(SpawnExecutor):
    async def stop(self, run: Run, spec: SpawnSpec, handle: Handle, stage: Stage) -> StopReport:
        (self.at(run) / "stop").touch()
        return StopReport(strength=Strength.ASKED, by="a mark for the watch")

    async def watch(self, run: Run, spec: SpawnSpec, handle: Handle) -> Outcome:
        watch = asyncio.ensure_future(super().watch(run, spec, handle))
        while not watch.done():
            if (self.at(run) / "stop").exists():
                await self.kill(run)
            await asyncio.sleep(0.01)
        return watch.result()


class AsksTheDead(SpawnExecutor):
    async def stop(self, run: Run, spec: SpawnSpec, handle: Handle, stage: Stage) -> StopReport:
        if stage is Stage.ASK and not going(handle.data["pid"]):
            raise ProcessLookupError("no such process")
        return await super().stop(run, spec, handle, stage)


class ProvesByAsking(SpawnExecutor):
    async def stop(self, run: Run, spec: SpawnSpec, handle: Handle, stage: Stage) -> StopReport:
        return replace(await super().stop(run, spec, handle, stage), strength=Strength.PROVEN)


class SaysNotBywhat(SpawnExecutor):
    async def stop(self, run: Run, spec: SpawnSpec, handle: Handle, stage: Stage) -> StopReport:
        return replace(await super().stop(run, spec, handle, stage), by="")


class CleansTheTask(SpawnExecutor):
    async def clean(self, run: Run, spec: SpawnSpec, handle: Handle | None) -> None:
        for folder in self.world.glob(f"{run.name.rpartition('-')[0]}-*"):
            kill(int((folder / "pid").read_text()))


class CleansWhatNeverWas(SpawnExecutor):
    async def clean(self, run: Run, spec: SpawnSpec, handle: Handle | None) -> None:
        assert not going(handle.data["pid"])  # pyright: ignore[reportOptionalMemberAccess] - that is the fault


class StopsEveryRun(SpawnExecutor):
    async def kill(self, run: Run) -> None:
        for folder in self.world.iterdir():
            if (folder / "script").read_text() == (self.at(run) / "script").read_text():
                kill(int((folder / "pid").read_text()))


class StopsOneAtATime(SpawnExecutor):
    busy = False

    async def stop(self, run: Run, spec: SpawnSpec, handle: Handle, stage: Stage) -> StopReport:
        if self.busy:
            return StopReport(strength=Strength.ASKED, by="another stop is going on")
        self.busy = True
        await asyncio.sleep(0.1)
        report = await super().stop(run, spec, handle, stage)
        self.busy = False
        return report


class BlocksTheLoop(SpawnExecutor):
    async def watch(self, run: Run, spec: SpawnSpec, handle: Handle) -> Outcome:
        until = time.monotonic() + 20
        while going(handle.data["pid"]) and time.monotonic() < until:
            time.sleep(0.01)
        return await super().watch(run, spec, handle)


class ClosesTheWorld(SpawnExecutor):
    async def close(self) -> None:
        for folder in self.world.iterdir():
            kill(int((folder / "pid").read_text()))
        await asyncio.sleep(1)  # the worker whose run it was sees it within milliseconds, in a loop that turns


class BeginsWhenMade(SpawnExecutor):
    def __init__(self) -> None:
        from threading import Event, Thread

        Thread(target=Event().wait, args=(0.1,), name="poller").start()


class IsAskedOnce(SpawnExecutor):
    asked = False

    async def health(self) -> Health:
        if self.asked:
            raise RuntimeError("health is being asked already")
        self.asked = True
        await asyncio.sleep(0)
        self.asked = False
        return Health(state="healthy")


class IsSickOfNoPath(SpawnExecutor):
    async def health(self) -> Health:
        await asyncio.create_subprocess_exec("sh", "-c", ":", env=dict(self.services.environment))
        return Health(state="healthy")


class MissesItAfterwards(SpawnExecutor):
    asked = 0

    async def preflight(self, spec: SpawnSpec) -> list[Problem]:
        self.asked += 1
        return [] if self.asked == 1 else [Problem(field="Content", value="", remedy="is there already; take it away")]


class FeedsFromTheBeginning(SpawnExecutor):
    def __init__(self) -> None:
        self.fed: dict[str, int] = {}

    def pull(self, run: Run) -> bytes:
        out = self.at(run) / "out"
        data, known = out.read_bytes() if out.exists() else b"", self.fed.get(run.name, 0)
        run.log.write(data[known:])
        self.fed[run.name] = len(data)
        return data


class WritesTheLogAnew(SpawnExecutor):
    def pull(self, run: Run) -> bytes:
        out = self.at(run) / "out"
        data = out.read_bytes() if out.exists() else b""
        run.log.write(b"")
        text = b"\n".join(reversed(data.split())) + b"\n"
        Path(run.log.path).write_bytes(text)  # pyright: ignore[reportAttributeAccessIssue, reportUnknownMemberType, reportUnknownArgumentType]
        return data


class WritesAtTheEnd(SpawnExecutor):
    def pull(self, run: Run) -> bytes:
        return super().pull(run) if (self.at(run) / "code").exists() else b""


class MixesTheLogs(SpawnExecutor):
    last: list[bytes] = []  # noqa: RUF012 - shared by all objects: that is the fault

    async def watch(self, run: Run, spec: SpawnSpec, handle: Handle) -> Outcome:
        outcome = await super().watch(run, spec, handle)
        self.last.append(outcome.result.encode())
        run.log.write(b" ".join(self.last))
        return outcome


class ThrowsTheLogAway(SpawnExecutor):
    async def stop(self, run: Run, spec: SpawnSpec, handle: Handle, stage: Stage) -> StopReport:
        Path(run.log.path).write_bytes(b"")  # pyright: ignore[reportAttributeAccessIssue, reportUnknownMemberType, reportUnknownArgumentType]
        return await super().stop(run, spec, handle, stage)


class WearsOut(SpawnExecutor):
    async def watch(self, run: Run, spec: SpawnSpec, handle: Handle) -> Outcome:
        marks = self.at(run) / "watches"
        marks.write_text((marks.read_text() if marks.exists() else "") + "x")
        if len(marks.read_text()) > 2:
            raise RuntimeError("too many have watched")
        return await super().watch(run, spec, handle)


class LooksForTheProcess(SpawnExecutor):
    async def watch(self, run: Run, spec: SpawnSpec, handle: Handle) -> Outcome:
        if not going(handle.data["pid"]):
            return Outcome(cause=Cause.SIGNAL)
        return await super().watch(run, spec, handle)


class StartsTwice(SpawnExecutor):
    async def start(self, run: Run, spec: SpawnSpec) -> Handle | Outcome:
        await super().start(run, spec)
        return await super().start(run, spec)


class StartsNothingInAStop(SpawnExecutor):
    stops = 0

    async def start(self, run: Run, spec: SpawnSpec) -> Handle | Outcome:
        if self.stops:
            raise RuntimeError("a stop is going on")
        return await super().start(run, spec)

    async def stop(self, run: Run, spec: SpawnSpec, handle: Handle, stage: Stage) -> StopReport:
        self.stops += 1
        await asyncio.sleep(0.1)
        report = await super().stop(run, spec, handle, stage)
        self.stops -= 1
        return report


class CallsStopsEvictions(SpawnExecutor):
    async def watch(self, run: Run, spec: SpawnSpec, handle: Handle) -> Outcome:
        outcome = await super().watch(run, spec, handle)
        return replace(outcome, cause=Cause.EVICTED) if run.stopping else outcome


class AsksNobody(SpawnExecutor):
    async def stop(self, run: Run, spec: SpawnSpec, handle: Handle, stage: Stage) -> StopReport:
        if stage is Stage.ASK:
            return StopReport(strength=Strength.ASKED, by="nothing")
        return await super().stop(run, spec, handle, stage)


class ForcesNothing(SpawnExecutor):
    async def kill(self, run: Run) -> None:
        pass


C = ExecutorContract
TRIALS = [
    Trial(WearsOut, C.test_worker_killed_again_and_again, "three times over. ends succeeded; it ended unknown"),
    Trial(LooksForTheProcess, C.test_a_run_that_ends_without_a_worker, "ends succeeded; it ended signal"),
    Trial(FindsNothing, C.test_a_stop_while_the_next_worker_looks, "PROVEN by never started, and processes .* alive"),
    Trial(StartsTwice, C.test_side_effects_happen_once_in_a_crowd, "had its side effect 2 times, not once"),
    Trial(StartsNothingInAStop, C.test_starts_go_on_while_others_stop, "ends succeeded; it ended start_failed"),
    Trial(CallsStopsEvictions, C.test_a_stopped_job_is_not_tried_again, "ends stopped; it ended evicted"),
    Trial(AsksNobody, C.test_a_run_may_obey_its_deadline, "The run of 'conformance' has not ended", patience=3),
    Trial(ForcesNothing, C.test_a_run_that_ignores_its_deadline, "processes of the run are alive|is only ASKED"),
    Trial(EndsWithItsWatch, C.test_a_cancelled_watch_is_called_anew, "A watch that is cancelled gives an outcome"),
    Trial(
        KillsWithItsWatch,
        C.test_a_cancelled_watch_is_called_anew,
        "watch is cancelled the run ends|cancelled gives an outcome",
    ),
    Trial(WatchesOnce, C.test_watch_after_the_end, "ended succeeded 0 .hello.; watched again it ended signal"),
    Trial(FindsNothing, C.test_find_of_a_run_that_goes_on, "find says of a run that goes on: None"),
    Trial(FindsTheLiving, C.test_find_of_a_run_that_has_ended, "find says None of a run that has ended"),
    Trial(ForgetsWhomItAsked, C.test_find_during_a_stop, "find says None of a run that was asked to stop"),
    Trial(
        LeavesTheStopToTheWatch,
        C.test_stop_without_a_watch,
        "nobody watches, and processes of the run live",
        patience=3,
    ),
    Trial(AsksTheDead, C.test_ask_after_force, "stop.ASK. fails: ProcessLookupError"),
    Trial(ProvesByAsking, C.test_stop_says_how_things_stand, "stop.ASK. says PROVEN by signal 15, and alive are"),
    Trial(SaysNotBywhat, C.test_stop_says_how_things_stand, "does not say by what it knows"),
    Trial(CleansTheTask, C.test_clean_leaves_the_next_start_alone, "Cleaning an older start ended the newer one"),
    Trial(CleansWhatNeverWas, C.test_clean_of_a_run_that_never_started, "clean fails: AttributeError"),
    Trial(StopsEveryRun, C.test_a_stop_takes_one_run, "The stop of one instance ended another of the same job"),
    Trial(StopsOneAtATime, C.test_twenty_stops_at_once, "only ASKED .*; the capabilities promise PROVEN"),
    Trial(BlocksTheLoop, C.test_the_loop_is_never_blocked, "start or watch blocks the worker's loop", patience=3),
    Trial(ClosesTheWorld, C.test_two_workers_side_by_side, "When a second worker closed, a run of the first ended"),
    Trial(BeginsWhenMade, C.test_an_executor_is_made_in_silence, "Making the executor begins something: .*poller"),
    Trial(IsAskedOnce, C.test_health_beside_a_run, "health is being asked already"),
    Trial(IsSickOfNoPath, C.test_health_answers_where_things_are_missing, "health fails.* FileNotFoundError"),
    Trial(MissesItAfterwards, C.test_preflight_finds_nothing_wrong, "The job runs here, and preflight says"),
    Trial(FeedsFromTheBeginning, C.test_the_log_goes_on_after_a_death, "more than once. A fed log keeps its cursor"),
    Trial(WritesTheLogAnew, C.test_bytes_once_written_stay, "bytes that stood in the log are not its beginning now"),
    Trial(WritesAtTheEnd, C.test_bytes_once_written_stay, "Nothing of the log could be read while the run went on"),
    Trial(MixesTheLogs, C.test_the_log_is_the_jobs_alone, "holds words of other runs"),
    Trial(ThrowsTheLogAway, C.test_what_a_stopped_run_wrote_is_kept, "Before the stop the log held b'ready"),
]


@pytest.mark.parametrize("trial", TRIALS, ids=lambda trial: trial.executor.__name__)
def test_a_wrong_verb_is_caught(trial: Trial, world: Path) -> None:
    with pytest.raises(Fault, match=trial.says):
        trial.run(world)
