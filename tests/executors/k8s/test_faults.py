"""What goes wrong around a run on a real cluster: who dies, who stays silent, who deletes."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from tests.executors.k8s.kit import PATIENCE, container, pod_manifest, rig_in, script
from tests.grounds.kubernetes.cluster import Cluster

from anyjob.outcome import Cause, Strength
from anyjob.testing.crash import doomed
from anyjob.testing.rig import Finished, Rig
from anyjob.worker.order import RunOrder

pytestmark = [pytest.mark.needs("k8s"), pytest.mark.timeout(300)]

COUNTS = "echo ready; n=0; while [ $n -lt 400 ]; do n=$((n + 1)); echo $n; [ $((n % 20)) = 0 ] && sleep 0.6; done; true"
COUNTED = b"ready\n" + b"".join(b"%d\n" % n for n in range(1, 401))
DEAF = "trap '' TERM; echo ready; while :; do sleep 0.1; done"
POLITE = "trap 'echo bye; exit 7' TERM; echo ready; while :; do sleep 0.1; done"


@pytest.fixture
def namespace(cluster: Cluster) -> Iterator[str]:
    with cluster.namespace() as name:
        yield name


def killed(
    rig: Rig, order: RunOrder, when: Callable[[], object], then: Callable[[], object] = lambda: None
) -> Finished:
    """The end of a run whose worker is killed by signal 9 as soon as `when` holds."""

    async def doom() -> None:
        async with rig.worker() as worker:
            await rig.finish(await rig.submit(worker, order))

    async def next_life() -> Finished:
        async with rig.worker() as worker:
            return await rig.resumed(worker, order)

    with doomed(doom, PATIENCE) as process:
        until = time.monotonic() + PATIENCE
        while not when():
            assert time.monotonic() < until, "the run has not come so far"
            time.sleep(0.02)
        process.kill()
    then()
    return asyncio.run(next_life())


def pods_of(cluster: Cluster, namespace: str) -> list[str]:
    return cluster.kubectl("get", "pods", "-n", namespace, "-o", "name").split()


@pytest.mark.parametrize("process", ["kube-apiserver", "kubelet", "etcd", "containerd"])
def test_a_part_of_the_cluster_is_killed_in_the_middle(
    tmp_path: Path, cluster: Cluster, namespace: str, process: str
) -> None:
    async def life(rig: Rig) -> Finished:
        async with rig.worker() as worker:
            run = await rig.submit(worker, rig.order(rig.job(script(COUNTS))))
            await rig.until(lambda: b"\n40\n" in rig.log(run), "the run does not count")
            await asyncio.to_thread(cluster.restart, process)
            return await rig.finish(run)

    with rig_in(tmp_path, cluster, namespace) as rig:
        end = asyncio.run(life(rig))
    assert end.outcome.cause is Cause.SUCCEEDED, end.said
    assert end.log == COUNTED


def test_the_api_server_says_nothing_for_thirty_seconds(tmp_path: Path, cluster: Cluster, namespace: str) -> None:
    """Frozen: connections stand, and nobody answers. One run begins meanwhile, one ends, one goes on."""

    async def life(rig: Rig) -> list[Finished]:
        async with rig.worker() as worker:
            goes_on = await rig.submit(worker, rig.order(rig.job(script(COUNTS + "; sleep 25; echo late"))))
            ends = await rig.submit(worker, rig.order(rig.job(script("echo up; sleep 10; echo down"))))
            await rig.until(lambda: b"\n40\n" in rig.log(goes_on) and b"up" in rig.log(ends), "the runs do not go")
            cluster.freeze("kube-apiserver")
            try:
                begins = await rig.submit(worker, rig.order(rig.job(script("echo begun"))))
                await asyncio.sleep(31)
            finally:
                cluster.thaw("kube-apiserver")
            return await asyncio.gather(*(rig.finish(run) for run in (goes_on, ends, begins)))

    with rig_in(tmp_path, cluster, namespace) as rig:
        goes_on, ends, begins = asyncio.run(life(rig))
    assert [end.outcome.cause for end in (goes_on, ends, begins)] == [Cause.SUCCEEDED] * 3, goes_on.said
    assert goes_on.log == COUNTED + b"late\n"
    assert ends.log == b"up\ndown\n"
    assert begins.log == b"begun\n"


def test_the_api_server_is_away_for_thirty_seconds(tmp_path: Path, cluster: Cluster, namespace: str) -> None:
    """Killed: connections are refused. The watch is then told 410, as its version is older than the server."""

    async def life(rig: Rig) -> list[Finished]:
        async with rig.worker() as worker:
            goes_on = await rig.submit(worker, rig.order(rig.job(script(COUNTS))))
            await rig.until(lambda: b"\n40\n" in rig.log(goes_on), "the run does not go")
            cluster.kill("kube-apiserver")
            try:
                begins = await rig.submit(worker, rig.order(rig.job(script("echo begun"))))
                await asyncio.sleep(31)
            finally:
                await asyncio.to_thread(cluster.start, "kube-apiserver")
            return await asyncio.gather(*(rig.finish(run) for run in (goes_on, begins)))

    with rig_in(tmp_path, cluster, namespace) as rig:
        goes_on, begins = asyncio.run(life(rig))
    assert [end.outcome.cause for end in (goes_on, begins)] == [Cause.SUCCEEDED] * 2, goes_on.said
    assert goes_on.log == COUNTED
    assert begins.log == b"begun\n"


def test_the_worker_is_killed_in_the_middle(tmp_path: Path, cluster: Cluster, namespace: str) -> None:
    with rig_in(tmp_path, cluster, namespace) as rig:
        order = rig.order(rig.job(script(COUNTS)))
        end = killed(rig, order, lambda: b"\n40\n" in rig.log(order), lambda: time.sleep(2))
    assert end.outcome.cause is Cause.SUCCEEDED, end.said
    assert end.log == COUNTED


def test_the_worker_is_killed_and_the_run_ends_without_it(tmp_path: Path, cluster: Cluster, namespace: str) -> None:
    with rig_in(tmp_path, cluster, namespace) as rig:
        order = rig.order(rig.job(script("echo one; sleep 3; echo two; exit 5")))
        end = killed(rig, order, lambda: b"one" in rig.log(order), lambda: time.sleep(6))
    assert (end.outcome.cause, end.outcome.code, end.log) == (Cause.EXIT_CODE, 5, b"one\ntwo\n")


def test_the_worker_is_killed_before_it_hears_that_the_job_is_there(
    tmp_path: Path, cluster: Cluster, namespace: str
) -> None:
    """The next one finds the Job by its name, and no second one is made."""
    with rig_in(tmp_path, cluster, namespace) as rig:
        order = rig.order(rig.job(script("echo once; sleep 2")))
        made = ["get", "job", order.name, "-n", namespace, "-o", "name", "--ignore-not-found"]
        cluster.kubectl("create", "quota", "none", "--hard=pods=100", "-n", namespace)
        end = killed(rig, order, lambda: cluster.kubectl(*made))
        events = cluster.kubectl("get", "events", "-n", namespace, "-o", "jsonpath={.items[*].reason}").split()
    assert (end.outcome.cause, end.log) == (Cause.SUCCEEDED, b"once\n"), end.said
    assert events.count("SuccessfulCreate") == 1


def test_stops(tmp_path: Path, cluster: Cluster, namespace: str) -> None:
    async def life(rig: Rig) -> list[Finished]:
        async with rig.worker() as worker:
            jobs = [
                rig.job(script(POLITE, grace=8)),
                rig.job(script(DEAF, grace=1)),
                rig.job(pod_manifest(container("p", POLITE), terminationGracePeriodSeconds=20)),
            ]
            runs = [await rig.submit(worker, rig.order(job)) for job in jobs]
            await rig.until(lambda: all(b"ready" in rig.log(run) for run in runs), "the runs do not go")
            nowhere = script("true", nodeSelector={"no": "such"})
            runs.append(await rig.submit(worker, rig.order(rig.job(nowhere))))
            await rig.running(runs[-1])
            for run in runs:
                run.stop()
            return await asyncio.gather(*(rig.finish(run) for run in runs))

    with rig_in(tmp_path, cluster, namespace) as rig:
        polite, deaf, pod, pending = asyncio.run(life(rig))
    for end in (polite, deaf, pod, pending):
        assert end.outcome.cause is Cause.STOPPED, end.said
        assert end.outcome.stop is not None
        assert end.outcome.stop.strength is Strength.REPORTED, end.said
        assert not end.outcome.stop.survivors
    assert polite.log == pod.log == b"ready\nbye\n"
    assert deaf.log == b"ready\n"
    assert not pods_of(cluster, namespace)


def test_deleted_by_hand(tmp_path: Path, cluster: Cluster, namespace: str) -> None:
    async def life(rig: Rig) -> list[Finished]:
        async with rig.worker() as worker:
            runs = [await rig.submit(worker, rig.order(rig.job(script(POLITE)))) for _ in range(2)]
            await rig.until(lambda: all(b"ready" in rig.log(run) for run in runs), "the runs do not go")
            job, pod = runs
            await asyncio.to_thread(cluster.kubectl, "delete", "job", job.name, "-n", namespace, "--wait=false")
            name = f"job-name={pod.name}"
            await asyncio.to_thread(cluster.kubectl, "delete", "pod", "-l", name, "-n", namespace, "--wait=false")
            return await asyncio.gather(*(rig.finish(run) for run in runs))

    with rig_in(tmp_path, cluster, namespace) as rig:
        job, pod = asyncio.run(life(rig))
        assert not pods_of(cluster, namespace)
    for end in (job, pod):
        assert not end.outcome.ok
        assert end.outcome.evidence, end.said
        assert end.log == b"ready\nbye\n"
    print(job.said, pod.said)
