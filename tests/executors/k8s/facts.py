"""Runs that never start: what a plan is made of."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import AsyncIterator, Mapping
from typing import TYPE_CHECKING, Any, cast

from anyjob.job import Job
from anyjob.outcome import Json
from anyjob.plugins.binding import Binding
from anyjob.run import Event, Shard
from anyjob.spec import CommonXAttrs
from anyjob.spec.mode import ModeXAttrs
from anyjob.spec.owners import check_owners
from anyjob.spec.read import read_spec
from anyjob.worker.face import RunFace
from anyjob.worker.order import RunOrder
from anyjob.worker.record import RunRecord
from anyjob_k8s.spec import K8sSpec

if TYPE_CHECKING:
    from anyjob.executor.launcher import Place

__all__ = ["JOB", "SCRIPT", "container_of", "job_of", "pod_of", "problems_of", "run_of", "spec_of"]

SCRIPT: dict[str, Any] = {"resource": "shell", "image": "busybox:test"}
"""The XAttrs of the plainest script."""

JOB = """\
apiVersion: batch/v1
kind: Job
metadata:
  name: nightly-report
spec:
  template:
    spec:
      containers:
        - name: report
          image: busybox:test
          command: [sh, -c, "echo hello"]
"""
"""The plainest manifest."""


_BINDING = Binding(job_type="k8s", plugin="k8s", distribution="anyjob-k8s", version="0")


class _Elsewhere:
    """Where commands run that do not run here: all that an environment asks of a place."""

    name = "k8s"
    on_node = False


class _NoWorker:
    """What a face needs of its worker, with secrets that everybody may know."""

    base_environment: Mapping[str, str] = {"PATH": "/of/the/worker"}

    def __init__(self, secrets: Mapping[str, str]) -> None:
        self._secrets = secrets

    def keep_saved(self, record: RunRecord, data: Json) -> None:
        raise AssertionError

    def keep_cursor(self, record: RunRecord, source: str, cursor: str, size: int) -> None:
        raise AssertionError

    def secret(
        self, record: RunRecord, common: CommonXAttrs, name: str, given_up: threading.Event | None = None
    ) -> str:
        return self._secrets[common.secrets[name]]

    def progressed(self, run: RunFace) -> None:
        raise AssertionError

    def listen(self, run: RunFace, key: str) -> None:
        raise AssertionError

    def events(self, run: RunFace) -> AsyncIterator[Event]:
        raise AssertionError


def job_of(content: str, xattrs: Mapping[str, Any] | None = None, **fields: Any) -> Job:
    return Job(name="nightly", job_type="k8s", content=content, xattrs=dict(xattrs or {}), **fields)


def problems_of(content: str, xattrs: Mapping[str, Any] | None = None, **fields: Any) -> list[str]:
    """What is wrong with a job, as a person reads it."""
    job = job_of(content, xattrs, **fields)
    found = [*read_spec(K8sSpec, job)[1], *check_owners(job, [CommonXAttrs, ModeXAttrs, K8sSpec])]
    return [str(problem) for problem in found]


def spec_of(job: Job) -> K8sSpec:
    spec, problems = read_spec(K8sSpec, job)
    assert spec is not None, [str(problem) for problem in problems]
    return spec


def pod_of(thing: Mapping[str, Any]) -> dict[str, Any]:
    """The pod's spec in a Job or Pod."""
    return thing["spec"]["template"]["spec"] if thing["kind"] == "Job" else thing["spec"]


def container_of(thing: Mapping[str, Any], number: int = 0) -> dict[str, Any]:
    return pod_of(thing)["containers"][number]


def run_of(
    job: Job,
    *,
    secrets: Mapping[str, str] | None = None,
    instance: int = 77,
    job_id: int = 5,
    fence: int = 1,
    shard: Shard | None = None,
    deadline: float | None = None,
    instance_parameters: str = "",
    payload: Json = None,
) -> RunFace:
    """A run of the job, on no node of this worker."""
    common, problems = read_spec(CommonXAttrs, job)
    assert common is not None, problems
    order = RunOrder(
        job=job,
        job_id=job_id,
        instance=instance,
        fence=fence,
        shard=shard,
        deadline=deadline,
        instance_parameters=instance_parameters,
        payload=payload,
    )

    place = cast("Place", _Elsewhere())

    async def made() -> RunFace:
        return RunFace(RunRecord(order=order, binding=_BINDING), _NoWorker(secrets or {}), "/nowhere", common, place)

    return asyncio.run(made())
