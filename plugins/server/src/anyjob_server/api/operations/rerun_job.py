"""RerunJob."""

from __future__ import annotations

import re

from anyjob_server.api.errors import WrongParameter
from anyjob_server.api.operation import Call, Operation
from anyjob_server.api.scope import group_of, job_of

_TIME = re.compile(r"([01][0-9]|2[0-3]):[0-5][0-9]:[0-5][0-9]")


async def rerun_job(call: Call) -> None:
    """One instance for each day from StartDate to EndDate (epoch ms), its data time that day at DataTime.

    Raises WrongParameter.
    """
    group = group_of(call)
    row = job_of(call, group)
    call.allow(group, row.job)
    given = call.parameters
    at = given.needed("DataTime")
    if not _TIME.fullmatch(at):
        raise WrongParameter("DataTime", at, "is no time of a day: write HH:mm:ss")
    start, end = given.needed_integer("StartDate"), given.needed_integer("EndDate")
    if not 0 <= start <= end:
        raise WrongParameter("EndDate", str(end), f"is before StartDate ({start})")
    made = await call.server.engine.manual.rerun(row, start, end, at)
    call.said["Instances"] = len(made)


OPERATION = Operation(
    name="RerunJob",
    handle=rerun_job,
    action="job.execute",
    needed=("Namespace", "GroupId", "JobId", "StartDate", "EndDate", "DataTime"),
)
