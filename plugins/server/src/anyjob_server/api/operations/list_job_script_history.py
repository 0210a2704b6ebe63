"""ListJobScriptHistory."""

from __future__ import annotations

from collections.abc import Mapping

from anyjob.outcome import Json
from anyjob_server.api.instanceinfo import moment
from anyjob_server.api.operation import Call, Operation
from anyjob_server.api.scope import group_of, job_of
from anyjob_server.store import scripts


async def list_job_script_history(call: Call) -> Mapping[str, Json]:
    """Every version of a job's script, the newest first. `VersionesDescription` is the vendor's spelling."""
    row = job_of(call, group_of(call))
    found = await call.server.store.read(lambda c: scripts.history(c, row.id))
    versions: list[Json] = [
        {
            "CreateTime": moment(version.created, call.server.zone),
            "Creator": version.creator,
            "ScriptContent": version.content,
            "VersionesDescription": version.description,
        }
        for version in found
    ]
    return {"Data": {"JobScriptHistoryInfos": versions}}


OPERATION = Operation(
    name="ListJobScriptHistory",
    handle=list_job_script_history,
    action="job.read",
    needed=("Namespace", "GroupId", "JobId"),
)
