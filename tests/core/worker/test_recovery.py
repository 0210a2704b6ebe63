"""The worker dies at every step a run can be at; the next worker brings the run to one true end."""

from __future__ import annotations

import asyncio
import json
import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.core.worker.world import World, WorldPlugin

from anyjob.job import Job
from anyjob.outcome import Cause, Outcome, Strength
from anyjob.plugins import PluginHost
from anyjob.worker.ledger import Ledger
from anyjob.worker.order import RunOrder
from anyjob.worker.settings import WorkerSettings
from anyjob.worker.states import TRANSITIONS, IllegalMark, Mark, RunState, advance
from anyjob.worker.worker import LiveRun, Worker

JOB = Job(name="j", job_type="world")
POINTS = [
    "start: before",
    "start: after",
    "watch: before",
    "watch: after",
    "find: before",
    "stop: before",
    "stop: after",
    "clean: before",
]


class Dead(Exception):
    """What a write of a dead process comes to."""


def unheard(loop: asyncio.AbstractEventLoop, context: dict[str, Any]) -> None:
    """A dead process tells nobody: the ladder's task ends of a write, too."""
    if not isinstance(context.get("exception"), Dead):
        loop.default_exception_handler(context)


class Life:
    """One worker process of the test; it can be told to die at a write or at a point in the world."""

    def __init__(self, world: World, folder: Path, crash: tuple[str, int | str] | None) -> None:
        self.world, self.crash, self.writes = world, crash, 0
        world.frozen = False
        world.crash_at = str(crash[1]) if crash and crash[0] == "point" else None
        self.worker = Worker(PluginHost({"world": WorldPlugin(world)}), folder)

    def write(self, ledger: Ledger, line: Mapping[str, Any], whole: Any) -> None:
        self.writes += 1
        if not self.world.frozen and self.crash is not None and self.crash[1] == self.writes:
            self.world.frozen = True
            if self.crash[0] == "torn":
                with (self.worker.folder.ledger).open("ab") as file:
                    file.write(b'{"m":"star')
            elif self.crash[0] == "after":
                whole(ledger, line)
            raise Dead
        if self.world.frozen:
            raise Dead
        whole(ledger, line)


def live(life: Life, patch: pytest.MonkeyPatch, order: RunOrder, *, stop: bool) -> LiveRun | None:
    """Let one life do what it can. Returns the run when it has come to its end."""
    whole = Ledger.write

    async def go() -> LiveRun | None:
        def write(ledger: Ledger, line: Mapping[str, Any]) -> None:
            life.write(ledger, line, whole)

        patch.setattr(Ledger, "write", write)
        asyncio.get_running_loop().set_exception_handler(unheard)
        try:
            await life.worker.start()
        except Dead:
            life.worker.folder.close()
            return None
        try:
            run = await life.worker.submit(order)
            if not stop:
                life.world.finish(order.name)
            if stop:
                for _ in range(20):
                    await asyncio.sleep(0)
                run.stop()
            for _ in range(400):
                await asyncio.sleep(0)
                if life.world.frozen:
                    return None
                if run.record.outcome is not None and life.world.cleaned[order.name]:
                    await run.outcome()
                    return run
            async with asyncio.timeout(10):
                await run.outcome()
            return run
        except Dead:
            return None
        finally:
            await life.worker.close()

    try:
        return asyncio.run(go())
    finally:
        patch.setattr(Ledger, "write", whole)


crashes = st.one_of(
    st.tuples(st.sampled_from(["before", "after", "torn"]), st.integers(1, 8)),
    st.tuples(st.just("point"), st.sampled_from(POINTS)),
)


@settings(max_examples=150, deadline=None)
@given(lives=st.lists(crashes, max_size=4), stop=st.booleans())
def test_a_worker_may_die_at_every_step(*, lives: list[tuple[str, int | str]], stop: bool) -> None:
    world = World()
    order = RunOrder(job=JOB, instance=7)
    with tempfile.TemporaryDirectory() as folder, pytest.MonkeyPatch.context() as patch:
        for crash in lives:
            live(Life(world, Path(folder), crash), patch, order, stop=stop)
        run = live(Life(world, Path(folder), None), patch, order, stop=stop)
        assert run is not None
        outcome = run.record.outcome
        assert outcome is not None
        assert world.starts[order.name] <= 1, "a run was started twice"
        assert world.cleaned[order.name] >= 1
        if stop:
            assert outcome.cause is Cause.STOPPED
            assert outcome.stop is not None
            assert outcome.stop.strength is (Strength.PROVEN if not world.starts[order.name] else Strength.REPORTED)
        else:
            assert outcome.cause is Cause.SUCCEEDED
            assert world.starts[order.name] == 1
        # Terminal states never open again: one more life changes nothing.
        again = live(Life(world, Path(folder), None), patch, order, stop=not stop)
        assert again is not None
        assert again.record.outcome is not None
        assert again.record.outcome.to_json() == outcome.to_json()
        assert world.starts[order.name] <= 1


