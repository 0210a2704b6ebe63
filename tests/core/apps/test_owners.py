"""Two namespaces with one GroupId: no run of one gets into an application or a process of the other."""

from __future__ import annotations

import asyncio
from pathlib import Path

from tests.core.apps.town import TOKEN, callee, order, outcome_of, told, town, until

from anyjob.outcome import Cause
from anyjob.worker.worker import Worker

PID = "run.result(cause='succeeded', result=str(os.getpid()))"
OTHER = "a-token-of-shop-in-dev"


async def pid_of(worker: Worker, instance: int, namespace: str, isolation: str) -> int:
    run = await worker.submit(order(PID, instance=instance, Namespace=namespace, xattrs={"isolation": isolation}))
    outcome = await outcome_of(run)
    assert outcome.ok, told(outcome)
    return int(outcome.result)


def test_a_run_finds_the_applications_of_its_own_namespace_alone(tmp_path: Path) -> None:
    async def alone() -> None:
        async with town(tmp_path) as worker:
            with callee(worker.apps.addresses[0]):
                await until(lambda: worker.apps.by_key)
                run = await worker.submit(order(PID, Namespace="dev", xattrs={"wait": 0}))
                outcome = await outcome_of(run)
                assert outcome.cause is Cause.DEPENDENCY_MISSING
                assert "make one: anyjob key create --app dev/shop" in told(outcome)

    async def both() -> None:
        async with town(tmp_path, tokens={"shop": TOKEN, "dev/shop": OTHER}) as worker:
            where = worker.apps.addresses[0]
            with callee(where) as ours, callee(where, token=OTHER) as theirs:
                for instance, (namespace, pid) in enumerate(
                    [("", ours.pid), ("dev", theirs.pid), ("default", ours.pid), ("dev", theirs.pid)], 10
                ):
                    assert await pid_of(worker, instance, namespace, "attached") == pid

    asyncio.run(alone())
    asyncio.run(both())


def test_a_shared_process_is_of_one_namespace_also_in_the_next_worker(tmp_path: Path) -> None:
    async def first() -> dict[str, int]:
        async with town(tmp_path) as worker:
            found = {space: await pid_of(worker, n, space, "shared") for n, space in enumerate(["", "dev", "prod"], 1)}
            assert await pid_of(worker, 9, "default", "shared") == found[""]
            return found

    async def again(found: dict[str, int]) -> None:
        async with town(tmp_path) as worker:
            assert {space: await pid_of(worker, n, space, "shared") for n, space in enumerate(found, 21)} == found
            await worker.apps.shared.dismiss()

    found = asyncio.run(first())
    assert len(set(found.values())) == 3
    asyncio.run(again(found))
