"""The keys of XAttrs that core owns: they mean the same for every JobType."""

from __future__ import annotations

import codecs
import re
import signal
from typing import Annotated, Literal

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field, WithJsonSchema

from anyjob.size import parse_size
from anyjob.spec.model import At, Spec

__all__ = ["CommonXAttrs", "Limits", "SecretRef", "Size", "SizeOrNone"]

_LABEL = re.compile(r"[a-z0-9][a-z0-9._-]*\Z")
_ENV_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_]*\Z")


def _size(value: object) -> object:
    return parse_size(value) if isinstance(value, str) else value


def _no_nul(value: str) -> str:
    if "\0" in value:
        raise ValueError("holds a NUL byte, which no process can receive; remove it")
    return value


def _env_name(value: str) -> str:
    if not _ENV_NAME.match(value):
        raise ValueError("is no name for an environment variable; use letters, digits and _")
    if value.startswith("ANYJOB_"):
        raise ValueError("starts with ANYJOB_, which anyjob sets itself; choose another name")
    return value


def _label(value: str) -> str:
    if not _LABEL.match(value):
        raise ValueError("is no label; use a-z, 0-9, '.', '_', '-', beginning with a letter or digit")
    return value


def _signal(value: object) -> object:
    if not isinstance(value, str):
        return value
    name = value.upper().removeprefix("SIG")
    known = {item.name.removeprefix("SIG") for item in signal.Signals}
    if name not in known:
        raise ValueError("is no signal of this system; use TERM, INT, QUIT, HUP, USR1, ...")
    return name


def _encoding(value: str) -> str:
    try:
        " ".encode(value)  # lookup alone would let codecs pass that are no text encodings
        return codecs.lookup(value).name
    except (LookupError, ValueError):
        raise ValueError("is no text encoding that Python knows; write utf-8, gbk, latin-1, ...") from None


Size = Annotated[
    int,
    BeforeValidator(_size),
    Field(gt=0),
    WithJsonSchema({"type": ["integer", "string"], "examples": [512, "256Mi"]}),
]
"""Bytes, written as a number or with a unit: 512, "64Ki", "256Mi", "2Gi"."""

Text = Annotated[str, AfterValidator(_no_nul)]


class _Part(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class Limits(_Part):
    """What a run may use at most. `memory` in bytes, `cpu` in cores, `pids` processes and threads."""

    memory: Size | None = None
    cpu: Annotated[float, Field(gt=0, le=4096)] | None = None
    pids: Annotated[int, Field(ge=1, le=4_194_304)] | None = None


SizeOrNone = Annotated[
    int,
    BeforeValidator(_size),
    Field(ge=0),
    WithJsonSchema({"type": ["integer", "string"], "examples": [0, "64Mi"]}),
]
"""Bytes as in Size, or 0 for none."""


class SecretRef(_Part):
    """The value of an environment variable that is a secret: `{"secret": NAME}`, NAME a key of XAttrs.secrets."""

    secret: str


class CommonXAttrs(Spec):
    """What core reads from XAttrs of every job. `grace` in seconds; `logQuota` in bytes of log that are kept."""

    launcher: Annotated[str, AfterValidator(_label), At("XAttrs.$.launcher")] = "local"
    limits: Annotated[Limits, At("XAttrs.$.limits")] = Limits()
    env: Annotated[dict[Annotated[str, AfterValidator(_env_name)], Text | SecretRef], At("XAttrs.$.env")] = Field(
        default_factory=dict[str, Text | SecretRef]
    )
    cwd: Annotated[Text | None, At("XAttrs.$.cwd")] = None
    user: Annotated[str | None, Field(min_length=1), At("XAttrs.$.user")] = None
    grace: Annotated[float, Field(ge=0, le=86_400), At("XAttrs.$.grace")] = 10
    stop_signal: Annotated[str, BeforeValidator(_signal), At("XAttrs.$.stopSignal")] = "TERM"
    leftovers: Annotated[Literal["kill", "wait", "fail", "allow"], At("XAttrs.$.leftovers")] = "kill"
    encoding: Annotated[str, AfterValidator(_encoding), At("XAttrs.$.encoding")] = "utf-8"
    log_quota: Annotated[Size | None, At("XAttrs.$.logQuota")] = None
    secrets: Annotated[dict[Annotated[str, AfterValidator(_env_name)], str], At("XAttrs.$.secrets")] = Field(
        default_factory=dict[str, str]
    )
    paste: Annotated[bool, At("XAttrs.$.paste")] = False
    node_loss: Annotated[Literal["wait", "fail", "replace"], At("XAttrs.$.nodeLoss")] = "fail"
    strict: Annotated[bool, At("XAttrs.$.strict")] = False
    labels: Annotated[
        dict[Annotated[str, AfterValidator(_label)], Annotated[str, Field(max_length=253)]], At("XAttrs.$.labels")
    ] = Field(default_factory=dict[str, str])
