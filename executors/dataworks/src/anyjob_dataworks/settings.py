"""What an operator sets for dataworks jobs: the table `[executors.dataworks]`."""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Final

from pydantic import AfterValidator, BaseModel, ConfigDict, Field

from anyjob.egress import read_url
from anyjob.job import Owner
from anyjob.problem import WrongValue
from anyjob.secret import Source
from anyjob.spec import Size
from anyjob.timezone import check_timezone

__all__ = ["REGION", "DataworksSettings", "Key", "region_of"]

REGION: Final = re.compile(r"[a-z0-9][a-z0-9-]{1,39}\Z")
PRACTICE_REGION: Final = re.compile(r"practice:([1-9]\d{0,4})\Z")


class _Part(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True, defer_build=True)


class Key(_Part):
    """An access key, each part from a file, a variable of the worker's environment or a command."""

    id: Annotated[
        Source,
        Field(description="where the AccessKey ID comes from: `{file = ...}`, `{env = ...}` or `{command = [...]}`"),
    ]
    secret: Annotated[Source, Field(description="the same for its secret")]
    token: Annotated[Source | None, Field(description="the same for the token of a temporary key")] = None


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
    """What an operator sets for dataworks jobs."""

    credentials: Annotated[
        Mapping[Owner, Key],
        Field(
            description="app group (`GROUP` or `NAMESPACE/GROUP`) to access key, `*` for all others; a job may bring "
            "its own as secrets"
        ),
    ] = Field(default_factory=dict[str, Key])
    region: Annotated[
        Annotated[str, AfterValidator(region_of)] | None, Field(description="the region of jobs that name none")
    ] = None
    endpoints: Annotated[
        Mapping[Annotated[str, AfterValidator(region_of)], Annotated[str, AfterValidator(_endpoint)]],
        Field(description="region to URL, where it is not `https://dataworks.REGION.aliyuncs.com`"),
    ] = Field(default_factory=dict[str, str])
    timezone: Annotated[
        str,
        AfterValidator(check_timezone),
        Field(description="the time zone of the workspaces; the business date is a day there"),
    ] = "Asia/Shanghai"
    threads: Annotated[int, Field(ge=1, le=256), Field(description="requests at one time, of all runs together")] = 8
    rate: Annotated[float, Field(gt=0), Field(description="requests a second with one key")] = 20
    timeout: Annotated[float, Field(gt=0), Field(description="seconds for one request")] = 30
    poll: Annotated[float, Field(ge=0.05, le=3600), Field(description="seconds between two looks at a run")] = 5
    patience: Annotated[
        float,
        Field(gt=0),
        Field(description="seconds for which a run waits while every look at it fails, or its start is throttled"),
    ] = 1800
    search: Annotated[
        float, Field(gt=0), Field(description="seconds for which a start that was not answered is looked for")
    ] = 120
    log: Annotated[Size, Field(description="bytes of one node's log that are read")] = 16 << 20
    ca: Annotated[
        Path | None, Field(description="the CA bundle; default: the one that comes with requests (certifi)")
    ] = None

    def endpoint(self, region: str) -> str:
        """The URL of a region."""
        practice = PRACTICE_REGION.match(region)
        if practice:
            return f"http://127.0.0.1:{practice[1]}"
        return self.endpoints.get(region, f"https://dataworks.{region}.aliyuncs.com")
