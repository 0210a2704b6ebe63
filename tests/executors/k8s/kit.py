"""Jobs in a real cluster: a rig with the cluster's kubeconfig, and short ways to write jobs."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from tests.grounds.kubernetes.cluster import Cluster

from anyjob.job import Job
from anyjob.samples import Sample
from anyjob.testing.rig import Finished, Rig

__all__ = ["PATIENCE", "container", "job_manifest", "pod_manifest", "rig_in", "script", "together"]

PATIENCE = 100.0


_FORCE_WAIT = 30.0
"""A kubelet takes seconds to tell that it has killed a container."""


def rig_in(folder: Path, cluster: Cluster, namespace: str, *, job_type: str = "k8s", **settings: Any) -> Rig:
    """A rig whose jobs run in that namespace, as the cluster's administrator unless `settings` say otherwise."""
    reached = {"kubeconfig": str(cluster.kubeconfig), "namespace": namespace}
    given = {"clusters": {"ground": reached}, **settings}
    if job_type == "k8s":
        return Rig(folder, job_type=job_type, settings=given, patience=PATIENCE, force_wait=_FORCE_WAIT)
    xattrs = {"launcher": "k8s", "image": "busybox:test"}
    return Rig(
        folder, job_type=job_type, launchers={"k8s": given}, xattrs=xattrs, patience=PATIENCE, force_wait=_FORCE_WAIT
    )


def script(text: str, **xattrs: Any) -> Sample:
    """A shell script in busybox."""
    return Sample({"Content": text, "XAttrs": {"resource": "shell", "image": "busybox:test", **xattrs}})


def container(name: str, text: str, **more: Any) -> dict[str, Any]:
    return {"name": name, "image": "busybox:test", "command": ["sh", "-c", text], **more}


def job_manifest(*containers: Mapping[str, Any], pod: Mapping[str, Any] | None = None, **spec: Any) -> Sample:
    """A user's Job."""
    inner = {
        "restartPolicy": "Never",
        "terminationGracePeriodSeconds": 1,
        "containers": list(containers),
        **(pod or {}),
    }
    body = {
        "apiVersion": "batch/v1",
        "kind": "Job",
        "metadata": {"name": "mine"},
        "spec": {"template": {"spec": inner}, **spec},
    }
    return Sample({"Content": json.dumps(body), "XAttrs": {"resource": "job"}})


def pod_manifest(*containers: Mapping[str, Any], **spec: Any) -> Sample:
    """A user's Pod."""
    body = {
        "apiVersion": "v1",
        "kind": "Pod",
        "metadata": {"name": "mine"},
        "spec": {"restartPolicy": "Never", "containers": list(containers), **spec},
    }
    return Sample({"Content": json.dumps(body), "XAttrs": {"resource": "job"}})


async def together(rig: Rig, jobs: Sequence[Job]) -> list[Finished]:
    """Their ends, by one worker at one time."""
    async with rig.worker() as worker:
        runs = [await rig.submit(worker, rig.order(job)) for job in jobs]
        return await asyncio.gather(*(rig.finish(run) for run in runs))
