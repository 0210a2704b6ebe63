"""What people ask of jobs and instances: execute, retry, rerun, stop, call a success; and what waits behind what."""

from __future__ import annotations

import asyncio
import json
from dataclasses import replace

import pytest
from sqlalchemy import Connection
from tests.plugins.server.engine.play import NOON, Play, field
from tests.plugins.server.store.place import Place

from anyjob.executor.capabilities import Health
from anyjob.job import BadJob, JobStatus
from anyjob.outcome import Cause
from anyjob.status import InstanceStatus, TriggerType
from anyjob_server.engine.errors import AlreadyOver, NotFired, Reason, StillGoing, TooManyDays
from anyjob_server.store import audit, groups, instances, jobs, scripts
from anyjob_server.store.audit import AuditRow
from anyjob_server.store.errors import NameTaken

DAY = 86_400_000


def test_execute_gives_a_durable_instance_with_its_parameters(place: Place) -> None:
    async def go() -> None:
        async with field(place) as here:
            job = await here.job(Parameters="own")
            ident = await here.engine.manual.execute(job, parameters="given")
            made = here.instance(ident)
            assert (made.trigger, made.schedule_time, made.data_time) == (TriggerType.API, NOON, NOON)
            (done,) = await here.ended(job)
            assert done.result == "parameters: given"
            assert done.executor == "embedded 0"

    asyncio.run(go())


def test_execute_is_refused_with_a_sentence_and_leaves_a_reason(place: Place) -> None:
    async def go() -> None:
        async with field(place) as here:
            job = await here.job(Status=0, Content="hold")
            said: list[str] = []
            for more in ({"check_status": True}, {"worker": "10.0.0.9"}, {"label": "gpu"}, {}, {}):
                try:
                    await here.engine.manual.execute(job, **more)  # type: ignore[arg-type]
                except NotFired as refused:
                    said.append(f"{refused.reason.value}: {refused.text.split(';')[0].split(',')[0]}")
            assert said == [
                "disabled: it is disabled",
                "no_worker: worker '10.0.0.9' is not here",
                "no_worker: no worker has the label 'gpu': workers have no labels here yet",
                "max_concurrency: MaxConcurrency is 1",
            ]
            assert [kind for kind, _ in here.reasons(job)] == ["max_concurrency", "no_worker", "no_worker", "disabled"]

    asyncio.run(go())


def test_the_groups_limit_queues_by_priority_and_says_what_waits(place: Place) -> None:
    async def go() -> None:
        async with field(place, group={"max_concurrency": 1}) as here:
            job = await here.job(Content="hold", MaxConcurrency=5)
            high = await here.job("high", Priority=10)
            first, second = await here.engine.manual.execute(job), await here.engine.manual.execute(job)
            third = await here.engine.manual.execute(high)
            await here.running(first)
            assert [here.instance(one).status for one in (second, third)] == [InstanceStatus.POOL] * 2
            why = await here.engine.why(job)
            assert [one.instance for one in why.running] == [first]
            (waits,) = why.waiting
            assert waits.behind == "the limit (MaxConcurrency of its app group: 1) is reached; 1 wait before it"
            here.play.finish(first)
            await here.ended(high)
            await here.running(second)
            assert list(here.play.starts) == [f"aj-{one:x}-0-1" for one in (first, third, second)]

    asyncio.run(go())


def test_a_group_that_may_run_more_lets_in_what_waits(place: Place) -> None:
    async def go() -> None:
        async with field(place, group={"max_concurrency": 1}) as here:
            job = await here.job(Content="hold", MaxConcurrency=5)
            await here.engine.manual.execute(job)
            second = await here.engine.manual.execute(job)
            more = replace(here.group, max_concurrency=2)
            await here.store.write(lambda c: groups.update(c, more))
            here.engine.group_changed(more)
            await here.running(second)

    asyncio.run(go())


def test_stop_ends_what_waits_at_once_and_what_runs_by_its_ladder(place: Place) -> None:
    async def go() -> None:
        async with field(place, slots=1) as here:
            job = await here.job(Content="hold", MaxConcurrency=5, MaxAttempt=3)
            runs, waits = await here.engine.manual.execute(job), await here.engine.manual.execute(job)
            await here.running(runs)
            killed = "killed from server: stopped by tester"
            await here.engine.manual.stop(here.instance(waits), "tester")
            ended = here.instance(waits)
            stop = json.loads(ended.outcome)["stop"]
            assert (ended.status, ended.cause, ended.result) == (InstanceStatus.FAILED, "stopped", killed)
            assert (stop["strength"], stop["by"]) == ("PROVEN", "never started")
            await here.engine.manual.stop(here.instance(runs), "tester")
            await here.until(lambda: here.instance(runs).status.finished)
            ended = here.instance(runs)
            assert (ended.status, ended.cause, ended.result) == (InstanceStatus.FAILED, "stopped", killed)
            assert here.play.starts.total() == 1, "a stopped one is not tried again"
            with pytest.raises(AlreadyOver, match="is over \\(failed\\)"):
                await here.engine.manual.stop(ended)

    asyncio.run(go())


