"""The entry point of this distribution: light to import."""

from __future__ import annotations

from collections.abc import Iterable

from anyjob.plugins import ExecutorType, hookimpl


@hookimpl
def anyjob_executors() -> Iterable[ExecutorType]:
    """One type: `shell`."""
    return [
        ExecutorType(
            job_type="shell",
            executor="anyjob_shell.executor:ShellExecutor",
            spec="anyjob_shell.spec:ShellSpec",
            samples="anyjob_shell.samples:SAMPLES",
            title="Shell scripts",
        )
    ]
