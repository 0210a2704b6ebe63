"""UpdateJobScript."""

from __future__ import annotations

from anyjob_server.api.operation import Call, Operation
from anyjob_server.api.scope import group_of, job_of


async def update_job_script(call: Call) -> None:
    """Another Content for a job, kept as a version of its script."""
    group = group_of(call)
    row = job_of(call, group)
    call.allow(group, row.job)
    await call.server.engine.jobs.script(
        row,
        call.parameters.text("ScriptContent"),
        call.parameters.text("VersionDescription"),
        call.by,
        allow=lambda job: call.allow(group, job),
    )


OPERATION = Operation(
    name="UpdateJobScript",
    handle=update_job_script,
    action="job.update",
    needed=("Namespace", "GroupId", "JobId"),
    takes=(
        "ScriptContent",
        "VersionDescription",
    ),
)
