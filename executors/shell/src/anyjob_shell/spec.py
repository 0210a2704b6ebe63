"""What a shell job reads out of a job.

Source: SchedulerX user guide, script jobs, shell.
"""

from __future__ import annotations

from typing import Annotated

from pydantic import Field

from anyjob.spec import At, ScriptSpec, Text

__all__ = ["ShellSpec"]


class ShellSpec(ScriptSpec):
    """Content is the script. `command` is the interpreter, a path or a name on the run's PATH."""

    command: Annotated[
        Text, Field(min_length=1, description="the interpreter, a path or a name on the PATH"), At("XAttrs.$.command")
    ] = "/bin/sh"
