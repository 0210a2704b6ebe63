"""The entry point of this distribution: light to import."""

from __future__ import annotations

from collections.abc import Iterable

from anyjob.plugins import ExecutorType, hookimpl


@hookimpl
def anyjob_executors() -> Iterable[ExecutorType]:
    """One type: `xxljob`."""
    return [
        ExecutorType(
            job_type="xxljob",
            executor="anyjob_xxljob.executor:XxlJobExecutor",
            spec="anyjob_xxljob.spec:XxlJobSpec",
            settings="anyjob_xxljob.settings:XxlJobSettings",
            samples="anyjob_xxljob.samples:samples",
            aliases=("xxl-job",),
            title="Handlers of XXL-JOB executors",
        )
    ]
