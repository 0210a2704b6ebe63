"""The keys of XAttrs that core owns: they mean the same for every JobType."""

from __future__ import annotations

import codecs
import re
import signal
from typing import Annotated, Literal

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field, WithJsonSchema

from anyjob.nearest import did_you_mean
from anyjob.size import parse_size
from anyjob.spec.model import At, Spec

__all__ = ["CommonXAttrs", "Limits", "SecretRef", "Size", "SizeOrNone", "Text"]

_LABEL = re.compile(r"[a-z0-9][a-z0-9._-]*\Z")
_ENCODINGS = (
    "utf-8",
    "utf-16",
    "gbk",
    "gb2312",
    "gb18030",
    "big5",
    "shift_jis",
    "euc-jp",
    "euc-kr",
    "latin-1",
    "cp1252",
)
"""Those that people mean."""
_VARIABLE = 130_000
"""Bytes. The kernel refuses 131 072 with the name (Linux man-pages, execve(2), MAX_ARG_STRLEN), and says not which."""
_ENV_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_]*\Z")


def _size(value: object) -> object:
    return parse_size(value) if isinstance(value, str) else value


def _no_nul(value: str) -> str:
    if "\0" in value:
        raise ValueError("holds a NUL byte, which no process can receive; remove it")
    return value


def _fits(value: str) -> str:
    size = len(value.encode(errors="replace"))
    if size > _VARIABLE:
        raise ValueError(f"has {size} bytes, and a variable may have {_VARIABLE}; let the job read a file")
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
        hint = did_you_mean(name, sorted(known)) or "use TERM, INT, QUIT, HUP, USR1, ..."
        raise ValueError(f"is no signal of this system; {hint}")
    return name


def _encoding(value: str) -> str:
    try:
        " ".encode(value)  # lookup alone would let codecs pass that are no text encodings
        return codecs.lookup(value).name
    except (LookupError, ValueError):
        hint = did_you_mean(value, _ENCODINGS) or "write utf-8, gbk, latin-1, ..."
        raise ValueError(f"is no text encoding that Python knows; {hint}") from None


Size = Annotated[
    int,
    BeforeValidator(_size),
    Field(gt=0),
    WithJsonSchema({"type": ["integer", "string"], "examples": [512, "256Mi"]}),
]
"""Bytes, written as a number or with a unit: 512, "64Ki", "256Mi", "2Gi"."""

Text = Annotated[str, AfterValidator(_no_nul)]
"""Text that becomes an argument, a variable or a path: without NUL bytes."""


class _Part(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True, defer_build=True)


class Limits(_Part):
    """What a run may use at most. `memory` in bytes, `cpu` in cores, `pids` processes and threads."""

    memory: Annotated[Size | None, Field(description="bytes of memory; beyond them the run ends as out_of_memory")] = (
        None
    )
    cpu: Annotated[float | None, Field(gt=0, le=4096, description="cores, 0.5 is half a one")] = None
    pids: Annotated[int | None, Field(ge=1, le=4_194_304, description="processes and threads at one time")] = None


SizeOrNone = Annotated[
    int,
    BeforeValidator(_size),
    Field(ge=0),
    WithJsonSchema({"type": ["integer", "string"], "examples": [0, "64Mi"]}),
]
"""Bytes as in Size, or 0 for none."""


class SecretRef(_Part):
    """The value of an environment variable that is a secret: `{"secret": NAME}`, `secret` a key of XAttrs.secrets."""

    secret: str


class CommonXAttrs(Spec):
    """What core reads from XAttrs of every job."""

    launcher: Annotated[
        str,
        AfterValidator(_label),
        Field(description="where a command runs: local is this node"),
        At("XAttrs.$.launcher"),
    ] = "local"
    limits: Annotated[Limits, Field(description="what a run may use at most"), At("XAttrs.$.limits")] = Limits()
    env: Annotated[
        dict[Annotated[str, AfterValidator(_env_name)], Annotated[Text, AfterValidator(_fits)] | SecretRef],
        Field(description='variables for the run\'s environment; {"secret": NAME} stands for a secret'),
        At("XAttrs.$.env"),
    ] = Field(default_factory=dict[str, Text | SecretRef])
    cwd: Annotated[
        Text | None, Field(description="the working folder; the run's own by default"), At("XAttrs.$.cwd")
    ] = None
    user: Annotated[
        str | None,
        Field(min_length=1, description="as whom it runs; the worker's settings say who is allowed"),
        At("XAttrs.$.user"),
    ] = None
    grace: Annotated[
        float,
        Field(ge=0, le=86_400, description="seconds between being asked to stop and being forced"),
        At("XAttrs.$.grace"),
    ] = 10
    stop_signal: Annotated[
        str, BeforeValidator(_signal), Field(description="the signal that asks it to stop"), At("XAttrs.$.stopSignal")
    ] = "TERM"
    leftovers: Annotated[
        Literal["kill", "wait", "fail", "allow"],
        Field(description="what becomes of processes that a normal end leaves behind"),
        At("XAttrs.$.leftovers"),
    ] = "kill"
    encoding: Annotated[
        str, AfterValidator(_encoding), Field(description="the encoding of its output"), At("XAttrs.$.encoding")
    ] = "utf-8"
    log_quota: Annotated[
        Size | None,
        Field(description="bytes of log that are kept, half of them from the beginning and half from the end"),
        At("XAttrs.$.logQuota"),
    ] = None
    secrets: Annotated[
        dict[Annotated[str, AfterValidator(_env_name)], str],
        Field(description="the run's name of a secret to its name in the worker's settings"),
        At("XAttrs.$.secrets"),
    ] = Field(default_factory=dict[str, str])
    paste: Annotated[
        bool,
        Field(description="fill placeholders also with what did not come from the job's owner"),
        At("XAttrs.$.paste"),
    ] = False
    node_loss: Annotated[
        Literal["wait", "fail", "replace"],
        Field(description="what happens when the run's node is lost"),
        At("XAttrs.$.nodeLoss"),
    ] = "fail"
    strict: Annotated[
        bool, Field(description="hold the limits of SchedulerX, as 1000 bytes of result"), At("XAttrs.$.strict")
    ] = False
    labels: Annotated[
        dict[Annotated[str, AfterValidator(_label)], Annotated[str, Field(max_length=253)]],
        Field(description="names and values of your own"),
        At("XAttrs.$.labels"),
    ] = Field(default_factory=dict[str, str])
