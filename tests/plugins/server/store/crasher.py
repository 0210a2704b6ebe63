"""A program that forks processes which write until they are killed.

Imports are done once; each line on standard input forks one. It prints `ready PID`, then a line for each change that
was answered: `job NAME`, `message TOKEN`, `moved ID STATUS`.
"""

from __future__ import annotations

import asyncio
import os
import sys
from functools import partial
from importlib import import_module
from itertools import count, pairwise
from pathlib import Path

from tests.plugins.server.store.place import a_job, an_instance

from anyjob.status import InstanceStatus
from anyjob_server.store import Store, Transition, instances, jobs, outbox

WRITERS = 24


def say(text: str) -> None:
    os.write(1, f"{text}\n".encode())


async def one(store: Store, name: str, ids: count[int]) -> None:
    for number in count():
        token = f"{name}-{number}"
        await store.write(partial(outbox.add, rows=[outbox.OutboxRow(at=1, kind=token, job=1, group=1)]))
        say(f"message {token}")
        await store.write(partial(jobs.insert, rows=[a_job(1, token)]))
        say(f"job {token}")
        instance = next(ids)
        await store.write(partial(instances.insert, rows=[an_instance(instance)]))
        say(f"moved {instance} 1")
        for before, to in pairwise((InstanceStatus.WAITING, InstanceStatus.RUNNING, InstanceStatus.SUCCESS)):
            move = Transition(id=instance, to=to, expect=[before])
            assert await store.write(partial(instances.transition, changes=[move])) == {instance}
            say(f"moved {instance} {int(to)}")


async def write(url: str | None, state: Path, life: str) -> None:
    store = Store.open(url, state)
    say(f"ready {os.getpid()}")
    ids = count(store.read_now(instances.next_id))
    await asyncio.gather(*(one(store, f"{life}-{number}", ids) for number in range(WRITERS)))


def main() -> None:
    state, url = Path(sys.argv[1]), sys.argv[2] or None
    if url:
        import_module("psycopg")  # once, before the forks
    for life in sys.stdin:
        child = os.fork()
        if child == 0:
            os.close(0)
            asyncio.run(write(url, state, life.strip()))
        os.waitpid(child, 0)
        say("ended")


if __name__ == "__main__":
    main()
