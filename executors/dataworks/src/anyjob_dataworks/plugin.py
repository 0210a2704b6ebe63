"""The entry point of this distribution: light to import."""

from __future__ import annotations

from collections.abc import Iterable

from anyjob.plugins import ExecutorType, hookimpl


@hookimpl
def anyjob_executors() -> Iterable[ExecutorType]:
    """One type: `dataworks`."""
    return [
        ExecutorType(
            job_type="dataworks",
            executor="anyjob_dataworks.executor:DataworksExecutor",
            spec="anyjob_dataworks.spec:DataworksSpec",
            settings="anyjob_dataworks.settings:DataworksSettings",
            samples="anyjob_dataworks.samples:samples",
            title="DataWorks flows",
        )
    ]
