"""What goes wrong around a run on a real cluster: who dies, who stays silent, who deletes."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from tests.executors.k8s.kit import PATIENCE, container, pod_manifest, rig_in, script
from tests.grounds.kubernetes.cluster import Cluster

from anyjob.executor import Handle, Scope, Stage
from anyjob.outcome import Cause, Outcome, StopReport, Strength
from anyjob.testing.hand import by_hand
from anyjob.testing.killed import killed
from anyjob.testing.rig import Finished, Rig
from anyjob_k8s.api import Api
from anyjob_k8s.client import Login
from anyjob_k8s.cluster import Cluster as K8sCluster
from anyjob_k8s.faults import ApiFault
from anyjob_k8s.informer import Informer
from anyjob_k8s.objects import LABEL_RUN, MARK, K8sObject
from anyjob_k8s.reduce import reduced_job

pytestmark = [pytest.mark.needs("k8s"), pytest.mark.timeout(300)]

COUNTS = "echo ready; n=0; while [ $n -lt 400 ]; do n=$((n + 1)); echo $n; [ $((n % 20)) = 0 ] && sleep 0.6; done; true"
COUNTED = b"ready\n" + b"".join(b"%d\n" % n for n in range(1, 401))
DEAF = "trap '' TERM; echo ready; while :; do sleep 0.1; done"
POLITE = "trap 'echo bye; exit 7' TERM; echo ready; while :; do sleep 0.1; done"


@pytest.fixture
def namespace(cluster: Cluster) -> Iterator[str]:
    with cluster.namespace() as name:
        yield name


def pods_of(cluster: Cluster, namespace: str) -> list[str]:
    return cluster.kubectl("get", "pods", "-n", namespace, "-o", "name").split()


def test_one_part_of_the_cluster_after_the_other_is_killed(tmp_path: Path, cluster: Cluster, namespace: str) -> None:
    """A run that goes on through all of it, and one more that is there when each of them falls."""

    async def life(rig: Rig) -> list[Finished]:
        async with rig.worker() as worker:
            order = rig.order(rig.job(script(COUNTS.replace("0.6", "2") + "; echo late")))
            through = await rig.submit(worker, order)
            ends: list[Finished] = []
            for process in ("kube-apiserver", "kubelet", "etcd", "containerd"):
                short = await rig.submit(worker, rig.order(rig.job(script("echo up; sleep 3; echo down"))))
                await rig.until(
                    lambda run=short: b"up" in rig.log(run) and b"\n40\n" in rig.log(through), "no run goes"
                )
                await asyncio.to_thread(cluster.restart, process)
                ends.append(await rig.finish(short))
            return [*ends, await rig.finish(through)]

    with rig_in(tmp_path, cluster, namespace) as rig:
        *short, through = asyncio.run(life(rig))
    for end in short:
        assert (end.outcome.cause, end.log) == (Cause.SUCCEEDED, b"up\ndown\n"), end.said
    assert (through.outcome.cause, through.log) == (Cause.SUCCEEDED, COUNTED + b"late\n"), through.said


def test_the_api_server_is_away_for_thirty_seconds(tmp_path: Path, cluster: Cluster, namespace: str) -> None:
    """First it is frozen, so connections stand and nobody answers; then it is killed, and they are refused. One run
    begins meanwhile, one ends, and one goes on."""

    async def life(rig: Rig) -> list[Finished]:
        async with rig.worker() as worker:
            goes_on = await rig.submit(worker, rig.order(rig.job(script(COUNTS.replace("0.6", "2.5")))))
            ends = await rig.submit(worker, rig.order(rig.job(script("echo up; sleep 10; echo down"))))
            await rig.until(lambda: b"up" in rig.log(ends) and b"\n20\n" in rig.log(goes_on), "the runs do not go")
            cluster.freeze("kube-apiserver")
            begins = await rig.submit(worker, rig.order(rig.job(script("echo up; echo down"))))
            await asyncio.sleep(16)
            await asyncio.to_thread(cluster.kill, "kube-apiserver")
            await asyncio.sleep(16)
            await asyncio.to_thread(cluster.start, "kube-apiserver")
            return await asyncio.gather(*(rig.finish(run) for run in (ends, begins, goes_on)))

    with rig_in(tmp_path, cluster, namespace) as rig:
        *short, through = asyncio.run(life(rig))
    for end in short:
        assert (end.outcome.cause, end.log) == (Cause.SUCCEEDED, b"up\ndown\n"), end.said
    assert (through.outcome.cause, through.log) == (Cause.SUCCEEDED, COUNTED), through.said


def test_a_watch_whose_version_is_too_old_begins_anew(cluster: Cluster, namespace: str) -> None:
    """410, as a server gives it that has begun after that version."""

    def make(name: str) -> None:
        pod = {"restartPolicy": "Never", "containers": [container("c", "true")]}
        manifest = {
            "apiVersion": "batch/v1",
            "kind": "Job",
            "metadata": {"name": name, "labels": {LABEL_RUN: name}},
            "spec": {"suspend": True, "template": {"spec": pod}},
        }
        cluster.api.call("POST", f"/apis/batch/v1/namespaces/{namespace}/jobs", manifest)

    async def life() -> tuple[list[str], int]:
        told: list[str] = []

        class Told:
            def __call__(self, run: str, thing: K8sObject, *, gone: bool) -> None:
                told.append(f"{run} {'gone' if gone else 'there'}")

        api = Api(Login(cluster.kubeconfig))
        informer = Informer(api, "jobs", "batch", namespace, reduced_job, Told())
        try:
            await informer.ready()
            old = informer._version  # pyright: ignore[reportPrivateUsage]
            await asyncio.to_thread(make, "first")
            async with asyncio.timeout(PATIENCE):
                while not told:
                    await asyncio.sleep(0.05)
                cluster.kubectl("delete", "job", "first", "-n", namespace, "--wait=false")
                while "first gone" not in told:
                    await asyncio.sleep(0.05)
                informer._version = old  # pyright: ignore[reportPrivateUsage]
                await asyncio.to_thread(cluster.restart, "kube-apiserver")
                await asyncio.to_thread(make, "second")
                while "second there" not in told:
                    await asyncio.sleep(0.05)
        finally:
            await informer.close()
            api.close()
        return told, api.sent["list", "jobs"]

    told, lists = asyncio.run(life())
    assert told[0] == "first there"
    assert lists == 2


def test_a_field_that_nobody_knows_is_refused(tmp_path: Path, cluster: Cluster, namespace: str) -> None:
    """As kubectl does: a mistyped securityContext would be lost in silence."""
    with rig_in(tmp_path, cluster, namespace) as rig:
        end = rig.run(rig.job(pod_manifest({**container("main", "true"), "imag": "x"})))
    assert end.outcome.cause is Cause.BAD_CONFIG
    assert 'unknown field "spec.containers[0].imag"' in end.outcome.evidence[0].text


def test_what_was_made_already_is_found_and_a_strangers_is_not_taken(cluster: Cluster, namespace: str) -> None:
    """An answer that got lost: the object is asked for once more, and the API says 409."""

    def thing(mark: str) -> dict[str, Any]:
        meta = {"name": "it", "annotations": {MARK: mark}}
        return {"apiVersion": "v1", "kind": "ConfigMap", "metadata": meta}

    async def life() -> None:
        made = K8sCluster(Login(cluster.kubeconfig), timeout=30, at_once=4)
        try:
            first = await made.create(thing("mine"), namespace, patience=PATIENCE)
            again = await made.create(thing("mine"), namespace, patience=PATIENCE)
            assert again["metadata"]["uid"] == first["metadata"]["uid"]
            with pytest.raises(ApiFault, match="already exists"):
                await made.create(thing("another's"), namespace, patience=PATIENCE)
        finally:
            await made.close()

    asyncio.run(life())


def test_the_worker_is_killed_in_the_middle(tmp_path: Path, cluster: Cluster, namespace: str) -> None:
    with rig_in(tmp_path, cluster, namespace) as rig:
        order = rig.order(rig.job(script(COUNTS)))
        end = killed(rig, order, lambda: b"\n40\n" in rig.log(order), lambda: time.sleep(2))
        short = rig.order(rig.job(script("echo one; sleep 2; echo two; exit 5")))
        alone = killed(rig, short, lambda: b"one" in rig.log(short), lambda: time.sleep(5))
    assert (end.outcome.cause, end.log) == (Cause.SUCCEEDED, COUNTED), end.said
    assert (alone.outcome.cause, alone.outcome.code, alone.log) == (Cause.EXIT_CODE, 5, b"one\ntwo\n")


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


def test_another_worker_takes_over_and_stops_by_the_handle_alone(
    tmp_path: Path, cluster: Cluster, namespace: str
) -> None:
    """One with a state folder of its own, as on another node."""
    with rig_in(tmp_path / "one", cluster, namespace) as rig:
        order = rig.order(rig.job(script(POLITE, grace=8)))

        async def first() -> Handle:
            async with rig.worker() as worker:
                run = await rig.submit(worker, order)
                await rig.until(lambda: b"ready" in rig.log(run), "the run does not go")
                assert run.record.handle is not None
                return run.record.handle

        handle = asyncio.run(first())
        assert handle.scope is Scope.REMOTE

        async def second(rig: Rig) -> tuple[Outcome, StopReport]:
            async with rig.worker() as worker, by_hand(rig, worker, order) as hand:
                worker.book.starting(hand.record, [])
                worker.book.handle(hand.record, handle)
                hand.handle = handle
                watching = asyncio.ensure_future(hand.watching())
                asked = await hand.stop(Stage.ASK)
                outcome = await watching
                await hand.clean()
                return outcome, asked

        with rig_in(tmp_path / "two", cluster, namespace) as other:
            outcome, asked = asyncio.run(second(other))
            assert other.log(order) == b"ready\nbye\n"
    assert asked.strength is Strength.ASKED
    assert (outcome.cause, outcome.code) == (Cause.STOPPED, 7)
    assert outcome.stop is not None
    assert outcome.stop.strength is Strength.REPORTED
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
