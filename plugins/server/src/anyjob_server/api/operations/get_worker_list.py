"""GetWorkerList."""

from __future__ import annotations

from collections.abc import Mapping

from anyjob.outcome import Json
from anyjob_server.api.operation import Call, Operation
from anyjob_server.api.scope import group_of


async def get_worker_list(call: Call) -> Mapping[str, Json]:
    """The workers that run the app group's jobs."""
    group_of(call)
    rows: list[Json] = [
        {
            "Ip": worker.ip,
            "Port": worker.port,
            "WorkerAddress": worker.address,
            "Label": worker.label,
            "Version": worker.version,
            "Starter": worker.starter,
        }
        for worker in call.server.engine.workers()
    ]
    return {"Data": {"WorkerInfos": rows}}


OPERATION = Operation(
    name="GetWorkerList", handle=get_worker_list, action="worker.read", needed=("Namespace", "GroupId")
)
