"""What an operator sets for a worker: the parts [worker] and [secrets.NAME] of the settings file."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Literal

from pydantic import AfterValidator, BaseModel, ConfigDict, Field

from anyjob.executor.environment import ALLOWED
from anyjob.job.owner import written
from anyjob.secret import Source
from anyjob.spec.commonxattrs import Size, SizeOrNone
from anyjob.worker.apps.appsettings import AppsSettings

__all__ = ["SecretSource", "WorkerSettings"]


class _Part(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True, defer_build=True)


class SecretSource(Source):
    """Where a secret of jobs comes from. `groups` are the app groups whose jobs may use it, as
    `GROUP` or `NAMESPACE/GROUP`; `*` means all."""

    groups: list[Annotated[str, AfterValidator(written)]] = Field(default_factory=list[str])


class WorkerSettings(_Part):
    """The part [worker].

    `users` lists, for each app group (`*` for all), the users its jobs may run as; `*` among them means any but root.
    `log_quota` bytes of log are kept of a run that sets none. Below `free_disk` bytes free no run starts.
    `force_wait`: seconds after FORCE until a run that nobody has seen end is given up as ASKED. `cgroup` "off": do
    not use cgroups even where they can be had. `shim_idle`: seconds after which a shim without worker and runs ends.
    """

    users: Mapping[Annotated[str, AfterValidator(written)], list[str]] = {}
    environment: list[str] = list(ALLOWED)
    log_quota: Size = 1 << 30
    free_disk: SizeOrNone = 64 << 20
    force_wait: Annotated[float, Field(gt=0)] = 10
    cgroup: Literal["auto", "off"] = "auto"
    shim_idle: Annotated[float, Field(gt=0)] = 60
    node: str = ""
    apps: AppsSettings = AppsSettings()
