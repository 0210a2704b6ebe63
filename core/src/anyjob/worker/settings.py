"""What an operator sets for a worker: the parts [worker] and [secrets.NAME] of the settings file."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Literal, Self

from pydantic import BaseModel, ConfigDict, Field, model_validator

from anyjob.spec.commonxattrs import Size, SizeOrNone
from anyjob.worker.environment import ALLOWED

__all__ = ["SecretSource", "WorkerSettings"]


class _Part(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class SecretSource(_Part):
    """Where a secret comes from: exactly one of a file, a variable of the worker's environment, a command's output.

    `groups` are the app groups whose jobs may use it; `*` means all.
    """

    file: Path | None = None
    env: str | None = None
    command: Annotated[list[str], Field(min_length=1)] | None = None
    groups: list[str] = []

    @model_validator(mode="after")
    def _one_source(self) -> Self:
        if sum(source is not None for source in (self.file, self.env, self.command)) != 1:
            raise ValueError("needs exactly one of file, env and command")
        return self


class WorkerSettings(_Part):
    """The part [worker].

    `users` lists, for each app group (`*` for all), the users its jobs may run as; `*` among them means any but root.
    `log_quota` bytes of log are kept of a run that sets none. Below `free_disk` bytes free no run starts.
    `force_wait`: seconds after FORCE until a run that nobody has seen end is given up as ASKED. `cgroup` "off": do
    not use cgroups even where they can be had. `shim_idle`: seconds after which a shim without worker and runs ends.
    """

    users: Mapping[str, list[str]] = {}
    environment: list[str] = list(ALLOWED)
    log_quota: Size = 1 << 30
    free_disk: SizeOrNone = 64 << 20
    force_wait: Annotated[float, Field(gt=0)] = 10
    cgroup: Literal["auto", "off"] = "auto"
    shim_idle: Annotated[float, Field(gt=0)] = 60
    node: str = ""
