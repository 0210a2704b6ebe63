"""The shell executor, found and run as a worker finds and runs it."""

from __future__ import annotations

from anyjob.testing import ExecutorContract
from anyjob.testing.cases.deadlines import DeadlineCases
from anyjob.testing.cases.deaths import DeathCases
from anyjob.testing.cases.stops import StopCases
from anyjob.worker.settings import WorkerSettings


class TestShell(ExecutorContract):
    job_type = "shell"


class TestShellWithoutCgroups(StopCases, DeadlineCases, DeathCases):
    """Where a machine gives no cgroups, the same is promised and kept."""

    job_type = "shell"
    worker_settings = WorkerSettings(cgroup="off")
