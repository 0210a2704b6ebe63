"""The dataworks executor, found and run as a worker finds and runs it, by both versions of the API."""

from __future__ import annotations

from collections.abc import Generator
from contextlib import contextmanager

from anyjob.samples import Samples
from anyjob.testing import ExecutorContract
from anyjob.testing.cases.deaths import DeathCases
from anyjob.testing.cases.endings import EndingCases
from anyjob.testing.cases.hands import HandCases
from anyjob.testing.cases.logs import LogCases
from anyjob.testing.cases.stops import StopCases
from anyjob_dataworks.peer import Peer
from anyjob_dataworks.samples import samples_of


class TestDataworks(ExecutorContract):
    job_type = "dataworks"


@contextmanager
def newer() -> Generator[Samples]:
    with Peer() as peer:
        yield samples_of(peer, "2024-05-18")


class TestNewerApi(EndingCases, HandCases, StopCases, DeathCases, LogCases):
    job_type = "dataworks"
    samples = newer
