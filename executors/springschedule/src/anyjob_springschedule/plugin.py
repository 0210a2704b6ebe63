"""The entry point of this distribution: light to import."""

from __future__ import annotations

from collections.abc import Iterable

from anyjob.plugins import CommandType, ExecutorType, hookimpl


@hookimpl
def anyjob_executors() -> Iterable[ExecutorType]:
    """One type: `springschedule`."""
    return [
        ExecutorType(
            job_type="springschedule",
            executor="anyjob_springschedule.executor:SpringExecutor",
            spec="anyjob_springschedule.spec:SpringSpec",
            settings="anyjob_springschedule.settings:SpringSettings",
            samples="anyjob_springschedule.samples:samples",
            title="@Scheduled methods of Spring applications",
        )
    ]


@hookimpl
def anyjob_commands() -> Iterable[CommandType]:
    """`anyjob spring list`, `anyjob spring jar` and `anyjob spring build`."""
    return [
        CommandType(
            name="spring",
            command="anyjob_springschedule.cli:spring",
            help="Spring applications: their methods, the jar for them, and building one.",
        )
    ]
