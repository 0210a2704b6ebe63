"""What a job of this type may hold."""

from __future__ import annotations

import shlex
from typing import Annotated

from anyjob.spec import At, Spec
from pydantic import AfterValidator, Field

__all__ = ["TemplateSpec"]


def _words(line: str) -> str:
    # The text of the error follows the value in the message: `Content: "echo 'hi" has a quote that is not closed...`
    try:
        words = shlex.split(line)
    except ValueError:
        raise ValueError("has a quote or a backslash that is not closed; close it, or write \\ before it") from None
    if not words or not words[0]:
        raise ValueError("names no program; write one, with its arguments")
    if "\0" in line:
        raise ValueError("holds a NUL byte, which no argument can; remove it")
    return line


class TemplateSpec(Spec):
    """Content is the program with its arguments. The description of a field completes "write ...": messages, the JSON
    Schema and forms use it."""

    line: Annotated[str, Field(description="the program and its arguments"), AfterValidator(_words), At("Content")]
    ok_codes: Annotated[
        tuple[Annotated[int, Field(ge=1, le=255)], ...],
        Field(description="exit codes that count as success, beside 0"),
        At("XAttrs.$.okCodes"),
    ] = ()

    @property
    def words(self) -> list[str]:
        """The line, split as a shell splits it."""
        return shlex.split(self.line)
