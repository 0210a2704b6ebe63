"""A job as a file has it, on its way to the server, which alone says everything that is wrong with it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from anyjob.job import BadJobFile, ExecuteMode, JobStatus, TimeType
from anyjob.job.rules import Choice
from anyjob.job.words import parse_job_type
from anyjob.jsontext import dump_json
from anyjob.outcome import Json
from anyjob.problem import WrongValue, short, shown

__all__ = ["JobFile"]

_BY_UPDATE_NEVER: Final = ("JobType", "Status")
_STATUS: Final = Choice(JobStatus)


@dataclass(frozen=True, slots=True, kw_only=True)
class JobFile:
    """The fields as they are written; `source` names the file, and the job in it."""

    source: str
    fields: Mapping[str, Json]

    @property
    def name(self) -> str:
        """As it is written; empty where there is none."""
        return self.text("Name")

    def text(self, field: str) -> str:
        """A field of text; empty where it is not given."""
        value = self.fields.get(field)
        return "" if value is None or isinstance(value, (dict, list)) else str(value)

    def to_create(self) -> dict[str, Json]:
        """What CreateJob is sent. What it asks for and a file may leave out is given: nothing but a call fires it."""
        sent = {name: _sent(name, value) for name, value in self.fields.items()}
        if not sent.get("ExecuteMode"):
            sent["ExecuteMode"] = ExecuteMode.STANDALONE.value
        if not sent.get("TimeType") and not sent.get("TimeExpression"):
            sent["TimeType"] = TimeType.API.value
        return sent

    def status(self) -> JobStatus | None:
        """Whether time shall fire it; None where the file does not say. Raises BadJobFile."""
        value = self.fields.get("Status")
        if value is None or value == "":
            return None
        try:
            return JobStatus(_STATUS.choose(value))
        except WrongValue as wrong:
            raise BadJobFile(self.source, f'Status: "{short(shown(value))}" {wrong}') from None

    def refuse_other(self, job_type: str) -> None:
        """A job stays of its type. Raises BadJobFile when the file says another, or what is no type."""
        word = self.text("JobType")
        if not word:
            return
        try:
            same = parse_job_type(word) == job_type
        except WrongValue as wrong:
            raise BadJobFile(self.source, f'JobType: "{short(word)}" {wrong}') from None
        if not same:
            why = f"cannot replace {job_type}, which the job is; delete that job first, or give this one another Name"
            raise BadJobFile(self.source, f'JobType: "{short(word)}" {why}')

    def to_update(self) -> dict[str, Json]:
        """What UpdateJob is sent: all that it can change."""
        return {name: _sent(name, value) for name, value in self.fields.items() if name not in _BY_UPDATE_NEVER}


def _sent(name: str, value: Json) -> Json:
    """A list that is no list of the wire's becomes the text that stands for it there."""
    if isinstance(value, list) and name != "ContactInfo":
        return ",".join(map(str, value)) if name == "SendChannel" else dump_json(value)
    return value
