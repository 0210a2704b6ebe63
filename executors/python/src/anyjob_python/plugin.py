"""The entry point of this distribution: light to import."""

from __future__ import annotations

from collections.abc import Iterable

from anyjob.plugins import ExecutorType, hookimpl


@hookimpl
def anyjob_executors() -> Iterable[ExecutorType]:
    """One type: `python`."""
    return [
        ExecutorType(
            job_type="python",
            executor="anyjob_python.executor:PythonExecutor",
            spec="anyjob_python.spec:PythonSpec",
            settings="anyjob_python.settings:PythonSettings",
            samples="anyjob_python.samples:SAMPLES",
            title="Python scripts",
        )
    ]
