"""Jobs that are due each second: the trigger alone, and with instances stored and a job type that does nothing.

    python -m tests.bench.bench_trigger [--seconds 10] [--state DIR] [--only trigger|engine|start]

Late means: after the second that the cron expression names. Of the trigger it is when a firing reaches a counting sink,
which asks for the next time of each, too. Of the engine it is when the firing was taken (`created` of the instance's
row), and when the executor's `start` is called, before which the row is durable. Jobs with the same expression share
the work of finding the next time; half of the jobs here have one of 50 expressions, half the same.
"""

from __future__ import annotations

import asyncio
import json
import time
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Annotated

from sqlalchemy import Connection
from tests.bench.ground import arguments, ground, percentile
from tests.bench.row import tell

from anyjob.executor import Handle, RemoteExecutor, Stage
from anyjob.job import Job
from anyjob.job.words import JobStatus, TimeType
from anyjob.outcome import Cause, Outcome, StopReport, Strength
from anyjob.plugins import ExecutorType, PluginHost, hookimpl
from anyjob.run import Run
from anyjob.spec import At, Spec
from anyjob.worker.instance import Instances
from anyjob.worker.worker import Worker
from anyjob_server import collector
from anyjob_server.engine.clock import SYSTEM
from anyjob_server.engine.engine import Engine
from anyjob_server.engine.recovery import claim
from anyjob_server.engine.trigger import Due, Trigger
from anyjob_server.settings import ServerSettings
from anyjob_server.store import groups, instances, jobs, namespaces
from anyjob_server.store.groups import GroupRow
from anyjob_server.store.jobs import JobRow
from anyjob_server.store.namespaces import NamespaceRow
from anyjob_server.store.store import Store
from anyjob_server.timing import Calendars, Fire, Timeline, timeline_of

LARGE = 10_000
ZONE = ServerSettings(timezone="Europe/Berlin").zone
STARTED: list[tuple[int, float]] = []
"""(schedule time, epoch seconds of the start) of every run."""


class NoopSpec(Spec):
    content: Annotated[str, At("Content")] = ""


class NoopExecutor(RemoteExecutor[NoopSpec]):
    async def start(self, run: Run, spec: NoopSpec) -> Handle | Outcome:
        STARTED.append((run.schedule_time, time.time()))
        return Outcome(cause=Cause.SUCCEEDED)

    async def watch(self, run: Run, spec: NoopSpec, handle: Handle) -> Outcome:
        raise AssertionError

    async def stop(self, run: Run, spec: NoopSpec, handle: Handle, stage: Stage) -> StopReport:
        return StopReport(strength=Strength.PROVEN, by="nothing was begun")

    async def find(self, run: Run, spec: NoopSpec) -> None:
        return None


class NoopPlugin:
    @hookimpl
    def anyjob_executors(self) -> Iterable[ExecutorType]:
        return [ExecutorType(job_type="noop", executor=NoopExecutor, spec=NoopSpec)]


def expression(number: int) -> str:
    """One that fires each second."""
    return "* * * * * ?" if number % 2 else f"* * * * * ? 2000-{2040 + number % 50}"


def told(title: str, late: Sequence[float], line: str) -> None:
    """How late they were."""
    beside = f"p50 {percentile(late, 0.5):.1f}, worst {max(late):.1f} ms; {len(late)} firings"
    tell(f"{title}: late, p99", percentile(late, 0.99), "ms", line=line, issue=4, beside=beside)


