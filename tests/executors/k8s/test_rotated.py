"""A log that the kubelet rotates within a line, and a worker that is killed when it has read beyond that."""

from __future__ import annotations

import re
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from tests.executors.k8s.kit import rig_in, script
from tests.grounds.kubernetes.cluster import Cluster

from anyjob.outcome import Cause
from anyjob.testing.killed import killed

pytestmark = [pytest.mark.needs("k8s"), pytest.mark.timeout(300)]

PIECE = 16384
"""Bytes that containerd writes at once of a line that has no end yet."""
ALIVE = 45
"""Seconds that the script goes on: the kubelet looks every ten seconds for logs of more than 10 MiB."""
LINE = f"""BEGIN {{
    s = sprintf("%{PIECE - 9}s", "")
    for (i = 0; i < 700; i++) {{ printf "%08d.%s", i, s; if (i % 60 == 59) {{ fflush(); system("sleep 1.2") }} }}
    for (; i < 700 + {ALIVE * 2}; i++) {{ printf "%08d.%s", i, s; fflush(); system("sleep 0.5") }}
    print ""; print "over"
}}"""
"""Slowly enough to be followed: what is written faster is read in one go again and again, over rotations with gaps."""
SEEN = 700 + 60
"""Read when the worker is killed: half a minute after the log was too long."""


@pytest.fixture
def namespace(cluster: Cluster) -> Iterator[str]:
    with cluster.namespace() as name:
        yield name


def test_what_may_stand_twice_is_marked(tmp_path: Path, cluster: Cluster, namespace: str) -> None:
    with rig_in(tmp_path, cluster, namespace) as rig:
        order = rig.order(rig.job(script(f"awk '{LINE}'", logQuota="1Gi")))
        end = killed(rig, order, lambda: b"%08d." % SEEN in rig.log(order), lambda: time.sleep(1))
    assert end.outcome.cause is Cause.SUCCEEDED, end.said
    before, note, after = end.log.partition(b"\n[anyjob] ")
    assert note, "the log was not rotated, or that is not said"
    said, _, after = after.partition(b"\n")
    assert b"was rotated; lines may be missing before this" in said
    assert b"what follows, to the end of its line, may stand before it already" in said
    first, second = (re.findall(rb"(\d{8})\.", part) for part in (before, after))
    numbers, again = ([int(number) for number in part] for part in (first, second))
    assert numbers == sorted(set(numbers)), "what was read before the rotation stands there once, in its order"
    # A kubelet that follows goes on in the new file, and does not read to the end of the old one first (Kubernetes
    # source, cri-client, pkg/logs/logs.go, waitLogs): what was written last there it may lose, and nobody is told.
    lost = set(range(numbers[-1])) - set(numbers)
    assert lost <= {again[0] - 1}, "and whole, but for the last that was written before the rotation"
    assert 0 < again[0] < numbers[-1], "the rest of the line was read before the worker died, and is read again"
    assert again == list(range(again[0], 700 + ALIVE * 2)), "and from there on all of it"
    assert after.endswith(b"\nover\n")
