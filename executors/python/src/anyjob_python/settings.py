"""What an operator sets for python jobs: the table `[executors.python]`."""

from __future__ import annotations

from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field, SecretStr

from anyjob.spec import AbsolutePath, Size
from anyjob_python.words import Command, Preload

__all__ = ["PythonSettings"]


class PythonSettings(BaseModel):
    """`command`, `warm` and `preload` hold for jobs that do not say otherwise; `preload` only for those that name
    neither an interpreter nor requirements of their own, because another interpreter may lack the modules.

    The others are for jobs with requirements. `index_url` is the index in place of PyPI; it may hold a password, which
    is shown nowhere. `build`: packages without a wheel may be built, which runs their code. `timeout` in seconds for
    making one environment. Environments that nobody used for `keep_days` go, and the oldest of more than `keep_size`.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    command: Command = "python3"
    warm: bool = False
    preload: Preload = ()
    uv: Annotated[
        AbsolutePath | None, Field(description="the program uv; default: the one beside anyjob or on the PATH")
    ] = None
    cache: Annotated[
        AbsolutePath | None, Field(description="folder of the environments; default: in the user's cache")
    ] = None
    index_url: SecretStr | None = None
    find_links: tuple[AbsolutePath, ...] = ()
    no_index: bool = False
    build: bool = False
    timeout: Annotated[float, Field(gt=0, le=86_400)] = 300
    keep_days: Annotated[float, Field(ge=0)] = 30
    keep_size: Size = 10 << 30
