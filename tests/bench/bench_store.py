"""The store: durable changes a second from many callers, and what it is to have 100 000 jobs in it.

    python -m tests.bench.bench_store [--seconds 2] [--pairs 5] [--callers 1 8 64] [--jobs 100000] [--postgres]
        [--state DIR]

A change inserts one instance. Held against it, taking turns: sqlite3 alone (with --postgres: psycopg alone), the same
rows into the same tables, settings and disk, as many to a transaction as there are callers. It answers nobody; that is
what the disk and the database leave to anybody. What is asked is told in ms of the clock, and of the CPU, which other
work on the machine does not stretch as much.
"""

from __future__ import annotations

import asyncio
import json
import sqlite3
import statistics
import time
from collections.abc import Callable, Generator
from contextlib import closing, contextmanager
from dataclasses import replace
from functools import partial
from itertools import count
from pathlib import Path
from typing import Any

from tests.bench.ground import arguments, ground
from tests.bench.row import tell

from anyjob.job import Job
from anyjob.job.words import JobStatus, TimeType
from anyjob.status import InstanceStatus, TriggerType
from anyjob_server.store import Store, groups, instances, jobs, namespaces
from anyjob_server.store.instances import InstanceRow

WAITING = InstanceRow(
    id=0, job=1, group=1, status=InstanceStatus.WAITING, trigger=TriggerType.API, schedule_time=1, data_time=1,
    created=1, parameters="x" * 60, trace_id="t" * 32,
)  # fmt: skip
FIELDS = [name for name in InstanceRow.__slots__ if name != "id"]
ROW = [int(value) if isinstance(value := getattr(WAITING, name), int) else value for name in FIELDS]


class Sides:
    """Both ways to write the same rows into one database."""

    def __init__(self, url: str | None, state: Path) -> None:
        self.url, self.state = url, state
        self.name = "PostgreSQL" if url else "SQLite"
        with closing(Store.open(url, state)) as store:
            self.ids = count(store.read_now(instances.next_id))

    def store(self, callers: int, seconds: float) -> tuple[float, list[float]]:
        """Changes a second, and ms that each took."""
        took = list[float]()

        async def caller(store: Store, end: float) -> None:
            while (start := time.perf_counter()) < end:
                await store.write(partial(instances.insert, rows=[replace(WAITING, id=next(self.ids))]))
                took.append((time.perf_counter() - start) * 1e3)

        async def run(store: Store) -> float:
            start = time.perf_counter()
            await asyncio.gather(*(caller(store, start + seconds) for _ in range(callers)))
            return len(took) / (time.perf_counter() - start)

        with closing(Store.open(self.url, self.state)) as store:
            return asyncio.run(run(store)), took

    def bare(self, group: int, seconds: float) -> float:
        """Rows a second."""
        names = ", ".join(f'"{name}"' for name in ["id", *FIELDS])
        mark = "?" if self.url is None else "%s"
        text = f"INSERT INTO instances ({names}) VALUES ({', '.join([mark] * (len(FIELDS) + 1))})"
        done = 0
        with self._connection() as c:
            start = time.perf_counter()
            while time.perf_counter() < start + seconds:
                for _ in range(group):
                    c.execute(text, [next(self.ids), *ROW])
                c.commit()
                done += group
            return done / (time.perf_counter() - start)

    @contextmanager
    def _connection(self) -> Generator[Any]:
        if self.url is None:
            with closing(sqlite3.connect(self.state / "server.db")) as c:
                c.execute("PRAGMA synchronous=FULL")
                yield c
        else:
            import psycopg

            with psycopg.connect(self.url) as c:
                yield c


def writing(sides: Sides, callers: int, pairs: int, seconds: float) -> None:
    """Print one row."""
    ratios, rates, bares, took = list[float](), list[float](), list[float](), list[float]()
    for pair in range(pairs):
        if pair % 2:
            bare, (rate, each) = sides.bare(callers, seconds), sides.store(callers, seconds)
        else:
            (rate, each), bare = sides.store(callers, seconds), sides.bare(callers, seconds)
        ratios.append(rate / bare)
        rates.append(rate)
        bares.append(bare)
        took += each
    middle, late = statistics.median(took), statistics.quantiles(took, n=100)[98]
    tell(
        f"durable changes on {sides.name}, {callers} callers",
        rates,
        "changes/s",
        peer="the driver alone",
        of_peer=bares,
        ratio=ratios,
        issue=4,
        beside=f"p50 {middle:.1f}, p99 {late:.1f} ms",
    )


