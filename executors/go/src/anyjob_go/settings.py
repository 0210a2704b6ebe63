"""What an operator sets for go jobs: the table `[executors.go]`."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Literal, Self

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field

from anyjob.spec import AbsolutePath

__all__ = ["GoSettings", "Isolation"]

Isolation = Literal["process", "shared"]


def _words(value: object) -> object:
    return (value,) if isinstance(value, str) else value


def _program(words: tuple[str, ...]) -> tuple[str, ...]:
    if not words[0].startswith("/"):
        raise ValueError("names a program by a relative path; write it from the root")
    if any("\0" in word for word in words):
        raise ValueError("holds a NUL byte, which no process can receive; remove it")
    return words


Program = Annotated[tuple[str, ...], Field(min_length=1), BeforeValidator(_words), AfterValidator(_program)]
"""A path, or a path and arguments."""


class GoSettings(BaseModel):
    """What an operator sets for go jobs."""

    model_config = ConfigDict(extra="forbid", frozen=True, defer_build=True)

    binaries: Annotated[
        dict[str, Program],
        Field(
            description="programs, each a path or a path and arguments, by the word that `XAttrs.binary` may "
            "name, by jobName, by app group (`GROUP` or `NAMESPACE/GROUP`), or `*` for all others"
        ),
    ] = Field(default_factory=dict[str, tuple[str, ...]])
    folders: Annotated[
        tuple[AbsolutePath, ...],
        Field(
            description="where a program must lie that a job names by its path; those in `binaries` may lie "
            "anywhere. Without a settings file: anywhere"
        ),
    ] = ()
    isolation: Annotated[Isolation, Field(description="of jobs that do not say it")] = "process"
    ask: Annotated[bool, Field(description="whether programs are asked for the names that they serve")] = True
    wait: Annotated[
        float,
        Field(ge=0, le=3600),
        Field(
            description="seconds in which an application may still come that serves a job's name: one that was "
            "away dials every 10 s"
        ),
    ] = 20
    runs: Annotated[int, Field(ge=1), Field(description="after so many runs a shared process is replaced")] = 1000

    @classmethod
    def alone(cls) -> Self:
        """Where no settings were found: whoever runs anyjob may execute these programs anyway."""
        return cls(folders=(Path("/"),))
