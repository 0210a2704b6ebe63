"""What a go job reads out of a job.

Sources: SchedulerX user guide, Go jobs, "jobName"; SchedulerX worker for Go, internal/container/thread_container.go.
"""

from __future__ import annotations

import re
from typing import Annotated, Final

from pydantic import AfterValidator, Field

from anyjob.outcome import Json
from anyjob.spec import At, CommonXAttrs, Spec, Text
from anyjob_go.settings import Isolation

__all__ = ["LOCAL", "GoSpec"]

LOCAL: Final = "local"
"""The launcher on whose node the worker looks for programs; elsewhere a job's words are taken as they are."""
_WORD: Final = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]*\Z")


def _name(value: str) -> str:
    if not value.strip() or not value.isprintable():
        raise ValueError("is no name that a program can register; write what it gives to Register")
    return value


def _binary(value: str) -> str:
    if not value.startswith("/") and not _WORD.match(value):
        raise ValueError("is neither an absolute path nor a word of the settings; write /path/to/program")
    if value.endswith("/") or "/../" in value:
        raise ValueError("is no path of a program; write /path/to/program")
    return value


class GoSpec(Spec):
    """`job_name` is registered in a program: the one that `binary` names, else that of the settings, else an
    application that has dialled in."""

    job_name: Annotated[
        str,
        Field(max_length=200, description="the registered name"),
        AfterValidator(_name),
        At("Content.$.jobName"),
    ]
    binary: Annotated[
        Text | None,
        Field(
            description="the program: an absolute path, or a word of `[executors.go] binaries`. Its "
            "arguments are not a job's to give: they stand in the settings. Without it: the "
            "program that the settings name, else an application that has dialled in"
        ),
        AfterValidator(lambda value: value if value is None else _binary(value)),
        At("XAttrs.$.binary"),
    ] = None
    isolation: Annotated[
        Isolation | None,
        Field(
            description="process: a process for each run; shared: one process for many; default: the worker's setting"
        ),
        At("XAttrs.$.isolation"),
    ] = None
    group: Annotated[
        str, Field(description="the app group, for which the settings may name a program"), At("GroupId")
    ] = ""
    launcher: Annotated[
        str, Field(description=CommonXAttrs.model_fields["launcher"].description), At("XAttrs.$.launcher")
    ] = LOCAL
    stop_signal: Annotated[
        str, Field(description=CommonXAttrs.model_fields["stop_signal"].description), At("XAttrs.$.stopSignal")
    ] = "TERM"
    env: Annotated[
        dict[str, Json], Field(description=CommonXAttrs.model_fields["env"].description), At("XAttrs.$.env")
    ] = Field(default_factory=dict[str, Json])