async def trigger_alone(count: int, seconds: int) -> None:
    """A counting sink that sets each next time."""
    calendars = Calendars()
    made: dict[str, Timeline] = {}
    timelines: list[Timeline] = []
    for number in range(count):
        text = expression(number)
        if text not in made:
            job = Job(name="x", job_type="noop", time_type=TimeType.CRON, time_expression=text)
            made[text] = timeline_of(job, 0, calendars, ZONE)
        timelines.append(made[text])
    late: list[float] = []
    begin = (SYSTEM.now() // 1000 + 2) * 1000
    end = begin + (seconds - 1) * 1000

    def sink(due: Sequence[Due]) -> None:
        now, answers = time.time() * 1000, dict[tuple[int, int], int | None]()
        late.extend(now - at for at, _ in due)
        for at, what in due:
            timeline = timelines[what]
            key = (id(timeline), at)
            if key not in answers:
                found = timeline.next_fire(at)
                answers[key] = found.schedule_time if isinstance(found, Fire) else None
            following = answers[key]
            trigger.set(what, following if following is not None and following <= end else None)

    trigger = Trigger(SYSTEM, sink)
    trigger.load((number, begin) for number in range(count))
    loop = asyncio.get_running_loop().create_task(trigger.run())
    cpu = time.process_time()
    while len(trigger):
        await asyncio.sleep(0.2)
    share = (time.process_time() - cpu) / seconds * 100
    loop.cancel()
    title, drawn = f"the trigger alone, {count} due each second", count == LARGE
    tell(f"{title}: not fired", count * seconds - len(late), "firings", line="trigger-fired" if drawn else "", issue=4)
    told(title, late, "trigger-late" if drawn else "")
    tell(f"{title}: CPU", share, "% of a core", line="trigger-cpu" if drawn else "", issue=4)


async def opened(state: Path) -> tuple[Store, Worker, Instances, Engine, GroupRow]:
    state.mkdir(exist_ok=True)
    store = Store.open(None, state)
    claim(state / "worker", store.ident)
    worker = Worker(PluginHost({"noop": NoopPlugin()}), state / "worker")
    own = Instances(worker)
    await worker.start()
    settings = ServerSettings(timezone="Europe/Berlin", history=1_000_000)
    engine = Engine(store, worker, own, settings.made_calendars(), settings)

    def group(c: Connection) -> GroupRow:
        found = groups.get(c, "space", "group")
        if found is None:
            namespaces.insert(c, NamespaceRow(uid="space", name="space", description="", source="", created=1))
            found = groups.by_id(c, groups.insert(c, GroupRow(namespace="space", group_id="group", created=1)))
        assert found is not None
        return found

    return store, worker, own, engine, await store.write(group)


async def whole_engine(state: Path, count: int, seconds: int) -> None:
    """Each instance durable before it starts."""
    store, worker, own, engine, group = await opened(state)
    begin = (SYSTEM.now() // 1000 + max(3, count // 60)) * 1000
    fields = {
        "JobType": "noop",
        "TimeType": 1,
        "MaxConcurrency": 100,
        "StartTime": begin,
        "EndTime": begin + seconds * 1000 - 1,
    }
    made = [
        engine.jobs.create(group, {"Name": f"j{n}", "TimeExpression": expression(n), **fields}, "bench", strict=False)
        for n in range(count)
    ]
    await asyncio.gather(*made)
    if SYSTEM.now() > begin:
        raise SystemExit("making the jobs took too long; nothing was measured")
    await engine.start()
    collector.settle()  # as `anyjob serve` does: two fifths of the time to the last start are the collector's else
    await asyncio.sleep(begin / 1000 - time.time() - 0.1)
    cpu = time.process_time()
    await asyncio.sleep(seconds + 0.1)
    cpu = time.process_time() - cpu
    begun = time.process_time()
    while store.read_now(instances.unfinished) or own.live:
        await asyncio.sleep(0.1)
    cpu += time.process_time() - begun
    rows, total = store.read_now(lambda c: instances.page(c, group.id, size=1_000_000))
    taken = [float(row.created - row.schedule_time) for row in rows]
    started = [at * 1000 - due for due, at in STARTED]
    ended = [float(row.end_time - row.schedule_time) for row in rows if row.end_time is not None]
    title = f"{count} due each second, instances stored"
    tell(f"{title}: not fired", count * seconds - len(taken), "firings", line="engine-fired")
    told(f"{title}, taken up", taken, "engine-late")
    told(f"{title}, row durable and executor called", started, "engine-late")
    told(f"{title}, end durable", ended, "")
    tell(f"{title}: CPU, runs and store too", cpu / seconds * 100, "% of a core", issue=4)
    assert total == len(rows)
    await engine.close()
    await own.close()
    await worker.close()
    store.close()


async def start_with(state: Path, count: int) -> None:
    """How long a start takes with that many enabled cron jobs stored."""
    store, worker, own, _, group = await opened(state)
    wire = Job(
        name="x", job_type="noop", time_type=TimeType.CRON, time_expression="0 0 3 * * ?", content="x" * 200
    ).to_wire()
    for start in range(0, count, 5_000):
        binding = {"job_type": "noop", "plugin": "noop", "distribution": "embedded", "version": "0", "launcher": None}
        rows = [
            JobRow(
                group=group.id,
                name=f"j{number}",
                job_type="noop",
                status=JobStatus.ENABLED,
                wire=json.dumps(wire),
                binding=json.dumps(binding),
                time_type=TimeType.CRON,
                next_fire=SYSTEM.now() + 3_600_000 + number,
                created=1,
                updated=1,
            )
            for number in range(start, start + 5_000)
        ]
        await store.write(lambda c, rows=rows: jobs.insert(c, rows))
    await own.close()
    await worker.close()
    store.close()
    begun = time.perf_counter()
    store, worker, own, engine, _ = await opened(state)
    await engine.start()
    what = f"a start of the engine with {count} jobs stored, time firing all"
    tell(what, time.perf_counter() - begun, "s", line="start-stored")
    await engine.close()
    await own.close()
    await worker.close()
    store.close()


def main() -> None:
    words = arguments(__doc__)
    words.add_argument("--seconds", type=int, default=10)
    words.add_argument("--only", choices=("trigger", "engine", "start"))
    given = words.parse_args()
    with ground(given.state) as lent:
        if given.only in (None, "trigger"):
            for count in (1_000, LARGE):
                asyncio.run(trigger_alone(count, given.seconds))
        if given.only in (None, "engine"):
            asyncio.run(whole_engine(lent.folder(), 1_000, given.seconds))
        if given.only in (None, "start"):
            asyncio.run(start_with(lent.folder(), 100_000))


if __name__ == "__main__":
    main()