def test_retry_makes_a_new_instance_and_leaves_the_old_one(place: Place) -> None:
    async def go() -> None:
        async with field(place) as here:
            job = await here.job(Content="hold")
            first = await here.engine.manual.execute(job, parameters="p", data_time=5)
            with pytest.raises(StillGoing, match="cannot be run again"):
                await here.engine.manual.retry(here.instance(first))
            await here.running(first)
            here.play.finish(first, Cause.FAILED)
            (old,) = await here.ended(job)
            again = here.instance(await here.engine.manual.retry(old))
            assert (again.trigger, again.retry_of, again.parameters, again.data_time) == (
                TriggerType.MANUAL_RERUN,
                first,
                "p",
                5,
            )
            assert here.instance(first) == old

    asyncio.run(go())


def test_rerun_makes_one_a_day_and_they_take_turns(place: Place) -> None:
    async def go() -> None:
        async with field(place) as here:
            job = await here.job(Content="hold", Timezone="GMT+8")
            ids = await here.engine.manual.rerun(job, NOON - 2 * DAY, NOON, "01:30:00")
            times = [here.instance(one).data_time for one in ids]
            first = (
                1_800_014_400_000 - 2 * DAY - (18 * 60 + 30) * 60_000
            )  # 01:30 in GMT+8, of the day that is 20:00 there
            assert times == [first, first + DAY, first + 2 * DAY]
            assert {here.instance(one).trigger for one in ids} == {TriggerType.DATA_BACKFILL}
            for one in ids:
                await here.running(one)
                assert sum(row.status is InstanceStatus.RUNNING for row in here.of(job)) == 1
                with pytest.raises(NotFired):
                    await here.engine.manual.execute(job)
                here.play.finish(one)
                await here.until(lambda one=one: here.instance(one).status.finished)
            for start, end in ((NOON, NOON - DAY), (0, NOON)):
                with pytest.raises(TooManyDays):
                    await here.engine.manual.rerun(job, start, end, "00:00:00")
            with pytest.raises(BadJob, match="is no time of day"):
                await here.engine.manual.rerun(job, NOON, NOON, "25:00")

    asyncio.run(go())


def test_a_failed_instance_is_called_a_success_by_somebody(place: Place) -> None:
    async def go() -> None:
        async with field(place) as here:
            job = await here.job(Content="hold")
            ident = await here.engine.manual.execute(job)
            await here.running(ident)
            with pytest.raises(StillGoing, match="Stop it first, or wait"):
                await here.engine.manual.set_success(here.instance(ident), "tester")
            here.play.finish(ident, Cause.FAILED)
            await here.ended(job)
            await here.engine.manual.set_success(here.instance(ident), "tester")
            row = here.instance(ident)
            said = json.loads(row.outcome)["evidence"][-1]["text"]
            assert row.status is InstanceStatus.SUCCESS
            assert said.startswith("set to success by tester at ")
            assert said.endswith("it had ended failed")

    asyncio.run(go())


def test_calling_a_success_while_the_run_ends_changes_no_end_twice(place: Place) -> None:
    """Whoever comes first, the database decides: either it is refused, or the failure became a success."""

    async def go() -> None:
        async with field(place) as here:
            job = await here.job(Content="hold", MaxConcurrency=50)
            ids = [await here.engine.manual.execute(job) for _ in range(20)]
            for one in ids:
                await here.running(one)

            async def call(number: int, ident: int) -> bool:
                for _ in range(number):
                    await asyncio.sleep(0.001)
                try:
                    await here.engine.manual.set_success(here.instance(ident), "tester")
                except StillGoing:
                    return False
                return True

            for one in ids:
                here.play.finish(one, Cause.FAILED)
            called = await asyncio.gather(*(call(number, one) for number, one in enumerate(ids)))
            await here.ended(job, len(ids))
            ends = [here.instance(one).status for one in ids]
            assert ends == [InstanceStatus.SUCCESS if one else InstanceStatus.FAILED for one in called]

    asyncio.run(go())


def test_without_a_worker_the_instance_fails_and_says_so(place: Place) -> None:
    async def go() -> None:
        play = Play()
        play.health = Health(state="undetected", why="there is no stage")
        async with field(place, play) as here:
            job = await here.job(TimeType=3, TimeExpression="10", MissWorkerEnable=True)
            await here.tick(job, 10, 1)
            (one,) = await here.ended(job)
            assert (one.status, one.result) == (InstanceStatus.FAILED, "no worker available")
            assert "JobType play is undetected here: there is no stage" in one.outcome
            assert here.reasons(job) == [("no_worker", 1)]
            assert here.told() == ["miss_worker"]
            with pytest.raises(NotFired) as refused:
                await here.engine.manual.execute(job)
            assert refused.value.reason is Reason.NO_WORKER
            assert "there is no stage" in (await here.engine.why(job)).now

    asyncio.run(go())


