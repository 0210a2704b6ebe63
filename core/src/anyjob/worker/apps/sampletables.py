"""The samples of an executable, as tables of its TOML file."""

from __future__ import annotations

import binascii
from base64 import b64decode
from collections.abc import Mapping, Sequence
from dataclasses import fields
from typing import Annotated, Any, Final, TypeAlias

from pydantic import AfterValidator, BaseModel, ConfigDict, Field

from anyjob.nearest import did_you_mean
from anyjob.outcome import Cause, Json
from anyjob.samples import BadSample, Sample, Samples

__all__ = ["BadSampleTable", "SampleTable", "SampleTables", "make_samples"]

_NAMES: Final = tuple(item.name for item in fields(Samples) if item.name != "bad_jobs")


def _decoded(value: str) -> str:
    try:
        b64decode(value, validate=True)
    except binascii.Error:
        raise ValueError("is not base64; write it with padding") from None
    return value


class _Table(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True, defer_build=True)


class SampleTable(_Table):
    """`[samples.NAME]`: a Sample of `anyjob.samples`. `raw` is written in base64; `size`: bytes or lines, as there."""

    job: dict[str, Json]
    result: str | None = None
    cause: Cause | None = None
    code: int | None = None
    size: Annotated[int, Field(ge=1)] | None = None
    raw: Annotated[str, AfterValidator(_decoded)] | None = None
    outputs: dict[str, Json] = {}
    names: str = ""
    ready: str = "ready"

    @property
    def value(self) -> Sample:
        """The Sample, with its raw bytes decoded."""
        given: dict[str, Any] = {name: getattr(self, name) for name in type(self).model_fields if name != "raw"}
        return Sample(**given, raw=None if self.raw is None else b64decode(self.raw))


class BadSampleTable(_Table):
    """`[[bad_jobs]]`: a job that must be refused, and the field that must be named."""

    job: dict[str, Json]
    field: Annotated[str, Field(min_length=1)]


def _sample_name(value: str) -> str:
    if value not in _NAMES:
        raise ValueError(f"is no sample; {did_you_mean(value, _NAMES) or 'anyjob.samples lists them'}")
    return value


SampleTables: TypeAlias = dict[Annotated[str, AfterValidator(_sample_name)], SampleTable]


def make_samples(tables: Mapping[str, SampleTable], bad_jobs: Sequence[BadSampleTable]) -> Samples:
    """The samples that the tables describe."""
    bad = [BadSample(one.job, one.field) for one in bad_jobs]
    given: dict[str, Any] = {name: table.value for name, table in tables.items()}
    return Samples(**given, bad_jobs=bad)
