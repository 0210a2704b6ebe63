"""What a python job reads out of a job.

Source: SchedulerX user guide, script jobs, Python.
"""

from __future__ import annotations

from typing import Annotated, Final

from pydantic import AfterValidator, Field, ValidationInfo, field_validator

from anyjob.spec import At, CommonXAttrs, ScriptSpec
from anyjob_python.source import source
from anyjob_python.words import Command, Preload, RequirementText

__all__ = ["LOCAL", "PythonSpec"]


def _here(requirements: list[str], info: ValidationInfo) -> list[str]:
    if requirements and info.data.get("launcher", LOCAL) != LOCAL:
        raise ValueError("are installed on the worker's node, and the run is elsewhere; put them into what it runs in")
    return requirements


LOCAL: Final = "local"
"""The launcher on whose node the worker looks for interpreters; elsewhere a job's words are taken as they are."""


class PythonSpec(ScriptSpec):
    """Content is the script. `command` is its interpreter, `requirements` the packages that are installed for it.

    `warm` and `preload` overrule the settings of the worker: whether the run is forked from a resident interpreter, and
    what that has imported before.
    """

    command: Annotated[
        Command | None,
        Field(
            description="the interpreter: an absolute path, the folder of a virtual environment, or a name on the PATH;"
            " default: the worker's setting"
        ),
        At("XAttrs.$.command"),
    ] = None
    launcher: Annotated[
        str, Field(description=CommonXAttrs.model_fields["launcher"].description), At("XAttrs.$.launcher")
    ] = LOCAL
    requirements: Annotated[
        list[RequirementText],
        Field(
            max_length=200,
            description="packages to install for it, as in requirements.txt: names and versions, nothing else",
        ),
        AfterValidator(_here),
        At("XAttrs.$.requirements"),
    ] = Field(default_factory=list[str])
    warm: Annotated[
        bool | None,
        Field(
            description="whether it is forked from an interpreter that is there already; default: the worker's setting"
        ),
        At("XAttrs.$.warm"),
    ] = None
    preload: Annotated[
        Preload | None,
        Field(description="modules that the warm interpreter has imported before; default: the worker's setting"),
        At("XAttrs.$.preload"),
    ] = None

    @field_validator("script")
    @classmethod
    def _readable(cls, script: str) -> str:
        source(script)
        return script