def test_a_job_that_needs_less_than_its_type_runs_where_the_type_is_not_well(place: Place) -> None:
    async def go() -> None:
        play = Play()
        play.health, play.looks = Health(state="undetected", why="there is no stage"), True
        async with field(place, play) as here:
            ident = await here.engine.manual.execute(await here.job(Content="hold"))
            here.play.finish(ident)
            needs = await here.job("needs", Content="fail")
            with pytest.raises(NotFired, match="there is no stage"):
                await here.engine.manual.execute(needs)

    asyncio.run(go())


def test_what_cannot_be_made_is_refused_with_every_fault(place: Place) -> None:
    async def go() -> None:
        async with field(place, group={"max_jobs": 2}) as here:
            never = {"TimeType": 1, "TimeExpression": "0 0 0 30 2 ?"}
            await here.job("a")
            with pytest.raises(NameTaken):
                await here.job("a")
            with pytest.raises(BadJob) as bad:
                await here.job("b", ExecuteMode="batch", Calendar="moon", **never)
            assert {one.field for one in bad.value.problems} == {"ExecuteMode", "TimeExpression", "Calendar"}
            with pytest.raises(BadJob) as bad:
                await here.job("b", Nme="x", MaxAttempt="many", XAttrs='{"limits": {"memory": "x"}}', **never)
            fields = {one.field for one in bad.value.problems}
            assert fields == {"Nme", "MaxAttempt", "XAttrs.limits.memory", "TimeExpression"}
            with pytest.raises(BadJob, match="sharding parameters is empty"):
                await here.job("b", ExecuteMode="sharding")
            job = await here.job("b")
            with pytest.raises(BadJob, match="cannot be changed, the job is play"):
                await here.engine.jobs.update(job, {"JobType": "other"}, "me")
            with pytest.raises(Exception, match=r"may have 2 jobs \(MaxJobs\) and has them"):
                await here.job("c")

    asyncio.run(go())


def test_a_script_keeps_its_versions(place: Place) -> None:
    async def go() -> None:
        async with field(place) as here:
            job = await here.job(Content="one")
            job = await here.engine.jobs.script(job, "two", "the second", "me")
            job = await here.engine.jobs.script(job, "three", "the third", "me")
            assert job.job.content == "three"
            kept = here.store.read_now(lambda c: scripts.history(c, job.id))
            assert [(one.version, one.content, one.description) for one in kept] == [
                (3, "three", "the third"),
                (2, "two", "the second"),
                (1, "one", ""),
            ]

    asyncio.run(go())


def test_what_a_run_lacks_on_this_worker_counts_as_no_worker(place: Place) -> None:
    async def go() -> None:
        async with field(place) as here:
            job = await here.job(Content="hold", MissWorkerEnable=True)
            ident = await here.engine.manual.execute(job)
            await here.running(ident)
            here.play.finish(ident, Cause.DEPENDENCY_MISSING)
            await here.ended(job)
            assert here.reasons(job) == [("no_worker", 1)]
            assert here.told() == ["miss_worker"]

    asyncio.run(go())


def test_changes_of_one_job_at_one_time_are_all_kept(place: Place) -> None:
    """Each was acknowledged: none may write back what it read before another."""

    async def go() -> None:
        async with field(place) as here:
            job = await here.job(TimeType=1, TimeExpression="0 0 3 * * ?", Content="hold")
            life = here.engine.jobs
            await asyncio.gather(
                life.update(job, {"Description": "said"}, "me"),
                life.update(job, {"Timeout": 5}, "you"),
                life.disable([job]),
                life.script(job, "fail", "v2", "them"),
            )
            kept = here.store.read_now(lambda c: jobs.get(c, job.id))
            assert kept is not None
            now = kept.job
            assert (now.description, now.timeout, now.content) == ("said", 5, "fail")
            assert (now.status, kept.status, kept.next_fire) == (JobStatus.DISABLED, JobStatus.DISABLED, None)

    asyncio.run(go())


def test_what_is_kept_beside_an_instance_is_kept_with_it_or_not_at_all(place: Place) -> None:
    async def go() -> None:
        async with field(place) as here:
            job = await here.job(Content="hold", MaxConcurrency=2)
            line = AuditRow(at=NOON, key="k", action="ExecuteJob", namespace="n", group_id="g", allowed=True)
            ident = await here.engine.manual.execute(
                job, beside=lambda c, made: audit.add(c, [replace(line, detail=f"instance {made}")])
            )
            rows, _ = here.store.read_now(audit.page)
            assert [one.detail for one in rows] == [f"instance {ident}"]

            def fails(c: Connection, made: int) -> None:
                raise RuntimeError("the log is at fault")

            with pytest.raises(RuntimeError):
                await here.engine.manual.execute(job, beside=fails)
            assert [one.id for one in here.store.read_now(instances.unfinished)] == [ident]
            assert await here.engine.manual.execute(job), "what was not kept takes no place"

    asyncio.run(go())
