"""The entry point of this distribution: light to import, so everything else is named by strings."""

from __future__ import annotations

from collections.abc import Iterable

from anyjob.plugins import ExecutorType, hookimpl


@hookimpl
def anyjob_executors() -> Iterable[ExecutorType]:
    """One type: `template`."""
    return [
        ExecutorType(
            job_type="template",
            executor="anyjob_template.executor:TemplateExecutor",
            spec="anyjob_template.spec:TemplateSpec",
            samples="anyjob_template.samples:SAMPLES",
            contract=1,
            title="Programs without a shell",
        )
    ]
