"""What others do to a run, on a real cluster through the real worker: each end has its cause, with evidence of whoever
said so. All that does not disturb the node runs at once, each in a namespace of its own."""

from __future__ import annotations

import asyncio
import contextlib
import time
from collections.abc import Awaitable, Callable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, cast

import pytest
from tests.executors.k8s.kit import container, job_manifest, pod_manifest, rig_in, script
from tests.grounds.kubernetes.api import ApiError
from tests.grounds.kubernetes.cluster import Cluster

from anyjob.outcome import Outcome, Strength
from anyjob.samples import Sample
from anyjob.testing.rig import Finished, Rig
from anyjob.worker.worker import LiveRun

pytestmark = [pytest.mark.needs("k8s"), pytest.mark.timeout(300)]

WAITS = "echo begun; sleep 100"


class Hand:
    """Somebody with the rights of an administrator, who meddles with one run."""

    def __init__(self, cluster: Cluster, namespace: str, run: LiveRun) -> None:
        self.cluster, self.namespace, self.run = cluster, namespace, run

    async def call(self, method: str, path: str, body: Any = None) -> Any:
        return await asyncio.to_thread(self.cluster.api.call, method, path, body)

    async def pod(self) -> str:
        """The path of the run's pod, once it runs."""
        while True:
            found = await self.call("GET", f"/api/v1/namespaces/{self.namespace}/pods?labelSelector=anyjob.dev/run")
            for pod in found["items"]:
                states = [one.get("state", {}) for one in pod["status"].get("containerStatuses", ())]
                if any("running" in state for state in states):
                    return f"/api/v1/namespaces/{self.namespace}/pods/{pod['metadata']['name']}"
            await asyncio.sleep(0.2)

    async def delete_pod(self) -> None:
        await self.call("DELETE", await self.pod())

    async def force(self) -> None:
        await self.call("DELETE", await self.pod(), {"gracePeriodSeconds": 0})

    async def delete_job(self) -> None:
        await self.pod()
        await self.call(
            "DELETE", f"/apis/batch/v1/namespaces/{self.namespace}/jobs/{self.run.name}?propagationPolicy=Background"
        )

    async def evict(self) -> None:
        path = await self.pod()
        body = {"apiVersion": "policy/v1", "kind": "Eviction", "metadata": {"name": path.rpartition("/")[2]}}
        await self.call("POST", f"{path}/eviction", body)

    async def preempt(self) -> None:
        await self.pod()
        urgent = {"metadata": {"name": "urgent"}, "value": 1000}
        with contextlib.suppress(ApiError):
            await self.call("POST", "/apis/scheduling.k8s.io/v1/priorityclasses", urgent)
        needs = {"resources": {"requests": {"cpu": most(self.cluster)}}}
        spec = {"containers": [container("main", "sleep 2", **needs)], "priorityClassName": "urgent"}
        pod = {"metadata": {"name": "urgent"}, "spec": {"terminationGracePeriodSeconds": 0, **spec}}
        await self.call("POST", f"/api/v1/namespaces/{self.namespace}/pods", pod)


Act = Callable[[Hand], Awaitable[None]]


@dataclass(frozen=True, kw_only=True)
class Scene:
    """A job, what is done to it, and how it must end."""

    job: Sample
    cause: str
    says: str
    code: int | None = None
    act: Act | None = None
    before: tuple[str, dict[str, Any]] | None = None
    labels: Mapping[str, str] = field(default_factory=dict[str, str])
    strength: Strength = Strength.REPORTED


Scenery = dict[str, tuple[Scene, Finished, str]]
"""Each scene, its end and its namespace."""


def most(cluster: Cluster) -> str:
    """So much processor that two such pods do not fit."""
    node = cluster.api.call("GET", "/api/v1/nodes/node1")
    return f"{int(float(node['status']['allocatable']['cpu']) * 1000) - 300}m"


def quota(**hard: str) -> tuple[str, dict[str, Any]]:
    return "resourcequotas", {"metadata": {"name": "small"}, "spec": {"hard": hard}}


def absent_secret(**xattrs: Any) -> Sample:
    source = {"secretKeyRef": {"name": "absent", "key": "k"}}
    env = [{"name": "A", "valueFrom": source}]
    return with_xattrs(job_manifest(container("main", "true", env=env), backoffLimit=0), **xattrs)


