"""ListJobs."""

from __future__ import annotations

from collections.abc import Mapping

from sqlalchemy import Connection

from anyjob.job import JobStatus
from anyjob.outcome import Json
from anyjob_server.api.jobinfo import job_info
from anyjob_server.api.operation import Call, Operation
from anyjob_server.api.paging import page_of
from anyjob_server.api.scope import group_of
from anyjob_server.store import jobs


async def list_jobs(call: Call) -> Mapping[str, Json]:
    """A page of an app group's jobs, the newest first; those whose name holds a text, those of a status."""
    group, (page, size) = group_of(call), page_of(call.parameters)
    name = call.parameters.text("JobName") or None
    wanted = call.parameters.integer("Status", least=0, most=1)
    status = None if wanted is None else JobStatus(wanted)

    store = call.server.store
    search = store.names.search(group.id, name, status) if name else None

    def ask(c: Connection) -> tuple[list[Json], int]:
        rows, total = jobs.page_of(c, search(c), page, size) if search else jobs.page(c, group.id, status, page, size)
        return [job_info(row) for row in rows], total  # made here, off the loop

    rows, total = await store.read(ask)
    return {"Data": {"Jobs": rows, "PageNumber": page, "PageSize": size, "Total": total}}


OPERATION = Operation(
    name="ListJobs",
    handle=list_jobs,
    action="job.read",
    needed=("Namespace", "GroupId"),
    takes=(
        "JobName",
        "PageNum",
        "PageSize",
        "Status",
    ),
)
