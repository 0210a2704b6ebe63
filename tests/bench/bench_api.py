"""CreateJob over HTTP with requests signed beforehand, and pages of ListJobs with many jobs stored.

    python -m tests.bench.bench_api [--requests 6000] [--connections 64] [--stored 100000] [--state DIR]

The server is a process of its own, `anyjob serve`, on SQLite as it comes: job and audit line are durable before the
answer. DescribeRegions goes the same way without the store: the limit of HTTP and signature on this machine. The rate
of the bare store stands beside: the same two rows, written by as many callers at one time, in this process.
"""

from __future__ import annotations

import asyncio
import json
import statistics
import time
from collections.abc import Sequence
from functools import partial
from pathlib import Path
from typing import Any

from sqlalchemy import Connection
from tests.bench.ground import arguments, cpu_seconds, ground, percentile
from tests.bench.row import tell
from tests.bench.wire import Wire, scope, signed
from tests.plugins.server.serving import Serving

from anyjob.job import Job
from anyjob.job.words import JobStatus, TimeType
from anyjob_server.client.target import DEFAULT_GROUP, DEFAULT_NAMESPACE
from anyjob_server.store import audit, groups, jobs
from anyjob_server.store.audit import AuditRow
from anyjob_server.store.jobs import JobRow
from anyjob_server.store.store import Store

SCOPE = scope(DEFAULT_NAMESPACE, DEFAULT_GROUP)
CONTENT = "set -e\necho 'the job of a customer'\npython3 /opt/app/run.py --day '#{schedulerx.dataTime}' > out\n"


def fields(number: int) -> dict[str, Any]:
    """A job of ordinary size."""
    return {
        "Name": f"nightly settlement {number}",
        "Description": "what a person would write here",
        "JobType": "shell",
        "ExecuteMode": "standalone",
        "TimeType": 1,
        "TimeExpression": f"0 {number % 60} 3 * * ?",
        "Timezone": "Asia/Shanghai",
        "Content": CONTENT,
        "Parameters": "a=1&b=2",
        "MaxConcurrency": 1,
        "TimeoutEnable": True,
        "Timeout": 3600,
        "XAttrs": '{"limits":{"memory":"256Mi"},"labels":{"team":"finance"}}',
    }


class Side:
    """The client: connections that are kept, requests that were signed before the clock runs."""

    def __init__(self, serving: Serving, connections: int) -> None:
        self.serving, self.connections = serving, connections

    def sign(self, action: str, method: str, given: dict[str, Any]) -> bytes:
        up = self.serving
        return signed(up.address, up.key, up.secret, action, SCOPE | given, method=method)

    async def send(self, requests: Sequence[bytes]) -> tuple[float, list[float]]:
        """Requests a second, and how long each took."""
        wires = [await Wire.open(self.serving.address) for _ in range(self.connections)]
        left, took = list(requests), list[float]()

        async def slot(wire: Wire) -> None:
            while left:
                request = left.pop()
                begun = time.perf_counter()
                status, body = await wire.ask(request)
                took.append(time.perf_counter() - begun)
                if status != 200 or b'"Success":true' not in body:
                    raise SystemExit(f"{status}: {body.decode()}")

        start = time.perf_counter()
        await asyncio.gather(*map(slot, wires))
        rate = len(requests) / (time.perf_counter() - start)
        for wire in wires:
            wire.close()
        return rate, took


async def rates(side: Side, count: int) -> None:
    """What goes through at many connections."""
    pid = side.serving.pid
    for what, requests in (
        ("DescribeRegions (HTTP, signature)", [side.sign("DescribeRegions", "POST", {}) for _ in range(count)]),
        ("CreateJob", [side.sign("CreateJob", "POST", fields(number)) for number in range(count)]),
        ("GetJobInfo", [side.sign("GetJobInfo", "GET", {"JobId": number + 1}) for number in range(count)]),
    ):
        before = cpu_seconds(pid)
        rate, took = await side.send(requests)
        used = (cpu_seconds(pid) - before) / len(took) * 1e3
        late = percentile(took, 0.99) * 1e3
        beside = f"p50 {statistics.median(took) * 1e3:.1f}, p99 {late:.1f} ms; {used:.2f} ms of the server's CPU each"
        how = f"{what}, {side.connections} connections"
        created = what == "CreateJob"
        tell(how, rate, "/s", line="create-rate" if created else "", issue=4, beside=beside)
        if created:
            tell(f"{how}, p99", late, "ms", line="create-p99")


