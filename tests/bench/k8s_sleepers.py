"""A worker with many runs that go on in Kubernetes, in a process of its own: what it says is one line of JSON.

    python tests/bench/k8s_sleepers.py KUBECONFIG NAMESPACE NODE COUNT STATE

Memory is resident, in bytes: before anything was done, after one run, and while all go, each with its log followed.
"""

from __future__ import annotations

import asyncio
import json
import os
import sys
import time
from pathlib import Path
from typing import Any

from anyjob.job import Job
from anyjob.plugins import PluginHost
from anyjob.worker.order import RunOrder
from anyjob.worker.worker import Worker

_SETTLE = 15.0
"""Seconds of rest before memory and CPU are read."""


def resident() -> int:
    """Of this process."""
    return int(Path("/proc/self/statm").read_text().split()[1]) * os.sysconf("SC_PAGE_SIZE")


def script(content: str, **xattrs: Any) -> Job:
    """A job whose script runs in busybox."""
    keys = {"resource": "shell", "image": "busybox:test", **xattrs}
    return Job(name="bench", job_type="k8s", content=content, xattrs=keys)


async def measure(kubeconfig: str, namespace: str, node: str, count: int, state: Path) -> dict[str, float]:
    """The numbers."""
    settings = {"clusters": {"ground": {"kubeconfig": kubeconfig, "namespace": namespace}}}
    on_paper: dict[str, Any] = {
        "nodeSelector": {"kubernetes.io/hostname": node},
        "tolerations": [{"operator": "Exists"}],
    }
    async with Worker(PluginHost.load(executor_settings={"k8s": settings}), state) as worker:
        idle = resident()
        first = await worker.submit(RunOrder(job=script("true"), instance=1))
        assert (await first.outcome()).ok
        one = resident()
        begun = time.perf_counter()
        job = script("exec sleep 600", **on_paper)
        runs = [await worker.submit(RunOrder(job=job, instance=number + 2)) for number in range(count)]
        logs = [state / "runs" / run.name / "log" for run in runs]
        while not all(log.exists() and log.stat().st_size for log in logs):
            gone = [run for run in runs if run.record.outcome is not None]
            assert not gone, gone[0].record.outcome
            await asyncio.sleep(0.2)
        took = time.perf_counter() - begun
        await asyncio.sleep(_SETTLE)
        cpu = time.process_time()
        await asyncio.sleep(_SETTLE)
        share = (time.process_time() - cpu) / _SETTLE * 100
        assert not [run for run in runs if run.record.outcome is not None]
        return {
            "idle": idle,
            "one": one,
            "all": resident(),
            "began": took,
            "cpu": share,
            "files": len(os.listdir("/proc/self/fd")),
        }


if __name__ == "__main__":
    _, reached, place, chosen, number, folder = sys.argv
    print(json.dumps(asyncio.run(measure(reached, place, chosen, int(number), Path(folder)))))
