"""What a shell job reads out of a job."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import AfterValidator, Field

from anyjob.spec import At, Spec

__all__ = ["ShellSpec"]


def _no_nul(text: str) -> str:
    if "\0" in text:
        raise ValueError(f"holds a NUL byte at character {text.index(chr(0)) + 1}, which no shell reads; remove it")
    return text


def _something(text: str) -> str:
    if not text.strip():
        raise ValueError("holds blanks only; write the script to run")
    return text


class ShellSpec(Spec):
    """Content is the script. `command` is the interpreter, a path or a name on the run's PATH.

    `file_format` is the script's line ends as SchedulerX names them: `unix` turns CRLF into LF, so that a script
    written on Windows runs; `windows` keeps CRLF, for an interpreter that wants it.
    """

    script: Annotated[
        str,
        Field(min_length=1, description="the script"),
        AfterValidator(_no_nul),
        AfterValidator(_something),
        At("Content"),
    ]
    command: Annotated[
        str, Field(min_length=1, description="the interpreter"), AfterValidator(_no_nul), At("XAttrs.$.command")
    ] = "/bin/sh"
    file_format: Annotated[Literal["unix", "windows"], At("XAttrs.$.fileFormat")] = "unix"
