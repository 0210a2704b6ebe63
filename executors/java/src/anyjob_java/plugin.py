"""The entry point of this distribution: light to import."""

from __future__ import annotations

from collections.abc import Iterable

from anyjob.plugins import ExecutorType, hookimpl


@hookimpl
def anyjob_executors() -> Iterable[ExecutorType]:
    """One type: `java`."""
    return [
        ExecutorType(
            job_type="java",
            executor="anyjob_java.executor:JavaExecutor",
            spec="anyjob_java.spec:JavaSpec",
            settings="anyjob_java.settings:JavaSettings",
            samples="anyjob_java.samples:SAMPLES",
            title="Java classes",
        )
    ]
