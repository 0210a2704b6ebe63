"""GetServerStatus: an operation of anyjob's own, for `anyjob status`."""

from __future__ import annotations

import os
import time
from collections.abc import Mapping
from typing import Final

from anyjob.outcome import Json
from anyjob.version import VERSION
from anyjob_server.api.operation import Call, Operation
from anyjob_server.engine.roster import Active

__all__ = ["OPERATION"]

_MOST: Final = 200
"""Instances that are listed; all are counted."""
_SINCE: Final = int(time.time() * 1000)


async def get_server_status(call: Call) -> Mapping[str, Json]:
    """How the server stands. A key that may not see everything is told of its own app group alone. Times are epoch ms.

    Halt: why nothing new begins, empty when it does. Held: `file` or `settings` while somebody holds it. Warnings: what
    the start warned of, while it is so. Types: those of enabled jobs, as executors say it. Running, Waiting: the
    longest first, at most 200 of each; RunningTotal, WaitingTotal: how many there are. Alerts: how many wait for a
    sender, and how many were dropped unsent, as too old or too many.
    """
    server = call.server
    found = await server.engine.standing()

    def seen(one: Active) -> bool:
        return call.sees_all or (one.loaded.job.namespace, one.loaded.job.group_id) == call.scope

    running = [one for one in found.running if seen(one)]
    waiting = [one for one in found.waiting if seen(one.active)]
    said: dict[str, Json] = {
        "Version": VERSION,
        "Pid": os.getpid(),
        "Since": _SINCE,
        "Now": int(time.time() * 1000),
        "Halt": found.halt,
        "Held": found.held,
        "RunningTotal": len(running),
        "WaitingTotal": len(waiting),
        "Running": [_said(one) for one in running[:_MOST]],
        "Waiting": [{**_said(one.active), "Behind": one.behind} for one in waiting[:_MOST]],
    }
    if call.sees_all:
        said["State"], said["Database"] = str(server.state), server.store.where
        said["Warnings"] = list[Json](server.users.warnings())
        said["Types"] = [{"JobType": one.job_type, "State": one.state, "Why": one.why} for one in found.types]
        if (alerts := found.alerts) is not None:
            said["Alerts"] = {
                "Waiting": alerts.waiting,
                "DroppedOld": alerts.old,
                "DroppedMany": alerts.many,
                "LastDropped": alerts.last,
            }
    return {"Data": said}


def _said(one: Active) -> dict[str, Json]:
    return {
        "JobInstanceId": one.id,
        "JobId": one.row.job,
        "JobName": one.loaded.row.name,
        "Namespace": one.loaded.job.namespace,
        "GroupId": one.loaded.job.group_id,
        "ScheduleTime": one.row.schedule_time,
        "Since": one.begun,
        "StoppedBy": one.stopped,
    }


OPERATION = Operation(name="GetServerStatus", handle=get_server_status, action="worker.read")
