"""The messages that a worker takes from a program, as values. docs/protocol.md describes each, and those the other way.

Fields that are not named here are ignored, so that either side may be newer than the other.
"""

from __future__ import annotations

import binascii
from base64 import b64decode
from collections.abc import Mapping
from typing import Annotated, ClassVar, Final, Literal, Self, TypeAlias

from pydantic import BaseModel, ConfigDict, Field, model_validator

from anyjob.outcome import Json, Outcome, StopReport

__all__ = [
    "PROTOCOLS",
    "Checkpoint",
    "FindAnswer",
    "HealthAnswer",
    "HeldAnswer",
    "Hello",
    "Log",
    "Map",
    "Message",
    "Names",
    "PreflightAnswer",
    "ProblemSaid",
    "Progress",
    "Refusal",
    "Result",
    "StartAnswer",
    "StopAnswer",
]

PROTOCOLS: Final = (1,)
"""The versions that this worker speaks, the best first."""

RunName: TypeAlias = Annotated[str, Field(min_length=1, max_length=63)]
Number: TypeAlias = Annotated[int, Field(ge=0, lt=2**63)]
Text: TypeAlias = Annotated[str, Field(max_length=4096)]
Served: TypeAlias = Annotated[list[Annotated[str, Field(min_length=1, max_length=4096)]], Field(max_length=100_000)]


class Message(BaseModel):
    """Base of all of them."""

    model_config = ConfigDict(extra="ignore", frozen=True, defer_build=True)

    kind: ClassVar[str] = "answer"


class Hello(Message):
    """The first message of every conversation. What follows `software` is for applications."""

    kind = "hello"
    protocols: Annotated[list[int], Field(min_length=1, max_length=100)]
    role: Literal["executor", "app"] = "executor"
    software: Text = ""
    job_type: Annotated[str, Field(max_length=100)] = ""
    token: Annotated[str, Field(max_length=512)] = ""
    id: Annotated[str, Field(pattern=r"^[A-Za-z0-9._-]{0,64}$")] = ""
    app: Annotated[str, Field(max_length=200)] = ""
    names: Served = []
    details: Mapping[str, Json] = {}
    runs: Annotated[list[RunName], Field(max_length=100_000)] = []


class Names(Message):
    """What an application serves from now on, all of it."""

    kind = "names"
    names: Served
    details: Mapping[str, Json] = {}


class Log(Message):
    """Output of a run: `text` or `base64`. With `cursor`: how far `source` was read after it."""

    kind = "log"
    run: RunName
    text: str | None = None
    base64: str | None = None
    source: Text = ""
    cursor: Text = ""

    @model_validator(mode="after")
    def _one_form(self) -> Self:
        if (self.text is None) == (self.base64 is None):
            raise ValueError("holds not exactly one of text and base64; write one of them")
        if bool(self.source) != bool(self.cursor):
            raise ValueError("holds only one of source and cursor; write both or none")
        _ = self.data
        return self

    @property
    def data(self) -> bytes:
        """The bytes. Raises ValueError for what is not base64."""
        if self.base64 is None:
            return (self.text or "").encode()
        try:
            return b64decode(self.base64, validate=True)
        except binascii.Error as error:
            raise ValueError(
                f"holds base64 that cannot be read ({error}); write it with padding, on one line"
            ) from None


class Progress(Message):
    """How far a run is: `done` of `total`."""

    kind = "progress"
    run: RunName
    done: Number
    total: Number


class Checkpoint(Message):
    """What a later process is to know of a run: `data`, JSON of at most 4 KB."""

    kind = "checkpoint"
    run: RunName
    data: Json


class Map(Message):
    """Further tasks of a run's instance, one an item."""

    kind = "map"
    run: RunName
    items: list[Json]
    name: Text
    key: Text


class Result(Message):
    """A run is over. `retire`: it has left the process in a state in which it should take no more runs."""

    kind = "result"
    run: RunName
    outcome: Outcome
    retire: bool = False


class HealthAnswer(Message):
    """Whether the program can work here, and why."""

    state: Literal["undetected", "unhealthy", "healthy"]
    why: str = ""


class ProblemSaid(Message):
    """A field as the job's author writes it (`XAttrs.image`), its value, and what to write instead."""

    field: Annotated[str, Field(min_length=1)]
    value: str = ""
    remedy: Annotated[str, Field(min_length=1)]


class PreflightAnswer(Message):
    """What is missing here; empty: nothing."""

    problems: list[ProblemSaid] = []


class Refusal(Message):
    """The body of `error`. `ending`: it goes away, and takes no more runs; another one may."""

    kind = "error"
    message: str = ""
    problems: list[ProblemSaid] = []
    ending: bool = False


class StartAnswer(Message):
    """The handle of the run that was begun; or its outcome, when it is over already."""

    handle: Mapping[str, Json] = {}
    outcome: Outcome | None = None


class FindAnswer(Message):
    """Exactly one of the three."""

    handle: Mapping[str, Json] | None = None
    outcome: Outcome | None = None
    never: Literal[True] | None = None

    @model_validator(mode="after")
    def _one(self) -> Self:
        if sum(part is not None for part in (self.handle, self.outcome, self.never)) != 1:
            raise ValueError("holds not exactly one of handle, outcome and never; say what is known of the run")
        return self


class HeldAnswer(Message):
    """Whether an application holds the run: it was begun there, and is not cleaned."""

    held: bool


class StopAnswer(Message):
    """How things stand with a run that was to be stopped."""

    stop: StopReport
