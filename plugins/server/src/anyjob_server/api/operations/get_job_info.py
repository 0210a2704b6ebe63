"""GetJobInfo."""

from __future__ import annotations

import json
from collections.abc import Mapping

from anyjob.outcome import Json
from anyjob_server.api.errors import MissingParameter
from anyjob_server.api.jobinfo import job_info
from anyjob_server.api.operation import Call, Operation
from anyjob_server.api.refusals import JobNotExisted
from anyjob_server.api.scope import group_of, job_of
from anyjob_server.store import jobs


async def get_job_info(call: Call) -> Mapping[str, Json]:
    """One job, by its id, or by its name where JobId is 0 or not given. Raises JobNotExisted or MissingParameter."""
    group, removed = group_of(call), bool(call.parameters.flag("Removed"))
    if call.parameters.integer("JobId"):
        row = job_of(call, group, removed=removed)
    else:
        name = call.parameters.text("JobName")
        if not name:
            raise MissingParameter("JobId")
        found = call.server.store.read_now(lambda c: jobs.by_name(c, group.id, name, removed=removed))
        if found is None:
            known = await call.server.store.read(lambda c: jobs.page(c, group.id, size=_LOOKED_AT)[0])
            raise JobNotExisted(name, [one.name for one in known])
        row = found
    info = job_info(row)
    del info["StartTime"]  # ListJobs alone has it
    info["Fields"] = json.loads(row.wire)  # ours: the job as CreateJob took it, with what the vendor's keys do not tell
    return {"Data": {"JobConfigInfo": info}}


_LOOKED_AT = 200
"""The newest jobs, among which the nearest name is looked for."""

OPERATION = Operation(
    name="GetJobInfo",
    handle=get_job_info,
    action="job.read",
    needed=("Namespace", "GroupId"),
    takes=(
        "JobId",
        "JobName",
        "Removed",
    ),
)
