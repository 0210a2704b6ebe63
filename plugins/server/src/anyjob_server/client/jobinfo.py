"""A job between its file and the wire."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final, cast

from anyjob.job import JOB_FIELDS, Job, JobStatus, Needed
from anyjob.outcome import Json

__all__ = ["JobInfo", "fields_of"]

_NESTS: Final = ("JobMonitorInfo", "MonitorConfig", "TimeConfig", "MapTaskXAttrs")
"""Objects in a reply whose members a request has at its top."""
_BY_CREATE_ONLY: Final = ("TaskDispatchMode", "Template")
"""Fields of UpdateJob that CreateJob does not have."""
_SCOPE: Final = ("RegionId", "Namespace", "NamespaceSource", "GroupId")


def fields_of(job: Job) -> dict[str, Json]:
    """What CreateJob is sent for a job: what it must have, and what differs from the default."""
    written = job.to_wire()
    defaults = Job(name=job.name, job_type=job.job_type).to_wire()
    needed = {item.name for item in JOB_FIELDS if item.needed is not Needed.NEVER}
    return {
        name: value
        for name, value in written.items()
        if name not in _BY_CREATE_ONLY and (name in needed or value != defaults.get(name))
    }


@dataclass(frozen=True, slots=True, kw_only=True)
class JobInfo:
    """A job as the server has it. `fields` are those of a job file, without defaults and scope."""

    id: int
    name: str
    job_type: str
    status: JobStatus
    fields: Mapping[str, Json]

    @classmethod
    def of(cls, said: Mapping[str, Any]) -> JobInfo:
        """From a JobConfigInfo of GetJobInfo, or a row of ListJobs."""
        known = {item.name for item in JOB_FIELDS}
        fields = said.get("Fields")  # ours, of GetJobInfo: what the vendor's keys do not tell is in it
        flat = _flat(said) if fields is None else fields
        given = {name: value for name, value in flat.items() if name in known and name not in _SCOPE}
        job = Job.from_wire(given)
        return cls(
            id=int(said["JobId"]), name=job.name, job_type=job.job_type, status=job.status, fields=_file_fields(job)
        )


def _flat(said: Mapping[str, Any]) -> dict[str, Any]:
    flat = dict[str, Any]()
    for name, value in said.items():
        if name in _NESTS and isinstance(value, Mapping):
            flat |= _flat(cast("Mapping[str, Any]", value))
        else:
            flat[name] = value
    return flat


def _file_fields(job: Job) -> dict[str, Json]:
    """XAttrs as an object, as a file has it."""
    fields = fields_of(job)
    xattrs = fields.pop("XAttrs", None)
    if isinstance(xattrs, str) and (read := json.loads(xattrs)):
        fields["XAttrs"] = read
    return fields
