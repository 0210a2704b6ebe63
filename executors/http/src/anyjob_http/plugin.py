"""The entry point of this distribution: light to import."""

from __future__ import annotations

from collections.abc import Iterable

from anyjob.plugins import ExecutorType, hookimpl


@hookimpl
def anyjob_executors() -> Iterable[ExecutorType]:
    """One type: `http`."""
    return [
        ExecutorType(
            job_type="http",
            executor="anyjob_http.executor:HttpExecutor",
            spec="anyjob_http.spec:HttpSpec",
            settings="anyjob_http.settings:HttpSettings",
            samples="anyjob_http.samples:samples",
            title="HTTP calls",
        )
    ]
