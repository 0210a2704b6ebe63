"""What of the contract has a better name by now, or will have to go: the table, and who uses what is in it."""

from __future__ import annotations

import warnings
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date
from enum import StrEnum
from typing import Any, Final, cast

from anyjob.job import JOB_FIELDS, Job
from anyjob.outcome import Json

__all__ = [
    "NOTICES",
    "ContractWarning",
    "Notice",
    "NoticeKind",
    "a_year_after",
    "mark_fields",
    "notices_of",
    "notices_of_words",
    "warn_of_fields",
]


class ContractWarning(DeprecationWarning):
    """Something of the contract is used that has a better name, or that will go. `anyjob plugins` says the same."""


class NoticeKind(StrEnum):
    """What a notice is about: a hook by its name; a contract number that plugins say; a word of capabilities, as
    `anyjob explain` has it; a field of a job by its API name; a key of XAttrs by its name."""

    HOOK = "hook"
    CONTRACT = "contract"
    CAPABILITY = "capability"
    FIELD = "field"
    KEY = "key"


@dataclass(frozen=True, slots=True, kw_only=True)
class Notice:
    """One name. `since` is the version of anyjob that says it first, `said` the day of its release.

    `gone`: the first day on which the name may be missing, a year after `said` or later; None: it stays. `instead`:
    what to use, in words that go on after "use". Raises ValueError for a day that comes too soon.
    """

    kind: NoticeKind
    name: str
    since: str
    said: date
    gone: date | None = None
    instead: str

    def __post_init__(self) -> None:
        if self.gone is not None and self.gone < a_year_after(self.said):
            raise ValueError(f"{self.kind} {self.name} may not go on {self.gone}: less than a year after {self.said}")

    def __str__(self) -> str:
        goes = f"may go from {self.gone} on" if self.gone else "stays"
        return f"{self.kind} {self.name} is deprecated since anyjob {self.since} and {goes}; use {self.instead}"


NOTICES: Final[tuple[Notice, ...]] = ()
"""All there are. Nothing of contract 1 is deprecated."""


def notices_of(hooks: Iterable[str], contracts: Iterable[object]) -> list[Notice]:
    """Those that hit a plugin with these hooks and contract numbers."""
    used = {(NoticeKind.HOOK, hook) for hook in hooks} | {(NoticeKind.CONTRACT, str(number)) for number in contracts}
    return [notice for notice in NOTICES if (notice.kind, notice.name) in used]


def notices_of_words(words: Iterable[str]) -> list[Notice]:
    """Those that are about one of these words of capabilities."""
    used = {*words}
    return [notice for notice in NOTICES if notice.kind is NoticeKind.CAPABILITY and notice.name in used]


def warn_of_fields(job: Job) -> None:
    """A ContractWarning for each field of the job, and key of its XAttrs, that a notice is about. A field that has its
    default was not written."""
    if not NOTICES:
        return
    fields = {item.name for item in JOB_FIELDS if getattr(job, item.attribute) != item.default}
    for notice in NOTICES:
        used = {NoticeKind.FIELD: fields, NoticeKind.KEY: job.xattrs}.get(notice.kind, ())
        if notice.name in used:
            warnings.warn(f"Job {job.name!r}: {notice}.", ContractWarning, stacklevel=2)


def mark_fields(schema: dict[str, Json]) -> dict[str, Json]:
    """The schema of a job, in which the fields and keys of XAttrs that a notice is about are `deprecated`."""
    known = cast("Any", schema)
    keys = known["$defs"].get("Job.XAttrs", {}).get("properties", {})
    for notice in NOTICES:
        described = {NoticeKind.FIELD: known["properties"], NoticeKind.KEY: keys}.get(notice.kind, {})
        if notice.name in described:
            described[notice.name]["deprecated"] = True
    return schema


def a_year_after(day: date) -> date:
    """The same day of the next year; of 29 February, 1 March."""
    return date(day.year + 1, 3, 1) if (day.month, day.day) == (2, 29) else day.replace(year=day.year + 1)
