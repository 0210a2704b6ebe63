"""GetJobInstanceList."""

from __future__ import annotations

from collections.abc import Mapping

from sqlalchemy import Connection

from anyjob.job import TimeType
from anyjob.outcome import Json
from anyjob.status import InstanceStatus
from anyjob_server.api.errors import WrongParameter
from anyjob_server.api.instanceinfo import instance_info
from anyjob_server.api.operation import Call, Operation
from anyjob_server.api.paging import page_of
from anyjob_server.api.refusals import JobNotExisted, JobOfAnotherGroup
from anyjob_server.api.scope import group_of
from anyjob_server.store import instances, jobs


async def get_job_instance_list(call: Call) -> Mapping[str, Json]:
    """A page of instances, the newest first: of a job, of a status, scheduled within a time (epoch ms).

    Raises WrongParameter, JobNotExisted, JobOfAnotherGroup: an empty page would say that the job never ran.
    """
    group, (page, size) = group_of(call), page_of(call.parameters)
    given = call.parameters
    job, number = given.integer("JobId") or None, given.integer("Status")
    since, until = given.integer("StartTimestamp"), given.integer("EndTimestamp")
    try:
        status = None if number is None else InstanceStatus(number)
    except ValueError:
        legal = ", ".join(f"{one.value} ({one.label})" for one in InstanceStatus)
        raise WrongParameter("Status", str(number), f"is no status of an instance: write one of {legal}") from None
    zone, progress = call.server.zone, call.server.engine.progress

    def ask(c: Connection) -> list[Json]:
        if job is not None:
            named = jobs.get(c, job, removed=True)
            if named is None:
                raise JobNotExisted(job)
            if named.group != group.id:
                raise JobOfAnotherGroup(job, group.group_id)
        rows = instances.newest(c, group.id, job, status, since, until, page, size)
        types: dict[int, tuple[str, TimeType]] = {}
        for one in {row.job for row in rows}:
            found = jobs.get(c, one, removed=True)
            types[one] = ("", TimeType.NONE) if found is None else (found.name, found.time_type)
        return [
            {**instance_info(row, types[row.job][1], zone, progress(row.id)), "JobName": types[row.job][0]}
            for row in rows
        ]

    return {"Data": {"JobInstanceDetails": await call.server.store.read(ask)}}


OPERATION = Operation(
    name="GetJobInstanceList",
    handle=get_job_instance_list,
    action="instance.read",
    needed=("Namespace", "GroupId"),
    takes=(
        "EndTimestamp",
        "JobId",
        "PageNum",
        "PageSize",
        "StartTimestamp",
        "Status",
    ),
)
