"""What a shell job reads out of a job."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field

from anyjob.spec import At, Spec

__all__ = ["ShellSpec"]


class ShellSpec(Spec):
    """Content is the script. `command` is the interpreter, a path or a name on the run's PATH.

    `file_format` is the script's line ends as SchedulerX names them: `unix` turns CRLF into LF, so that a script
    written on Windows runs; `windows` keeps CRLF, for an interpreter that wants it.
    """

    script: Annotated[str, Field(min_length=1, description="the script"), At("Content")]
    command: Annotated[str, Field(min_length=1, description="the interpreter"), At("XAttrs.$.command")] = "/bin/sh"
    file_format: Annotated[Literal["unix", "windows"], At("XAttrs.$.fileFormat")] = "unix"
