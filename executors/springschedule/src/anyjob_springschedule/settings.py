"""What an operator sets for springschedule jobs: the table `[executors.springschedule]`."""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Final, Self

from pydantic import AfterValidator, BaseModel, ConfigDict, Field

from anyjob.job import Owner
from anyjob_jvm.words import CAREFUL, JavaHomeText, JvmArg, Pattern

__all__ = ["AppSettings", "SpringSettings"]


def _absolute(path: Path) -> Path:
    if not path.is_absolute() or ".." in path.parts:
        raise ValueError("is no path from the root; write the path that is meant")
    return path


AbsolutePath = Annotated[Path, AfterValidator(_absolute)]

_OTHER_PROPERTIES: Final = r"-D(?!java\.|javax\.|jdk\.|sun\.|com\.sun\.|com\.ibm\.|anyjob\.|loader\.)[\w.-]+(=.*)?"
ALLOWED: Final = (*(pattern for pattern in CAREFUL if not pattern.startswith("-D(?!")), _OTHER_PROPERTIES)
"""Arguments of a JVM that a job may give unless the settings say otherwise. Not `loader.*`, by which Spring Boot's
launcher loads other code."""


class AppSettings(BaseModel):
    """The table `[executors.springschedule.apps.GROUP]`: what a worker may start for jobs of an app group; `*` is every
    group."""

    model_config = ConfigDict(extra="forbid", frozen=True, defer_build=True)

    jars: Annotated[
        tuple[AbsolutePath, ...], Field(description="jars that jobs may name, and folders in which such jars lie")
    ] = ()
    java: Annotated[
        JavaHomeText | None, Field(description="the Java home, or its version; default: the first that is found")
    ] = None
    java_homes: Annotated[
        tuple[AbsolutePath, ...],
        Field(description="folders in which Java homes lie that jobs may name, beside those found on their own"),
    ] = ()
    jvm_args: Annotated[
        tuple[Pattern, ...],
        Field(
            description="regular expressions, one of which an argument of a job must match as a whole; default: "
            "sizes, tuning, the application's own -D"
        ),
    ] = ALLOWED
    always: Annotated[tuple[JvmArg, ...], Field(description="arguments of every such JVM, before the job's")] = ()

    def allows_argument(self, argument: str) -> bool:
        """Whether a job may give it to its JVM."""
        return any(re.fullmatch(pattern, argument, re.DOTALL) for pattern in self.jvm_args)


class SpringSettings(BaseModel):
    """What an operator sets for springschedule jobs."""

    model_config = ConfigDict(extra="forbid", frozen=True, defer_build=True)

    wait: Annotated[
        float,
        Field(ge=0, le=3600),
        Field(
            description="seconds in which an application may still dial in before a run is `dependency_missing`: "
            "one that was away dials every 10 s"
        ),
    ] = 20
    runs: Annotated[
        int,
        Field(ge=1, le=1_000_000_000),
        Field(description="after so many runs an application that the worker started is replaced"),
    ] = 1_000_000
    apps: Annotated[
        Mapping[Owner, AppSettings],
        Field(
            description="what the worker may start, by app group (`GROUP` or `NAMESPACE/GROUP`; `*` is every one); "
            "without any it starts nothing"
        ),
    ] = Field(default_factory=dict[str, AppSettings])

    @classmethod
    def alone(cls) -> Self:
        """For a command without a settings file: its user may start anything anyway."""
        return cls(apps={"*": AppSettings(jars=(Path("/"),), java_homes=(Path("/"),), jvm_args=(".*",))})

    def of_group(self, group: str) -> AppSettings | None:
        """None: the worker starts nothing for it."""
        return self.apps.get(group) or self.apps.get("*")
