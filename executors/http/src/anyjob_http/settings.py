"""What an operator sets for http jobs: the table `[executors.http]`."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field

from anyjob.spec import Size

__all__ = ["HttpSettings"]


class HttpSettings(BaseModel):
    """What an operator sets for http jobs."""

    model_config = ConfigDict(extra="forbid", frozen=True, defer_build=True)

    threads: Annotated[int, Field(ge=1, le=10_000), Field(description="calls at once; further ones wait")] = 1024
    timeout: Annotated[float, Field(gt=0), Field(description="seconds for a call whose job says none")] = 60
    longest: Annotated[
        float | None,
        Field(gt=0),
        Field(description="seconds that no job's timeout goes beyond; default: no such limit"),
    ] = None
    body: Annotated[Size, Field(description="bytes of an answer that are read, after decompression")] = 64 << 20
    judged: Annotated[
        Size, Field(description="bytes of it that `respKey`, `respStr`, `respRegex` and `resultKey` look at")
    ] = 1 << 20
    unverified: Annotated[bool, Field(description="whether jobs may switch off the check of certificates")] = True
    ca: Annotated[
        Path | None,
        Field(description="the CA bundle for jobs that name none; default: the one that comes with requests (certifi)"),
    ] = None
    files: Annotated[
        tuple[Path, ...],
        Field(
            description="folders in which the files lie that `tls` of a job may name; default: none may be named, "
            "because the worker's user may read what the job's owner may not"
        ),
    ] = ()