def test_a_terminal_state_has_no_way_out() -> None:
    assert not [state for state, _ in TRANSITIONS if state is RunState.ENDED]
    for mark in Mark:
        with pytest.raises(IllegalMark, match="not allowed in state 'ended'"):
            advance("aj-7-0-1", RunState.ENDED, mark)


def test_every_state_is_reached_and_ends() -> None:
    reached = {RunState.NEW}
    while True:
        more = {after for (before, _), after in TRANSITIONS.items() if before in reached}
        if more <= reached:
            break
        reached |= more
    assert reached == set(RunState)
    for state in reached - {RunState.NEW, RunState.ENDED}:
        assert TRANSITIONS[state, Mark.ENDED] is RunState.ENDED


def test_a_run_that_obeys_nothing_is_given_up_as_asked(tmp_path: Path) -> None:
    world = World()
    world.obeys = False
    job = Job(name="j", job_type="world", xattrs={"grace": 0})

    async def go() -> Outcome:
        settings = WorkerSettings(force_wait=0.05)
        async with Worker(PluginHost({"world": WorldPlugin(world)}), tmp_path, settings) as worker:
            run = await worker.submit(RunOrder(job=job, instance=1))
            await asyncio.sleep(0.05)
            run.stop()
            return await run.outcome()

    outcome = asyncio.run(go())
    assert outcome.cause is Cause.STOPPED
    assert outcome.stop is not None
    assert outcome.stop.strength is Strength.ASKED
    assert [stage.value for _, stage in world.asked] == ["ASK", "FORCE"]


def test_the_grace_of_a_stop_goes_on_in_the_next_worker(tmp_path: Path) -> None:
    world = World()
    world.obeys = False
    order = RunOrder(job=Job(name="j", job_type="world", xattrs={"grace": 600}), instance=1)

    def worker() -> Worker:
        return Worker(PluginHost({"world": WorldPlugin(world)}), tmp_path, WorkerSettings(force_wait=0.05))

    async def ask() -> Path:
        async with worker() as first:
            run = await first.submit(order)
            async with asyncio.timeout(20):
                while run.record.state is not RunState.RUNNING:
                    await asyncio.sleep(0)
                assert run.force_at is None, "before the stop"
                run.stop()
                while run.record.asked is None:
                    await asyncio.sleep(0)
            assert run.force_at == run.record.asked + 600
            return first.folder.ledger

    async def go_on() -> LiveRun:
        async with worker() as later:
            run = await later.submit(order)
            async with asyncio.timeout(20):  # a grace that began anew would last far longer
                await run.outcome()
            return run

    ledger = asyncio.run(ask())
    lines = [json.loads(line) for line in ledger.read_text().splitlines()]
    # As if the grace had passed while nobody was there.
    lines = [{**line, "at": line["at"] - 600} if line["m"] == "asked" else line for line in lines]
    ledger.write_text("".join(f"{json.dumps(line)}\n" for line in lines))
    run = asyncio.run(go_on())
    assert run.force_at is None, "it is over"
    assert run.record.outcome is not None
    assert run.record.outcome.cause is Cause.STOPPED
    assert {stage.value: times for (_, stage), times in world.asked.items()} == {"ASK": 2, "FORCE": 1}


def test_a_clock_that_was_put_back_makes_no_longer_grace_and_compaction_keeps_it(tmp_path: Path) -> None:
    world = World()
    world.obeys = False
    order = RunOrder(job=Job(name="j", job_type="world", xattrs={"grace": 0.01}), instance=1)

    async def once(asked: float | None) -> tuple[float | None, list[str]]:
        settings = WorkerSettings(force_wait=0.05)
        async with Worker(PluginHost({"world": WorldPlugin(world)}), tmp_path, settings) as worker:
            run = await worker.submit(order)
            run.record.asked = asked
            async with asyncio.timeout(20):
                while run.record.state is not RunState.RUNNING:
                    await asyncio.sleep(0)
                run.stop()
                await run.outcome()
            return run.record.asked, [line["m"] for line in run.record.lines()]

    asked, lines = asyncio.run(once(4e9))
    assert asked == 4e9
    assert lines == ["starting", "handle", "stop", "asked", "ended"]
