"""ExecuteJob."""

from __future__ import annotations

from collections.abc import Mapping

from sqlalchemy import Connection

from anyjob.outcome import Json
from anyjob_server.api.audit import audit_row
from anyjob_server.api.errors import WrongParameter
from anyjob_server.api.operation import Call, Operation
from anyjob_server.api.scope import group_of, job_of
from anyjob_server.store import audit


async def execute_job(call: Call) -> Mapping[str, Json]:
    """Run a job now. With CheckJobStatus a disabled one is refused. Raises WrongParameter."""
    group = group_of(call)
    row = job_of(call, group, to_run=True)
    call.allow(group, row.job)
    given = call.parameters
    parameters = given.text("InstanceParameters")
    if (size := len(parameters.encode())) > _MOST:
        raise WrongParameter("InstanceParameters", parameters, f"has {size} bytes in UTF-8; at most {_MOST} go")
    kind = given.integer("DesignateType", least=1, most=2)

    def beside(c: Connection, instance: int) -> None:
        call.said["JobInstanceId"] = instance
        audit.add(c, [audit_row(call)])

    instance = await call.server.engine.manual.execute(
        row,
        parameters=parameters,
        check_status=given.flag("CheckJobStatus") or False,
        worker=given.needed("Worker") if kind == _WORKER else "",
        label=given.needed("Label") if kind == _LABEL else "",
        by=call.by,
        beside=beside,
    )
    call.recorded = True
    return {"Data": {"JobInstanceId": instance}}


_MOST = 10_000
"""As many bytes as Parameters of a job may have."""
_WORKER, _LABEL = 1, 2

OPERATION = Operation(
    name="ExecuteJob",
    handle=execute_job,
    action="job.execute",
    needed=("Namespace", "GroupId", "JobId"),
    takes=(
        "CheckJobStatus",
        "DesignateType",
        "InstanceParameters",
        "Label",
        "Worker",
    ),
)