def with_xattrs(job: Sample, **xattrs: Any) -> Sample:
    return Sample({**job.job, "XAttrs": {**cast("dict[str, Any]", job.job["XAttrs"]), **xattrs}})


def scenes(cluster: Cluster) -> dict[str, Scene]:
    busy = {"requests": {"cpu": most(cluster)}}
    waits = script(WAITS, grace=1)
    tail = container("main", "exec tail /dev/zero", resources={"limits": {"memory": "24Mi"}})
    absent = {"name": "main", "image": "busybox:test", "command": ["/no/such"]}
    bare = pod_manifest(container("main", WAITS))
    gone = "somebody deleted it"
    return {
        "evicted": Scene(job=waits, act=Hand.evict, cause="evicted", code=143, says="EvictionByEvictionAPI"),
        "preempted": Scene(
            job=script(WAITS, grace=1, resources=busy),
            act=Hand.preempt,
            cause="evicted",
            code=143,
            says="PreemptionByScheduler",
        ),
        "pod deleted": Scene(job=waits, act=Hand.delete_pod, cause="stopped", code=143, says=gone),
        "pod deleted by force": Scene(job=bare, act=Hand.force, cause="stopped", says=gone, strength=Strength.ASKED),
        "job deleted": Scene(job=waits, act=Hand.delete_job, cause="stopped", code=143, says=gone),
        "quota full": Scene(
            job=script("true"),
            before=quota(pods="0"),
            cause="rejected",
            says="exceeded quota: small, requested: pods=1",
        ),
        "pod security": Scene(
            job=script("true"),
            labels={"pod-security.kubernetes.io/enforce": "restricted"},
            cause="rejected",
            says='violates PodSecurity "restricted:latest"',
        ),
        "image missing": Scene(
            job=script("true", image="absent:1", imagePullPolicy="Never"),
            cause="bad_config",
            says="ErrImageNeverPull",
        ),
        "registry out of reach": Scene(
            job=script("true", image="localhost:1/it:1", pendingLimit=15),
            cause="start_failed",
            says="connection refused",
        ),
        "unschedulable": Scene(
            job=script("true", nodeSelector={"gpu": "yes"}, pendingLimit=3),
            cause="start_failed",
            says="didn't match Pod's node affinity/selector",
        ),
        "memory": Scene(job=job_manifest(tail, backoffLimit=0), cause="out_of_memory", code=137, says="OOMKilled"),
        "config error": Scene(job=absent_secret(pendingLimit=15), cause="bad_config", says='secret "absent" not found'),
        "command missing": Scene(
            job=pod_manifest(absent),
            cause="dependency_missing",
            says="/no/such: no such file or directory",
        ),
        "deadline of a user's job": Scene(
            job=job_manifest(container("main", WAITS), activeDeadlineSeconds=3),
            cause="timed_out",
            says="DeadlineExceeded: Job was active longer than specified deadline",
        ),
        "deadline of a user's pod": Scene(
            job=pod_manifest(container("main", WAITS), activeDeadlineSeconds=3, terminationGracePeriodSeconds=1),
            cause="timed_out",
            code=137,
            says="DeadlineExceeded: Pod was active on the node longer than the specified deadline",
        ),
    }


def told(outcome: Outcome) -> str:
    return "\n".join(f"{item.source}: {item.text}" for item in outcome.evidence)


