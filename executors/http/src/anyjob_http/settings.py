"""The part [executors.http] of the settings."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field

from anyjob.spec import Size

__all__ = ["HttpSettings"]


class HttpSettings(BaseModel):
    """What an operator sets for http jobs.

    `threads`: calls at once; further ones wait. `timeout`: seconds for a call whose job says none; `longest`: seconds
    that no job's timeout goes beyond. `body`: bytes of an answer that are read, after decompression; `judged`: bytes of
    it that the rules `text`, `json` and `regex` may look at.
    `unverified`: jobs may switch off the check of certificates. `ca`: the CA bundle for jobs that name none; None: the
    one that comes with requests (certifi). `files`: folders in which the CA and certificate files lie that jobs may
    name; none may be named otherwise, because the worker's user may read what the job's owner may not.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    threads: Annotated[int, Field(ge=1, le=10_000)] = 1024
    timeout: Annotated[float, Field(gt=0)] = 60
    longest: Annotated[float | None, Field(gt=0)] = None
    body: Size = 64 << 20
    judged: Size = 1 << 20
    unverified: bool = True
    ca: Path | None = None
    files: tuple[Path, ...] = ()
