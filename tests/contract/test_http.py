"""The http executor, found and run as a worker finds and runs it."""

from __future__ import annotations

import json
from collections.abc import Generator
from contextlib import contextmanager
from dataclasses import replace

from anyjob.samples import Sample, Samples
from anyjob.testing import ExecutorContract
from anyjob.testing.cases.deadlines import DeadlineCases
from anyjob.testing.cases.deaths import DeathCases
from anyjob.testing.cases.stops import StopCases
from anyjob_http.peer import Peer
from anyjob_http.samples import samples


class TestHttp(ExecutorContract):
    job_type = "http"


@contextmanager
def accepted() -> Generator[Samples]:
    """Jobs that the other side takes by 202 and works on by itself: they outlive the worker."""
    with samples() as plain, Peer() as peer:

        def job(path: str) -> Sample:
            followed = {"method": "POST", "idempotencyKey": True, "repeatable": True, "poll": {"interval": 0.1}}
            return Sample({"Content": json.dumps({"url": f"{peer.url}/{path}", **followed})})

        yield replace(
            plain, succeeds=job("accepts"), remembers=job("accepts"), counts=replace(job("accepts?300"), size=300)
        )


class TestAccepted(StopCases, DeadlineCases, DeathCases):
    """What is promised of a job that goes on by itself is more, and kept."""

    job_type = "http"
    samples = accepted