@pytest.fixture(scope="module")
def scenery(
    cluster: Cluster, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[dict[str, tuple[Scene, Finished, str]]]:
    """All scenes, played at once."""
    played = scenes(cluster)
    with contextlib.ExitStack() as held:
        spaces = {name: held.enter_context(cluster.namespace(**scene.labels)) for name, scene in played.items()}
        for name, scene in played.items():
            if scene.before is not None:
                cluster.api.call("POST", f"/api/v1/namespaces/{spaces[name]}/{scene.before[0]}", scene.before[1])
        rig = held.enter_context(rig_in(tmp_path_factory.mktemp("causes"), cluster, "default"))

        async def play() -> dict[str, Finished]:
            async with rig.worker() as worker:

                async def one(name: str, scene: Scene) -> Finished:
                    job = rig.job(with_xattrs(scene.job, namespace=spaces[name]))
                    run = await rig.submit(worker, rig.order(job))
                    if scene.act is not None:
                        await rig.within(scene.act(Hand(cluster, spaces[name], run)), f"{name}: the pod never ran")
                    return await rig.finish(run)

                ends = await asyncio.gather(*(one(*item) for item in played.items()))
                return dict(zip(played, ends, strict=True))

        ends = asyncio.run(play())
        yield {name: (scene, ends[name], spaces[name]) for name, scene in played.items()}


NAMES = (
    "evicted",
    "preempted",
    "pod deleted",
    "pod deleted by force",
    "job deleted",
    "quota full",
    "pod security",
    "image missing",
    "registry out of reach",
    "unschedulable",
    "memory",
    "config error",
    "command missing",
    "deadline of a user's job",
    "deadline of a user's pod",
)


@pytest.mark.parametrize("name", NAMES)
def test_the_end_of_a_run_has_its_cause(scenery: Scenery, name: str) -> None:
    scene, end, _ = scenery[name]
    outcome = end.outcome
    assert (outcome.cause.value, outcome.code) == (scene.cause, scene.code), told(outcome)
    assert scene.says in told(outcome)
    assert outcome.stop is not None
    assert outcome.stop.strength is scene.strength, outcome.stop
    assert bool(outcome.stop.survivors) is (scene.strength is Strength.ASKED)


def test_every_scene_is_looked_at(scenery: Scenery) -> None:
    assert set(NAMES) == set(scenery)


def test_nothing_is_left_in_the_cluster(cluster: Cluster, scenery: Scenery) -> None:
    """Also of runs that never began: what waits for a node or an image would run one day."""
    spaces = {space for _, _, space in scenery.values()}

    def left() -> list[str]:
        paths = [f"{root}?labelSelector=anyjob.dev/run" for root in ("/apis/batch/v1/jobs", "/api/v1/pods")]
        found = [one["metadata"] for path in paths for one in cluster.api.call("GET", path)["items"]]
        return [f"{one['namespace']}/{one['name']}" for one in found if one["namespace"] in spaces]

    end = time.monotonic() + 60
    while left() and time.monotonic() < end:
        time.sleep(0.2)
    assert not left()


async def lose(rig: Rig, cluster: Cluster, jobs: list[Sample]) -> list[Finished]:
    """The ends of jobs whose node is not heard of for a while."""
    async with rig.worker() as worker:
        runs = [await rig.submit(worker, rig.order(rig.job(job))) for job in jobs]
        for run in runs:
            await rig.until(lambda run=run: b"begun" in rig.log(run), "its log never showed that it runs")
        await asyncio.to_thread(cluster.freeze, "kubelet")
        try:
            first = await rig.finish(runs[0])
        finally:
            await asyncio.to_thread(cluster.thaw, "kubelet")
        return [first, *[await rig.finish(run) for run in runs[1:]]]


def test_a_node_that_is_lost_and_comes_back(tmp_path: Path, cluster: Cluster) -> None:
    """Who may leave a silent node is lost with it, and may still be going there; who stays is only late."""
    leaves = [
        {"key": f"node.kubernetes.io/{key}", "operator": "Exists", "effect": "NoExecute", "tolerationSeconds": 0}
        for key in ("unreachable", "not-ready")
    ]
    with cluster.namespace() as space, cluster.paper_node("other"), rig_in(tmp_path, cluster, space) as rig:
        jobs = [script(WAITS, grace=1, tolerations=leaves), script("echo begun; sleep 20; echo done")]
        lost, late = asyncio.run(lose(rig, cluster, jobs))
    assert (lost.outcome.cause.value, lost.outcome.code) == ("node_lost", None), told(lost.outcome)
    assert "nothing is heard of node node1" in told(lost.outcome)
    assert lost.outcome.stop is not None
    assert lost.outcome.stop.strength is Strength.ASKED
    assert [line.rpartition(" on ")[2] for line in lost.outcome.stop.survivors] == ["node node1"]
    assert (late.outcome.cause.value, late.outcome.result) == ("succeeded", "done"), told(late.outcome)
    assert late.log == b"begun\ndone\n"
