"""The worker dies at every step a run can be at; the next worker brings the run to one true end."""

from __future__ import annotations

import asyncio
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
