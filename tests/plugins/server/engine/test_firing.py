"""Jobs fire by time: each TimeType, what keeps firings from becoming runs, changes while they run, clocks that jump."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest
from tests.plugins.server.engine.play import NOON, Field, HandClock, Play, field
from tests.plugins.server.store.place import Place

from anyjob.outcome import Cause
from anyjob.status import InstanceStatus, TriggerType
from anyjob_server.store import jobs

CRON: dict[str, Any] = {"TimeType": 1, "TimeExpression": "0/10 * * * * ?"}


def test_cron_fires_at_its_times_with_its_data_time(place: Place) -> None:
    async def go() -> None:
        async with field(place) as here:
            job = await here.job(**CRON, DataOffset=-3600)
            assert job.next_fire == NOON + 10_000
            (one,) = await here.tick(job, 10, 1)
            assert (one.schedule_time, one.data_time) == (NOON + 10_000, NOON + 10_000 - 3_600_000)
            assert one.trigger is TriggerType.SCHEDULED
            assert here.row(job).next_fire == NOON + 20_000
            (done,) = await here.ended(job)
            assert (done.status, done.cause, done.result) == (InstanceStatus.SUCCESS, "succeeded", "parameters: ")
            assert [one.schedule_time for one in await here.tick(job, 10, 2)] == [NOON + 10_000, NOON + 20_000]

    asyncio.run(go())


def test_fixed_rate_fires_however_long_runs_take_and_drops_beyond_max_concurrency(place: Place) -> None:
    async def go() -> None:
        async with field(place) as here:
            job = await here.job(TimeType=3, TimeExpression="10", Content="hold")
            (one,) = await here.tick(job, 10, 1)
            for _ in range(3):
                here.clock.on(10)
                await asyncio.sleep(0.02)
            await here.until(lambda: here.reasons(job) == [("max_concurrency", 3)])
            assert len(here.of(job)) == 1
            here.play.finish(one.id)
            await here.ended(job)
            assert len(await here.tick(job, 10, 2)) == 2

    asyncio.run(go())


def test_second_delay_counts_from_the_end_and_is_not_tried_again(place: Place) -> None:
    async def go() -> None:
        async with field(place) as here:
            job = await here.job(TimeType=4, TimeExpression="5", Content="hold", MaxAttempt=3, AttemptInterval=0)
            (one,) = await here.tick(job, 5, 1)
            assert here.row(job).next_fire is None
            here.clock.on(100)
            await here.running(one.id)
            here.play.finish(one.id, Cause.FAILED)
            (ended,) = await here.ended(job)
            assert ended.status is InstanceStatus.FAILED
            assert here.row(job).next_fire == here.clock.now() + 5_000
            assert here.play.starts.total() == 1
            assert len(await here.tick(job, 5, 2)) == 2

    asyncio.run(go())


def test_a_one_time_job_is_gone_after_its_run_and_its_history_is_not(place: Place) -> None:
    async def go() -> None:
        async with field(place) as here:
            job = await here.job(TimeType=5, TimeExpression=str(NOON + 60_000))
            await here.tick(job, 60, 1)
            (one,) = await here.ended(job)
            assert one.status is InstanceStatus.SUCCESS
            assert here.store.read_now(lambda c: jobs.get(c, job.id)) is None
            assert here.instance(one.id).job == job.id
            gone = here.store.read_now(lambda c: jobs.by_name(c, here.group.id, "j", removed=True))
            assert gone is not None
            await here.until(lambda: here.engine.known(job.id) is None)  # a moment after it is durable
            why = await here.engine.why(gone)
            assert why.never == f"it is over: it ran as instance {one.id}, which ended success"
            await here.job()  # its name is free

    asyncio.run(go())


@pytest.mark.parametrize("time_type", [100, -1])
def test_no_time_fires_api_and_none(place: Place, time_type: int) -> None:
    async def go() -> None:
        async with field(place) as here:
            job = await here.job(TimeType=time_type)
            assert job.next_fire is None
            assert (await here.engine.why(job)).never == "only ExecuteJob and manual runs start it"

    asyncio.run(go())


def test_what_was_missed_runs_once_if_it_is_not_too_late(place: Place) -> None:
    async def go() -> None:
        async with field(place) as here:
            job = await here.job(**CRON)
            (one,) = await here.tick(job, 35, 1)
            assert one.schedule_time == NOON + 30_000
            await here.until(lambda: here.reasons(job) == [("misfire", 2)])
            (said,) = (await here.engine.why(job)).reasons
            assert (said.at, said.last) == (NOON + 10_000, NOON + 20_000), "the firings' own times"
            await here.ended(job)
            assert [one.schedule_time for one in await here.tick(job, 5, 2)][1] == NOON + 40_000

    asyncio.run(go())


def test_what_was_missed_twice_with_runs_between_is_told_apart(place: Place) -> None:
    async def go() -> None:
        async with field(place) as here:
            job = await here.job(**CRON)
            for count, seconds in enumerate((35, 10, 10, 30), 1):
                await here.tick(job, seconds, count)
                await here.ended(job, count)
            await here.until(lambda: here.reasons(job) == [("misfire", 2), ("misfire", 2)])
            second, first = (await here.engine.why(job)).reasons
            assert (first.at, first.last) == (NOON + 10_000, NOON + 20_000)
            assert (second.at, second.last) == (NOON + 60_000, NOON + 70_000)

    asyncio.run(go())


def test_what_was_missed_while_nobody_was_there(place: Place) -> None:
    async def go() -> None:
        play = Play()
        async with field(place, play) as here:
            job, clock = await here.job(**CRON), here.clock
        clock.on(3_600)
        async with field(place, play, clock, misfire_grace=0) as here:
            (one,) = await here.tick(job, 0, 1)  # due at this very moment
            assert one.schedule_time == clock.now()
            await here.until(lambda: here.reasons(job) == [("misfire", 359)])

    asyncio.run(go())


def test_the_calendar_and_end_time_leave_reasons(place: Place) -> None:
    async def go() -> None:
        async with field(place) as here:
            daily: dict[str, Any] = {"TimeType": 1, "TimeExpression": "0 0 13 * * ?"}
            job = await here.job(**daily, Calendar="workday", EndTime=NOON + 4 * 86_400_000)
            await here.tick(job, 3_600, 1)
            assert here.row(job).next_fire == NOON + 3_600_000 + 3 * 86_400_000
            await here.until(lambda: here.reasons(job) == [("calendar", 1)])
            await here.ended(job)
            await here.tick(job, 3 * 86_400, 2)
            await here.until(lambda: here.reasons(job)[0][0] == "end_time")
            assert "EndTime" in (await here.engine.why(job)).never

    asyncio.run(go())


def test_a_disabled_job_does_not_fire_and_an_enabled_one_fires_from_then_on(place: Place) -> None:
    async def go() -> None:
        async with field(place) as here:
            job = await here.job(**CRON)
            await here.engine.jobs.disable([job])
            job = here.row(job)
            assert job.next_fire is None
            here.clock.on(60)
            await asyncio.sleep(0.05)
            assert here.of(job) == []
            assert (await here.engine.why(job)).never == "the job is disabled"
            await here.engine.jobs.enable([job])
            assert here.row(job).next_fire == NOON + 70_000
            assert len(await here.tick(job, 10, 1)) == 1

    asyncio.run(go())


def test_an_update_while_it_runs_touches_the_next_run_only(place: Place) -> None:
    async def go() -> None:
        async with field(place) as here:
            job = await here.job(**CRON, Content="hold")
            (one,) = await here.tick(job, 10, 1)
            await here.running(one.id)
            new = await here.engine.jobs.update(job, {"Content": "", "TimeExpression": "0 0 * * * ?"}, "me")
            assert (new.revision, new.next_fire) == (2, NOON + 3_600_000)
            here.play.finish(one.id)
            (ended,) = await here.ended(job)
            assert ended.result == "done"
            assert (await here.tick(job, 3_590, 2))[1].schedule_time == NOON + 3_600_000

    asyncio.run(go())


def test_an_update_that_leaves_the_time_alone_leaves_the_next_firing(place: Place) -> None:
    async def go() -> None:
        async with field(place) as here:
            job = await here.job(TimeType=3, TimeExpression="100")
            here.clock.on(50)
            new = await here.engine.jobs.update(job, {"Description": "other"}, "me")
            assert new.next_fire == job.next_fire

    asyncio.run(go())


def test_a_deleted_job_ends_what_waits_and_leaves_what_runs(place: Place) -> None:
    async def go() -> None:
        async with field(place, group={"max_concurrency": 1}) as here:
            job = await here.job(Content="hold", MaxConcurrency=9)
            runs, waits = await here.engine.manual.execute(job), await here.engine.manual.execute(job)
            await here.running(runs)
            await here.engine.jobs.delete([job], "somebody")
            await here.until(lambda: here.instance(waits).status.finished)
            assert here.instance(waits).cause == "stopped"
            assert here.instance(runs).status is InstanceStatus.RUNNING
            here.play.finish(runs)
            await here.until(lambda: here.instance(runs).status is InstanceStatus.SUCCESS)

    asyncio.run(go())


async def _jumped(here: Field, seconds: int) -> list[int]:
    job = await here.job(**CRON)
    await here.tick(job, 10, 1)
    await here.ended(job)
    here.clock.on(seconds)
    await asyncio.sleep(0.05)
    next_fire = (await here.engine.why(job)).next_fire
    assert next_fire is not None
    here.clock.set(next_fire)
    await here.until(lambda: len(here.of(job)) == 2)
    return [one.schedule_time - NOON for one in here.of(job)]


def test_no_time_fires_twice_when_the_clock_goes_back_a_little(place: Place) -> None:
    async def go() -> None:
        async with field(place) as here:
            assert await _jumped(here, -25) == [10_000, 20_000]

    asyncio.run(go())


def test_a_schedule_time_that_has_fired_does_not_fire_again_whatever_the_job_says(place: Place) -> None:
    """The store is the judge: by a fault of ours, or by a hand in the database, a job may be due once more."""

    async def go() -> None:
        clock = HandClock()
        async with field(place, clock=clock) as here:
            job = await here.job(**CRON)
            await here.tick(job, 10, 1)
            await here.ended(job)
        async with field(place, clock=clock) as here:
            await here.store.write(lambda c: jobs.set_next(c, [(job.id, NOON + 10_000)]))
        async with field(place, clock=clock) as here:
            await here.until(lambda: ("misfire", 1) in here.reasons(job))
            assert [one.schedule_time for one in here.of(job)] == [NOON + 10_000]
            assert len(await here.tick(job, 10, 2)) == 2

    asyncio.run(go())


def test_a_clock_that_was_far_ahead_does_not_keep_jobs_from_firing(place: Place) -> None:
    async def go() -> None:
        async with field(place) as here:
            assert await _jumped(here, -86_400) == [10_000, 20_000 - 86_400_000]

    asyncio.run(go())


def test_the_worker_is_told_which_jobs_are_enabled(place: Place) -> None:
    async def go() -> None:
        play = Play()
        async with field(place, play) as here:
            jobs_ = await asyncio.gather(*(here.job(name) for name in "abc"))
            await here.until(lambda: play.enabled and play.enabled[-1] == ["a", "b", "c"])
            assert len(play.enabled) == 1, "a burst is told once"
            await here.engine.jobs.disable([jobs_[0]])
            await here.until(lambda: play.enabled[-1] == ["b", "c"])
        async with field(place, play, here.clock):
            assert play.enabled[-1] == ["b", "c"]

    asyncio.run(go())
