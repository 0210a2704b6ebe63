"""The entry point of this distribution: light to import."""

from __future__ import annotations

from collections.abc import Iterable

from anyjob.plugins import CommandType, ExecutorType, hookimpl


@hookimpl
def anyjob_executors() -> Iterable[ExecutorType]:
    """One type: `go`, also called `golang`."""
    return [
        ExecutorType(
            job_type="go",
            executor="anyjob_go.executor:GoExecutor",
            spec="anyjob_go.spec:GoSpec",
            settings="anyjob_go.settings:GoSettings",
            samples="anyjob_go.samples:samples",
            aliases=("golang",),
            title="Functions of Go programs",
        )
    ]


@hookimpl
def anyjob_commands() -> Iterable[CommandType]:
    """One command: `anyjob go`."""
    return [CommandType(name="go", command="anyjob_go.commands:app", help="The Go SDK, and what a program serves.")]
