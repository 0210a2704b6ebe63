"""Much at one time: a long log, a hundred Jobs, rights that are short of the watch."""

from __future__ import annotations

import asyncio
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Self

import pytest
from tests.executors.k8s.kit import rig_in, script, together
from tests.grounds.kubernetes.cluster import Cluster

from anyjob.outcome import Cause
from anyjob.testing.rig import Finished, Rig

pytestmark = [pytest.mark.needs("k8s"), pytest.mark.timeout(400)]

LINES = 200_000
FLOOD = (
    'BEGIN { s = sprintf("%990s", ""); for (i = 0; i < 200000; i++) {'
    ' printf "%09d%s\\n", i, s; if (i % 5000 == 4999) { fflush(); system("sleep 1.2") } } }'
)
"""Lines of 1000 bytes, which the kubelet rotates away every ten seconds. It gives out the newest file alone, so what is
written faster than it can follow is lost to everybody, with `kubectl logs -f` each second file: hence the pauses, and
that on a busy machine a whole file may be missing. That is said then, and nothing ever stands twice."""
LOST = b"lines may be missing before this"


@pytest.fixture
def namespace(cluster: Cluster) -> Iterator[str]:
    with cluster.namespace() as name:
        yield name


class Memory:
    """The most that this process holds within the block, in bytes beyond what it held before."""

    def __enter__(self) -> Self:
        self.before, self.most, self._over = self._now(), 0, threading.Event()
        self._thread = threading.Thread(target=self._look)
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._over.set()
        self._thread.join()

    def _look(self) -> None:
        while not self._over.wait(0.05):
            self.most = max(self.most, self._now() - self.before)

    @staticmethod
    def _now() -> int:
        return int(Path("/proc/self/statm").read_text().split()[1]) * 4096


def test_a_log_of_200_megabytes(tmp_path: Path, cluster: Cluster, namespace: str) -> None:
    async def life(rig: Rig) -> tuple[Finished, int]:
        async with rig.worker() as worker:
            job = rig.job(script(f"awk '{FLOOD}'", logQuota="1Gi"))
            run = await rig.submit(worker, rig.order(job))
            await rig.running(run)
            with Memory() as memory:
                outcome = await run.outcome()
            return Finished(order=run.record.order, outcome=outcome, log=b""), memory.most

    with rig_in(tmp_path, cluster, namespace) as rig:
        began = time.monotonic()
        end, most = asyncio.run(life(rig))
        log = rig.state / "runs" / end.order.name / "log"
        with log.open("rb") as file:
            lines = list(file)
        numbers = [int(line[:9]) for line in lines if len(line) == 1000]
        said = [line for line in lines if line.startswith(b"[anyjob] ") and LOST in line]
        print(f"{log.stat().st_size} bytes in {time.monotonic() - began:.0f} s, {most >> 20} MiB")
    assert end.outcome.cause is Cause.SUCCEEDED, end.said
    assert numbers == sorted(set(numbers))
    assert numbers[0] == 0
    assert len(numbers) == LINES or said, f"{LINES - len(numbers)} lines are missing, and nobody says so"
    assert len(numbers) > LINES // 2
    assert most < 64 << 20


def test_a_hundred_jobs_at_once(tmp_path: Path, cluster: Cluster, namespace: str) -> None:
    with rig_in(tmp_path, cluster, namespace) as rig:
        ends = asyncio.run(together(rig, [rig.job(script("true"))] * 100))
    assert [end.said for end in ends if not end.outcome.ok] == []
    assert len({end.order.name for end in ends}) == 100


def test_a_worker_that_may_not_watch_looks_again_and_again(tmp_path: Path, cluster: Cluster, namespace: str) -> None:
    """Without `watch` the objects are listed; without `list` nothing is started, and the remedy is a Role's line."""
    cluster.kubectl(
        "create", "role", "r", "-n", namespace, "--verb=create,get,list,delete", "--resource=jobs,configmaps"
    )
    cluster.kubectl("create", "role", "p", "-n", namespace, "--verb=get,list", "--resource=pods,pods/log,events")
    for role in ("r", "p"):
        account = f"--serviceaccount={namespace}:default"
        cluster.kubectl("create", "rolebinding", role, "-n", namespace, f"--role={role}", account)
    kubeconfig = cluster.kubeconfig_of_account(namespace)
    reached = {"kubeconfig": str(kubeconfig), "namespace": namespace}
    with rig_in(tmp_path / "a", cluster, namespace, clusters={"ground": reached}) as rig:
        end = rig.run(rig.job(script("echo seen")))
        cluster.kubectl("delete", "rolebinding", "p", "-n", namespace)
        blind = rig.run(rig.job(script("echo unseen")))
    assert (end.outcome.cause, end.log) == (Cause.SUCCEEDED, b"seen\n"), end.said
    assert blind.outcome.cause is Cause.REJECTED, blind.said
    said = blind.outcome.result
    assert f"list pods in namespace {namespace}" in said
    assert 'resources: ["pods"], verbs: ["list"]' in said
    assert not cluster.kubectl("get", "jobs", "-n", namespace, "-o", "name").split()
