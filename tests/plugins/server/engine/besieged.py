"""An engine with a real worker in a process of its own, under load until it is killed: URL STATE MARKS PROMISES
[quiet]. URL: of PostgreSQL, or empty.

Three cron jobs fire each second, a quick shell job is executed as fast as it is acknowledged, every tenth of which
sleeps and is stopped. Each run appends its instance to MARKS. What was acknowledged is appended to PROMISES, a line
each: `job ID`, `instance ID`, `stop ID`. `quiet`: no new work; it prints `done` when nothing goes on any more.
"""

from __future__ import annotations

import asyncio
import os
import sys
from pathlib import Path

from tests.plugins.server.engine.play import HandClock, group_of

from anyjob.plugins import PluginHost
from anyjob.worker.instance import Instances
from anyjob.worker.settings import WorkerSettings
from anyjob.worker.worker import Worker
from anyjob_server.engine.clock import SYSTEM
from anyjob_server.engine.engine import Engine
from anyjob_server.engine.errors import EngineError
from anyjob_server.engine.recovery import claim
from anyjob_server.settings import ServerSettings
from anyjob_server.store import instances, jobs
from anyjob_server.store.store import Store

CRON = {"TimeType": 1, "TimeExpression": "* * * * * ?", "MaxConcurrency": 100}


async def main(url: str | None, state: Path, marks: Path, promises: Path, *, quiet: bool) -> None:
    paper = os.open(promises, os.O_WRONLY | os.O_APPEND | os.O_CREAT)

    def promise(what: str, number: int) -> None:
        os.write(paper, f"{what} {number}\n".encode())

    store = Store.open(url, state)
    claim(state / "worker", store.ident)
    worker = Worker(PluginHost.load(), state / "worker", WorkerSettings(shim_idle=2))
    own, settings = Instances(worker), ServerSettings(history=1_000_000, timezone="UTC")
    await worker.start()
    engine = Engine(store, worker, own, settings.made_calendars(), settings, HandClock(0) if quiet else SYSTEM)
    await engine.start()
    group = await store.write(lambda c: group_of(c, {}))
    print("ready", flush=True)
    if quiet:
        while store.read_now(instances.unfinished) or own.live:
            await asyncio.sleep(0.05)
        print("done", flush=True)
        await engine.close()
        await own.close()
        await worker.close()
        store.close()
        return
    script = f"echo $ANYJOB_INSTANCE_ID >> {marks}"
    there = {row.name: row for row in store.read_now(lambda c: jobs.page(c, group.id, size=100))[0]}
    for name, more in [("plain", {"MaxConcurrency": 10}), *((f"cron-{n}", CRON) for n in range(3))]:
        if name not in there:
            fields = {"Name": name, "JobType": "shell", "Content": script, "Parameters": "0", **more}
            there[name] = await engine.jobs.create(group, fields, "siege", strict=False)
            promise("job", there[name].id)
    if "slow" not in there:
        fields = {"Name": "slow", "JobType": "shell", "Content": f"{script}; sleep 60", "MaxConcurrency": 100}
        there["slow"] = await engine.jobs.create(group, fields, "siege", strict=False)
    for number in range(1_000_000):
        stopping = number % 10 == 9
        try:
            ident = await engine.manual.execute(there["slow" if stopping else "plain"])
        except EngineError:  # enough of them run
            await asyncio.sleep(0.01)
            continue
        promise("instance", ident)
        if stopping:
            row = store.read_now(lambda c, ident=ident: instances.get(c, ident))
            assert row is not None
            await asyncio.sleep(0.02)
            await engine.manual.stop(row, "siege")
            promise("stop", ident)


if __name__ == "__main__":
    asyncio.run(main(sys.argv[1] or None, *map(Path, sys.argv[2:5]), quiet=len(sys.argv) > 5))
