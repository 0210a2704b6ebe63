"""What every type reads alike whose Content is a script.

Source: SchedulerX worker for Java, the properties fileFormat and command of a script job's XAttrs.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Literal

from pydantic import AfterValidator, Field

from anyjob.spec.model import At, Spec

if TYPE_CHECKING:
    from anyjob.run import RunFacts

__all__ = ["ScriptSpec"]


def _something(text: str) -> str:
    if not text.strip():
        raise ValueError("holds blanks only; write the script to run")
    return text


class ScriptSpec(Spec):
    """Content is the script. A type subclasses it and adds its interpreter.

    `file_format` is the script's line ends as SchedulerX names them: `unix` turns CRLF into LF and takes out the byte
    order mark that editors on Windows put in front, so that a script written there runs (a shell takes the mark for a
    part of the first word, and goes on without that command); `windows` keeps both, for an interpreter that wants them.

        class SqlSpec(ScriptSpec):
            database: Annotated[str, At("XAttrs.$.database")] = "a.db"
    """

    script: Annotated[str, Field(min_length=1, description="the script"), AfterValidator(_something), At("Content")]
    file_format: Annotated[
        Literal["unix", "windows"],
        Field(description="unix turns CRLF into LF and takes out a byte order mark in front, windows keeps both"),
        At("XAttrs.$.fileFormat"),
    ] = "unix"

    def text(self, run: RunFacts) -> str:
        """The script of one run: placeholders filled, line ends as they are wanted. Raises PasteRefused."""
        filled = run.fill(self.script)
        return filled.removeprefix("\ufeff").replace("\r\n", "\n") if self.file_format == "unix" else filled
