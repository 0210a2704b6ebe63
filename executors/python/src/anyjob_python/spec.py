"""What a python job reads out of a job."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import AfterValidator, Field

from anyjob.spec import At, Spec
from anyjob_python.source import source
from anyjob_python.words import Command, Preload, RequirementText, no_nul

__all__ = ["PythonSpec"]


def _something(text: str) -> str:
    if not text.strip():
        raise ValueError("holds blanks only; write the script to run")
    return text


def _readable(text: str) -> str:
    source(text)
    return text


class PythonSpec(Spec):
    """Content is the script. `command` is its interpreter, `requirements` the packages that are installed for it.

    `file_format` is the script's line ends as SchedulerX names them: `unix` turns CRLF into LF, `windows` keeps CRLF.
    `warm` and `preload` overrule the settings of the worker: whether the run is forked from a resident interpreter, and
    what that has imported before.
    """

    script: Annotated[
        str,
        Field(min_length=1, description="the script"),
        AfterValidator(no_nul),
        AfterValidator(_something),
        AfterValidator(_readable),
        At("Content"),
    ]
    command: Annotated[Command | None, At("XAttrs.$.command")] = None
    file_format: Annotated[Literal["unix", "windows"], At("XAttrs.$.fileFormat")] = "unix"
    requirements: Annotated[list[RequirementText], Field(max_length=200), At("XAttrs.$.requirements")] = Field(
        default_factory=list[str]
    )
    warm: Annotated[bool | None, At("XAttrs.$.warm")] = None
    preload: Annotated[Preload | None, At("XAttrs.$.preload")] = None
