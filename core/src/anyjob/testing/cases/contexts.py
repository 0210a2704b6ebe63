"""What a run is told: environment, placeholders, shard, secrets."""

from __future__ import annotations

import asyncio
import time

import pytest

from anyjob.outcome import Cause
from anyjob.run import Shard
from anyjob.samples import PLACEHOLDERS
from anyjob.status import TriggerType
from anyjob.testing.fault import check, expect
from anyjob.testing.rig import Finished, Rig
from anyjob.testing.suite import Suite
from anyjob.version import VERSION
from anyjob.worker.order import RunOrder

__all__ = ["ContextCases", "environment"]

_FILES = ("RESULT", "MAP", "PROGRESS", "SECRETS")
_HANDED_ON = ("RUN", "KEY", "JOB_ID", "INSTANCE_ID", "ATTEMPT")
"""What a type whose runs have no environment tells them all the same."""


def _full(rig: Rig, sample: str, *, instance_parameters: str) -> RunOrder:
    """A run that has everything that a run can have."""
    return rig.order(
        rig.job(rig.sample(sample), Parameters="par am"),
        job_id=42,
        task=3,
        task_name="third",
        attempt=1,
        fence=2,
        shard=Shard(id=3, parameter="shang hai", total=5),
        payload={"page": 7},
        upstream=[1, 2],
        instance_parameters=instance_parameters,
        schedule_time=1_700_000_000_000,
        data_time=1_700_000_000_001,
        trigger=TriggerType.API,
        deadline=float(int(time.time()) + 3600),
    )


def environment(log: bytes) -> dict[str, str]:
    """What the sample `prints_environment` has written."""
    pairs = [line.partition("=") for line in log.decode(errors="replace").splitlines()]
    return {name: value for name, _, value in pairs}


class ContextCases(Suite):
    """A run knows what it is, and nothing that is not for it."""

    def test_environment_is_complete(self, rig: Rig) -> None:
        """Every ANYJOB_ name is there with its value, and nothing of the worker's own environment. A type without an
        environment hands on at least whose run it is."""
        order = _full(rig, "prints_environment", instance_parameters="in st")
        with pytest.MonkeyPatch.context() as patch:
            patch.setenv("CONFORMANCE_LEAK", "of the worker")
            got = asyncio.run(_life(rig, order))
        expect(got.outcome, Cause.SUCCEEDED, where="The sample 'prints_environment'")
        env = environment(got.log)
        deadline = 0 if order.deadline is None else order.deadline
        wanted = {
            "JOB_ID": "42",
            "JOB_NAME": order.job.name,
            "INSTANCE_ID": str(order.instance),
            "TASK_ID": "3",
            "TASK_NAME": "third",
            "ATTEMPT": "1",
            "RUN": order.name,
            "KEY": order.key,
            "PHASE": "PROCESS",
            "PARAMETERS": "par am",
            "INSTANCE_PARAMETERS": "in st",
            "SHARD_ID": "3",
            "SHARD_PARAMETER": "shang hai",
            "SHARD_TOTAL": "5",
            "SCHEDULE_TIME": "1700000000000",
            "DATA_TIME": "1700000000001",
            "TRIGGER_TYPE": str(int(TriggerType.API)),
            "TASK": '{"page": 7}',
            "UPSTREAM": "[1, 2]",
            "DEADLINE": str(int(deadline * 1000)),
        }
        if not rig.promise.command:
            for name in _HANDED_ON:
                check(f"ANYJOB_{name}" in env, f"The job is not told its ANYJOB_{name}; hand it on.")
            for name, value in wanted.items():
                seen = env.get(f"ANYJOB_{name}", value)
                check(seen == value, f"ANYJOB_{name} is {value!r} for this run; the job was told {seen!r}.")
            return
        for name, value in wanted.items():
            seen = env.get(f"ANYJOB_{name}")
            check(seen == value, f"ANYJOB_{name} is {value!r} for this run; the job saw {seen!r}.")
        for name in _FILES:
            check(env.get(f"ANYJOB_{name}"), f"ANYJOB_{name} does not name a place to the job.")
        check("CONFORMANCE_LEAK" not in env, "The job saw a variable of the worker's own environment.")

    def test_placeholders_are_filled(self, rig: Rig) -> None:
        """`#{schedulerx.*}` stands for what the run is."""
        # With instance parameters the shard's text would be the caller's, which is not pasted.
        order = _full(rig, "prints_placeholders", instance_parameters="")
        got = asyncio.run(_life(rig, order))
        expect(got.outcome, Cause.SUCCEEDED, where="The sample 'prints_placeholders'")
        lines = [line.partition("=") for line in got.log.decode(errors="replace").splitlines()]
        seen = {name: value for name, _, value in lines}
        wanted = {
            "jobParameters": "par am",
            "jobId": "42",
            "jobName": order.job.name,
            "instanceId": str(order.instance),
            "shardingId": "3",
            "shardingParameters": "shang hai",
            "shardingNum": "5",
            "attempt": "1",
            "triggerType": str(int(TriggerType.API)),
            "scheduleTime": "1700000000000",
            "dataTime": "1700000000001",
            "agentVersion": VERSION,
        }
        for name in PLACEHOLDERS:
            said = f"#{{schedulerx.{name}}} is {wanted[name]!r} for this run; the job saw {seen.get(name)!r}."
            check(seen.get(name) == wanted[name], said)

    def test_shards_know_themselves(self, rig: Rig) -> None:
        """Every shard has its own number and text, and knows how many there are."""
        job = rig.job(rig.sample("prints_shard"))
        shards = [Shard(id=number, parameter=text, total=3) for number, text in ((0, "bei=jing"), (1, "a b"), (7, ""))]

        async def life() -> list[Finished]:
            async with rig.worker() as worker:
                instance = rig.order(job).instance
                runs = [
                    await rig.submit(worker, rig.order(job, instance=instance, task=shard.id, shard=shard))
                    for shard in shards
                ]
                return await rig.finish_all(runs)

        for shard, got in zip(shards, asyncio.run(life()), strict=True):
            expect(got.outcome, Cause.SUCCEEDED, where="The sample 'prints_shard'")
            wanted = f"{shard.id} {shard.parameter} {shard.total}"
            said = f"Shard {shard.id} has the result {got.outcome.result!r}, not {wanted!r}."
            check(got.outcome.result == wanted, said)


async def _life(rig: Rig, order: RunOrder) -> Finished:
    async with rig.worker() as worker:
        return await rig.finish(await rig.submit(worker, order))