async def pages(serving: Serving, stored: int) -> None:
    """One page after another on one connection."""
    side = Side(serving, 1)
    for what, given in (
        ("first 10", {}),
        ("first 100", {"PageSize": 100}),
        ("in the middle, 100", {"PageSize": 100, "PageNum": stored // 200}),
        ("by name", {"JobName": f"settlement {stored // 2}"}),
        ("disabled", {"Status": "0"}),
    ):
        before = cpu_seconds(serving.pid)
        _, took = await side.send([side.sign("ListJobs", "GET", given) for _ in range(50)])
        used = (cpu_seconds(serving.pid) - before) / len(took) * 1e3
        tell(
            f"a page of ListJobs of {stored}: {what}",
            [one * 1e3 for one in took],
            "ms",
            line="list-page",
            beside=f"{used:.2f} ms of the server's CPU",
        )


def row(group: int, number: int, wire: dict[str, Any]) -> JobRow:
    """As CreateJob stores it; time does not fire it, so that the benchmark is of the API alone."""
    return JobRow(
        group=group,
        name=f"nightly settlement {number}",
        job_type="shell",
        status=JobStatus.ENABLED if number % 10 else JobStatus.DISABLED,
        wire=json.dumps({**wire, "Name": f"nightly settlement {number}"}),
        time_type=TimeType.API,
        created=1,
        updated=1,
    )


async def fill(state: Path, stored: int) -> None:
    """Jobs by the thousand, past the API."""
    store = Store.open(None, state)
    found = store.read_now(lambda c: groups.get(c, DEFAULT_NAMESPACE, DEFAULT_GROUP))
    assert found is not None
    wire = Job.from_wire({**fields(0), "TimeType": 100, "TimeExpression": ""}).to_wire()
    for start in range(0, stored, 5000):
        rows = [row(found.id, 1_000_000 + number, wire) for number in range(start, min(stored, start + 5000))]
        await store.write(lambda c, rows=rows: jobs.insert(c, rows))
    store.close()


async def bare(state: Path, count: int, callers: int) -> float:
    """The same two rows a job, by the store alone."""
    store = Store.open(None, state)
    found = store.read_now(lambda c: groups.get(c, DEFAULT_NAMESPACE, DEFAULT_GROUP))
    assert found is not None
    wire = Job.from_wire(fields(0)).to_wire()
    rows = [row(found.id, 9_000_000 + number, wire) for number in range(count)]
    line = AuditRow(at=1, key="k", action="CreateJob", detail="Name=x", allowed=True)

    def both(c: Connection, one: JobRow) -> None:
        jobs.insert(c, [one])
        audit.add(c, [line])

    async def caller() -> None:
        while rows:
            await store.write(partial(both, one=rows.pop()))

    start = time.perf_counter()
    await asyncio.gather(*(caller() for _ in range(callers)))
    rate = count / (time.perf_counter() - start)
    store.close()
    return rate


def main() -> None:
    """Print a row for each measure."""
    words = arguments(__doc__)
    words.add_argument("--requests", type=int, default=6000)
    words.add_argument("--connections", type=int, default=64)
    words.add_argument("--stored", type=int, default=100_000)
    given = words.parse_args()
    with ground(given.state) as lent:
        folder = lent.folder()
        folder.mkdir()
        with Serving(folder) as serving:
            asyncio.run(rates(Side(serving, given.connections), given.requests))
            serving.end()
            alone = asyncio.run(bare(serving.state, given.requests, given.connections))
            tell("the rows of CreateJob by the store alone, as many callers", alone, "/s", issue=4)
            asyncio.run(fill(serving.state, given.stored))
            start = time.perf_counter()
            serving.start()
            what = f"a start with {given.stored} jobs stored, time firing none"
            tell(what, time.perf_counter() - start, "s", line="start-stored")
            asyncio.run(pages(serving, given.stored))


if __name__ == "__main__":
    main()
