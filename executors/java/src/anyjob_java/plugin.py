"""The entry point of this distribution: light to import."""

from __future__ import annotations

from collections.abc import Iterable

from anyjob.plugins import CommandType, ExecutorType, hookimpl


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


@hookimpl
def anyjob_commands() -> Iterable[CommandType]:
    """One command: `anyjob java-api`."""
    text = "Show the jar against which java jobs are compiled."
    return [CommandType(name="java-api", command="anyjob_java.cli:api", help=text)]
