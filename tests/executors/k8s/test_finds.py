"""What `find` says of a Job that its own stop has removed, before anything in the cluster told of it."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest
from tests.executors.k8s.kit import container, job_manifest, rig_in
from tests.grounds.kubernetes.cluster import Cluster

from anyjob.executor import Handle, Stage
from anyjob.outcome import Cause, Strength
from anyjob.testing.hand import by_hand

pytestmark = pytest.mark.needs("k8s")


def test_a_job_that_was_stopped_before_its_controller_saw_it(tmp_path: Path, cluster: Cluster) -> None:
    """No pod and no event: only the worker's own folder tells that it was there."""
    with cluster.namespace() as namespace:
        rig = rig_in(tmp_path, cluster, namespace)
        job = rig.job(job_manifest(container("main", "sleep 60"), managedBy="example.com/nobody"))

        async def life() -> None:
            async with rig.worker() as worker, by_hand(rig, worker, rig.order(job)) as hand:
                await hand.start()
                await hand.stop(Stage.ASK)
                gone = ("wait", "--for=delete", f"job/{hand.order.name}", "-n", namespace, "--timeout=60s")
                await asyncio.to_thread(cluster.kubectl, *gone)
                found = await hand.find()
                assert isinstance(found, Handle)
                hand.handle = found
                outcome = await hand.watch()
                assert outcome.cause is Cause.STOPPED
                assert outcome.stop is not None
                assert outcome.stop.strength is Strength.REPORTED

        asyncio.run(life())
