"""What a kubelet tells of a container that a signal ended: the same as of one that exits with 128 and the signal.

When this test fails, a runtime has begun to tell them apart: then the cause is to be `signal`, and the page changes.
"""

from __future__ import annotations

import asyncio
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from tests.docs.fences import blocks
from tests.executors.k8s.kit import rig_in, script, together
from tests.grounds.kubernetes.cluster import Cluster

from anyjob.outcome import Cause

pytestmark = [pytest.mark.needs("k8s"), pytest.mark.timeout(200)]


@pytest.fixture
def namespace(cluster: Cluster) -> Iterator[str]:
    with cluster.namespace() as name:
        yield name


def told(cluster: Cluster, namespace: str, run: str) -> tuple[dict[str, Any], set[str]]:
    """How the container of a run ended, without times and ids; and the reasons of the pod's events."""
    ask = (f"--namespace={namespace}", "--output=json")
    (pod,) = json.loads(cluster.kubectl("get", "pods", f"--selector=anyjob.dev/run={run}", *ask))["items"]
    events = json.loads(cluster.kubectl("get", "events", *ask))["items"]
    end = pod["status"]["containerStatuses"][0]["state"]["terminated"]
    words = {key: end[key] for key in end if key not in ("startedAt", "finishedAt", "containerID")}
    return words, {one["reason"] for one in events if one["involvedObject"]["name"] == pod["metadata"]["name"]}


def test_a_signal_is_not_told_from_an_exit_code(tmp_path: Path, cluster: Cluster, namespace: str) -> None:
    (sentence,) = [block.strip() for block in blocks("executors/k8s/README.md", "", "container main")]
    with rig_in(tmp_path, cluster, namespace, keep=600) as rig:
        ends = asyncio.run(together(rig, [rig.job(script(text)) for text in ("exit 137", "kill -9 $$")]))
    for end in ends:
        assert (end.outcome.cause, end.outcome.code) == (Cause.EXIT_CODE, 137), end.said
        assert sentence in [f"{one.source}: {one.text}" for one in end.outcome.evidence]
    own, killed = [told(cluster, namespace, end.order.name) for end in ends]
    assert own[0] == {"exitCode": 137, "reason": "Error"}
    assert killed == own
