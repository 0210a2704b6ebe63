"""What an operator sets for java jobs: the table `[executors.java]`."""

from __future__ import annotations

import re
from collections.abc import Mapping
from functools import cached_property
from pathlib import Path
from typing import Annotated, Self

from pydantic import BaseModel, ConfigDict, Field

from anyjob.job import Owner
from anyjob.spec import AbsolutePath
from anyjob_java.words import Entry
from anyjob_jvm.words import CAREFUL, JavaHomeText, JvmArg, Pattern

__all__ = ["JavaSettings"]


class JavaSettings(BaseModel):
    """What an operator sets for java jobs."""

    model_config = ConfigDict(extra="forbid", frozen=True, defer_build=True)

    classpath: Annotated[
        Mapping[Owner, tuple[Entry, ...]],
        Field(
            description="app group (`GROUP` or `NAMESPACE/GROUP`) to what is on the class path of its jobs, behind "
            "what they name; `*` is every group"
        ),
    ] = Field(default_factory=dict[str, tuple[Entry, ...]])
    java: Annotated[
        JavaHomeText | None,
        Field(
            description="the Java home of jobs that name none, or its version; default: the first that is found "
            "(JAVA_HOME, the PATH, the newest)"
        ),
    ] = None
    homes: Annotated[
        tuple[AbsolutePath, ...], Field(description="further Java homes beside those found on their own")
    ] = ()
    roots: Annotated[
        tuple[AbsolutePath, ...], Field(description="folders in which lie the class path entries that jobs may name")
    ] = (Path("/"),)
    home_roots: Annotated[tuple[AbsolutePath, ...], Field(description="the same for Java homes")] = (Path("/"),)
    jvm_args: Annotated[
        tuple[Pattern, ...],
        Field(
            description="regular expressions, one of which an argument of a job must match as a whole; default: "
            "what tunes a JVM. Without a settings file: anything"
        ),
    ] = CAREFUL
    always: Annotated[tuple[JvmArg, ...], Field(description="arguments of every JVM, before the job's")] = ()
    runs: Annotated[
        int, Field(ge=1, le=1_000_000_000), Field(description="after so many runs a shared JVM is replaced")
    ] = 1000

    @classmethod
    def alone(cls) -> Self:
        """For a command without a settings file: its user may pass a JVM anything."""
        return cls(jvm_args=(".*",))

    def of_group(self, group: str) -> list[str]:
        """The class path entries of an app group."""
        return [*self.classpath.get(group, ()), *self.classpath.get("*", ())]

    def allows(self, argument: str) -> bool:
        """Whether a job may pass the argument to its JVM."""
        return any(pattern.fullmatch(argument) for pattern in self._patterns)

    @cached_property
    def _patterns(self) -> list[re.Pattern[str]]:
        return [re.compile(text, re.DOTALL) for text in self.jvm_args]
