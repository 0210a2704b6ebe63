"""The part [executors.dataworks] of the settings."""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Final

from pydantic import AfterValidator, BaseModel, ConfigDict, Field

from anyjob.egress import read_url
from anyjob.problem import WrongValue
from anyjob.secret import Source
from anyjob.spec import Size
from anyjob.timezone import check_timezone

__all__ = ["REGION", "DataworksSettings", "Key", "region_of"]

REGION: Final = re.compile(r"[a-z0-9][a-z0-9-]{1,39}\Z")
PRACTICE_REGION: Final = re.compile(r"practice:([1-9]\d{0,4})\Z")


class _Part(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class Key(_Part):
    """An access key, each part from a file, a variable of the worker's environment or a command. `token` for a
    temporary one."""

    id: Source
    secret: Source
    token: Source | None = None


def region_of(value: str) -> str:
    """A region, or `practice:PORT`. Raises ValueError."""
    if not REGION.match(value) and not PRACTICE_REGION.match(value):
        raise ValueError("is no region; write one such as cn-shanghai")
    return value


def _endpoint(url: str) -> str:
    try:
        read_url(url)
    except WrongValue as wrong:
        raise ValueError(wrong.remedy) from None
    if "?" in url or "#" in url:
        raise ValueError("holds a query or a fragment; write only scheme, host, port and path")
    return url.rstrip("/")


class DataworksSettings(_Part):
    """What an operator sets for dataworks jobs.

    `credentials`: the access key by app group, `*` for all others; a job may bring its own as secrets. `region`: of
    jobs that name none. `endpoints`: the URL for a region, where it is not `https://dataworks.REGION.aliyuncs.com`.
    `timezone`: of the workspaces; the business date is a day there. `threads`: requests at one time, of all runs
    together. `rate`: requests a second with one key. `timeout`: seconds for one request. `poll`: seconds between two
    looks at a run. `patience`: seconds for which a run waits while every look at it fails, or its start is throttled.
    `search`: seconds for which a start that was not answered is looked for. `log`: bytes of one node's log that are
    read. `ca`: the CA bundle; None: the one that comes with requests (certifi).
    """

    credentials: Mapping[str, Key] = Field(default_factory=dict[str, Key])
    region: Annotated[str, AfterValidator(region_of)] | None = None
    endpoints: Mapping[Annotated[str, AfterValidator(region_of)], Annotated[str, AfterValidator(_endpoint)]] = Field(
        default_factory=dict[str, str]
    )
    timezone: Annotated[str, AfterValidator(check_timezone)] = "Asia/Shanghai"
    threads: Annotated[int, Field(ge=1, le=256)] = 8
    rate: Annotated[float, Field(gt=0)] = 20
    timeout: Annotated[float, Field(gt=0)] = 30
    poll: Annotated[float, Field(ge=0.05, le=3600)] = 5
    patience: Annotated[float, Field(gt=0)] = 1800
    search: Annotated[float, Field(gt=0)] = 120
    log: Size = 16 << 20
    ca: Path | None = None

    def endpoint(self, region: str) -> str:
        """The URL of a region."""
        practice = PRACTICE_REGION.match(region)
        if practice:
            return f"http://127.0.0.1:{practice[1]}"
        return self.endpoints.get(region, f"https://dataworks.{region}.aliyuncs.com")
