"""What an operator sets for python jobs: the table `[executors.python]`."""

from __future__ import annotations

from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field, SecretStr

from anyjob.spec import AbsolutePath, Size
from anyjob_python.words import Command, Preload

__all__ = ["PythonSettings"]


class PythonSettings(BaseModel):
    """What an operator sets for python jobs. From `uv` on: for jobs with requirements."""

    model_config = ConfigDict(extra="forbid", frozen=True, defer_build=True)

    command: Annotated[Command, Field(description="the interpreter of jobs that name none")] = "python3"
    warm: Annotated[
        bool, Field(description="whether jobs that do not say are forked from an interpreter that is there already")
    ] = False
    preload: Annotated[
        Preload,
        Field(
            description="modules that it has imported before, for jobs that name neither an interpreter nor "
            "requirements nor modules"
        ),
    ] = ()
    uv: Annotated[
        AbsolutePath | None, Field(description="the program uv; default: the one beside anyjob or on the PATH")
    ] = None
    cache: Annotated[
        AbsolutePath | None, Field(description="folder of the environments; default: in the user's cache")
    ] = None
    index_url: Annotated[
        SecretStr | None,
        Field(
            description="the index in place of PyPI; it may hold a password, which is shown nowhere, but runs "
            "that install can read it"
        ),
    ] = None
    find_links: Annotated[tuple[AbsolutePath, ...], Field(description="folders of wheels")] = ()
    no_index: Annotated[bool, Field(description="install from `find_links` alone")] = False
    build: Annotated[
        bool, Field(description="whether packages without a wheel may be built, which runs their code")
    ] = False
    timeout: Annotated[float, Field(gt=0, le=86_400), Field(description="seconds for making one environment")] = 300
    keep_days: Annotated[float, Field(ge=0), Field(description="environments that nobody used for so many days go")] = (
        30
    )
    keep_size: Annotated[Size, Field(description="of more than that the oldest go, never one in use")] = 10 << 30
