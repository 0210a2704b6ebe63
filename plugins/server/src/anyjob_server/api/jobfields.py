"""A job's fields from the parameters of a call.

Sources: SchedulerX API, CreateJob, the parameters; SchedulerX API, UpdateJob, fields that are not given stay.
"""

from __future__ import annotations

from typing import Final

from anyjob.job import BadJob, parse_job_type
from anyjob.problem import Problem, WrongValue
from anyjob_server.api.parameters import Parameters
from anyjob_server.store.jobs import JobRow

__all__ = ["changed_fields", "job_fields"]

_CONTACTS: Final = "ContactInfo"
_SCOPE: Final = frozenset({"RegionId", "Namespace", "NamespaceSource", "GroupId", "JobId"})


def job_fields(given: Parameters) -> dict[str, object]:
    """As `Job.from_wire` takes them. A region that is not given is no fault: it means nothing here."""
    own = {name: value for name, value in given.items() if not name.startswith(_CONTACTS + ".")}
    fields: dict[str, object] = {"RegionId": "local", **own}
    if contacts := [contact for _, contact in given.members(_CONTACTS)]:
        fields[_CONTACTS] = contacts
    return fields


def changed_fields(given: Parameters, row: JobRow) -> dict[str, object]:
    """What an update sets. Raises BadJob for what no update can change."""
    fields = {name: value for name, value in job_fields(given).items() if name not in _SCOPE}
    problems: list[Problem] = []
    kind = fields.pop("JobType", "")
    if isinstance(kind, str) and kind and _canonical(kind) != row.job_type:
        remedy = f"cannot replace {row.job_type!r}: a job keeps its type; make another job"
        problems.append(Problem(field="JobType", value=kind, remedy=remedy))
    if "Status" in fields:
        remedy = "is not set by an update; call EnableJob or DisableJob"
        problems.append(Problem(field="Status", value=str(fields["Status"]), remedy=remedy))
    if problems:
        raise BadJob(problems, row.name)
    return fields


def _canonical(word: str) -> str:
    try:
        return parse_job_type(word)
    except WrongValue:
        return word