async def fill(store: Store, jobs_in_all: int) -> None:
    """One app group with so many jobs, all of which time fires."""
    job = Job(
        name="j", job_type="shell", content="echo hello\n" * 20, time_type=TimeType.CRON, time_expression="0 * * * * ?"
    )
    space = namespaces.NamespaceRow(uid="u", name="n", created=1)
    group = groups.GroupRow(namespace="u", group_id="g", created=1)
    await store.write(lambda c: namespaces.insert(c, space))
    number = await store.write(lambda c: groups.insert(c, group))
    row = jobs.JobRow(
        group=number, name="", job_type="shell", status=JobStatus.ENABLED, time_type=TimeType.CRON, next_fire=1,
        wire=json.dumps(job.to_wire()), created=1, updated=1,
    )  # fmt: skip
    for start in range(0, jobs_in_all, 1000):
        rows = [replace(row, name=f"job number {n}") for n in range(start, start + 1000)]
        await store.write(partial(jobs.insert, rows=rows))


def analyze(url: str) -> None:
    """What PostgreSQL does by itself within a minute: without it, it takes the tables to be empty."""
    import psycopg

    with psycopg.connect(url, autocommit=True) as c:
        c.execute("ANALYZE")


def many_jobs(url: str | None, state: Path, jobs_in_all: int) -> None:
    """Print what asking costs when there are many."""
    with closing(Store.open(url, state)) as store:
        start = time.perf_counter()
        asyncio.run(fill(store, jobs_in_all))
        print(f"{jobs_in_all} jobs made in {time.perf_counter() - start:.1f} s", flush=True)
    on = f"{jobs_in_all} jobs on {'PostgreSQL' if url else 'SQLite'}"
    if url is not None:
        analyze(url)
    start = time.perf_counter()
    with closing(Store.open(url, state)) as store:
        print(f"opened again in {time.perf_counter() - start:.2f} s")
        by_name = store.names.search(1, "9999")
        asked: dict[str, Callable[[], Any]] = {
            "first page of 10": lambda: store.read_now(lambda c: jobs.page(c, 1)),
            "first page of 100": lambda: store.read_now(lambda c: jobs.page(c, 1, size=100)),
            "last page of 10": lambda: store.read_now(lambda c: jobs.page(c, 1, page=jobs_in_all // 10)),
            "page by a part of the name": lambda: store.read_now(lambda c: jobs.page_of(c, by_name(c))),
            "page by status": lambda: store.read_now(lambda c: jobs.page(c, 1, status=JobStatus.ENABLED)),
            "job by id": lambda: store.read_now(lambda c: jobs.get(c, jobs_in_all // 2)),
            "job by name": lambda: store.read_now(lambda c: jobs.by_name(c, 1, "job number 77")),
            "all that is due": lambda: store.read_now(jobs.due),
        }
        for what, ask in asked.items():
            took, cpu = list[float](), list[float]()
            for _ in range(9):
                start, before = time.perf_counter(), time.process_time()
                ask()
                took.append((time.perf_counter() - start) * 1e3)
                cpu.append((time.process_time() - before) * 1e3)
            tell(f"{on}: {what}", took, "ms", issue=4, beside=f"CPU {statistics.median(cpu):.2f} ms")


def main() -> None:
    """Every row."""
    words = arguments(__doc__)
    words.add_argument("--seconds", type=float, default=2)
    words.add_argument("--pairs", type=int, default=5)
    words.add_argument("--callers", type=int, nargs="*", default=[1, 8, 64])
    words.add_argument("--jobs", type=int, default=100_000)
    words.add_argument("--postgres", action="store_true", help="on a PostgreSQL cluster of our own")
    given = words.parse_args()
    with ground(given.state) as lent:
        if given.postgres:
            from tests.grounds.postgres.cluster import lent_postgres

            with lent_postgres(durable=True) as cluster:
                measure(given, cluster.database(), lent.folder())
        else:
            measure(given, None, lent.folder())


def measure(given: Any, url: str | None, state: Path) -> None:
    """All rows on one database."""
    sides = Sides(url, state)
    for callers in given.callers:
        writing(sides, callers, given.pairs, given.seconds)
    if given.jobs:
        many_jobs(url, state, given.jobs)


if __name__ == "__main__":
    main()
