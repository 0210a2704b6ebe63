"""Runs that never start: what a plan is made of."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import AsyncIterator, Mapping
from typing import Any

from anyjob.job import Job
from anyjob.outcome import Json
from anyjob.plugins.binding import Binding
from anyjob.run import Event, Shard
from anyjob.spec import CommonXAttrs
from anyjob.spec.read import read_spec
from anyjob.worker.face import RunFace
from anyjob.worker.order import RunOrder
from anyjob.worker.record import RunRecord

__all__ = ["job_of", "run_of"]

_BINDING = Binding(job_type="k8s", plugin="k8s", distribution="anyjob-k8s", version="0")


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

    async def made() -> RunFace:
        return RunFace(RunRecord(order=order, binding=_BINDING), _NoWorker(secrets or {}), "/nowhere", common, None)

    return asyncio.run(made())
