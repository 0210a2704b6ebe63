"""Runs of every kind on a real cluster: their ends, their logs, and what they cost the API server."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from pathlib import Path

import pytest
from tests.executors.k8s.kit import container, job_manifest, pod_manifest, rig_in, script, together
from tests.grounds.kubernetes.cluster import Cluster

from anyjob.outcome import Cause, Strength
from anyjob_k8s.api import Api

pytestmark = [pytest.mark.needs("k8s"), pytest.mark.timeout(300)]

BAD = b"a\xff\xfe\0\x1b[31m\x80z\n"


@pytest.fixture
def namespace(cluster: Cluster) -> Iterator[str]:
    with cluster.namespace() as name:
        yield name


def test_ends_and_logs_of_every_kind(tmp_path: Path, cluster: Cluster, namespace: str) -> None:
    with rig_in(tmp_path, cluster, namespace) as rig:
        jobs = [
            rig.job(script("echo first; echo hello")),
            rig.job(script("echo no; exit 3")),
            rig.job(script("printf 'a\\377\\376\\0\\033[31m\\200z\\n'")),
            rig.job(script("printf 'no end'")),
            rig.job(script("true")),
            rig.job(script("for n in 1 2 3; do echo $n; sleep 1; done")),
            rig.job(pod_manifest(container("only", "echo pod; exit 4"))),
            rig.job(
                job_manifest(
                    container("a", "echo out of a; printf last"),
                    container("b", "echo out of b"),
                    pod={"initContainers": [container("before", "echo prepared")]},
                    backoffLimit=0,
                ),
                xattrs={"container": "b"},
            ),
            rig.job(job_manifest(container("m", "echo $HOSTNAME; exit 1"), backoffLimit=1)),
        ]
        ends = asyncio.run(together(rig, jobs))
        good, bad, odd, endless, silent, slow, pod, several, retried = ends
    said = [end.said for end in ends]
    assert (good.outcome.cause, good.outcome.code, good.outcome.result, good.log) == (
        Cause.SUCCEEDED,
        0,
        "hello",
        b"first\nhello\n",
    ), said
    assert (bad.outcome.cause, bad.outcome.code, bad.outcome.result) == (Cause.EXIT_CODE, 3, "no")
    assert odd.log == BAD
    assert (endless.log, endless.outcome.result) == (b"no end", "no end")
    assert (silent.outcome.cause, silent.log) == (Cause.SUCCEEDED, b"")
    assert slow.log == b"1\n2\n3\n"
    assert (pod.outcome.cause, pod.outcome.code, pod.outcome.result) == (Cause.EXIT_CODE, 4, "pod")
    assert sorted(several.log.splitlines()) == [b"[a] last", b"[a] out of a", b"[b] out of b", b"[before] prepared"]
    assert (several.outcome.cause, several.outcome.result) == (Cause.SUCCEEDED, "out of b")
    first, second = retried.log.splitlines()
    assert second == b"[" + retried.outcome.result.encode() + b"] " + retried.outcome.result.encode()
    assert first != second
    assert retried.outcome.cause is Cause.EXIT_CODE
    for end in ends:
        assert end.outcome.stop is not None
        assert end.outcome.stop.strength is Strength.REPORTED, end.said
        assert end.outcome.ended is not None
    # What was kept for the outcome's sake goes with it.
    assert cluster.kubectl("get", "jobs,configmaps,secrets", "-n", namespace, "-o", "name").split() == [
        "configmap/kube-root-ca.crt"
    ]


def test_what_a_run_costs_the_api_server(
    tmp_path: Path, cluster: Cluster, namespace: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    apis: list[Api] = []
    make = Api.__init__

    def made(self: Api, *args: object, **more: object) -> None:
        make(self, *args, **more)  # pyright: ignore[reportArgumentType]
        apis.append(self)

    monkeypatch.setattr(Api, "__init__", made)
    runs = 20
    with rig_in(tmp_path, cluster, namespace) as rig:
        ends = asyncio.run(together(rig, [rig.job(script(f"echo {n}")) for n in range(runs)]))
    assert [end.outcome.result for end in ends] == [str(n) for n in range(runs)]
    sent = {call: count for api in apis for call, count in api.sent.items()}
    shared = {call: sent.pop(call) for call in list(sent) if call[0] in ("list", "watch")}
    assert sum(shared.values()) <= 8, shared
    assert sum(sent.values()) <= 6 * runs, sent
    assert sent["create", "jobs"] == sent["create", "configmaps"] == sent["delete", "jobs"] == runs
