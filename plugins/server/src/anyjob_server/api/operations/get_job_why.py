"""GetJobWhy: an operation of anyjob's own, for `anyjob why`."""

from __future__ import annotations

from collections.abc import Mapping

from anyjob.outcome import Json
from anyjob_server.api.operation import Call, Operation
from anyjob_server.api.scope import group_of, job_of
from anyjob_server.engine.why import Why
from anyjob_server.store.reasons import ReasonRow

__all__ = ["OPERATION"]


async def get_job_why(call: Call) -> Mapping[str, Json]:
    """When a job fires next, what of it runs or waits, and why firings of it became no run. JobId.

    Times are epoch ms. NextFire null comes with Never, which says why time does not fire it; Now says what keeps
    instances from starting at this moment. Reasons: the newest first; Count of the same in a row, the newest at Last.
    """
    row = job_of(call, group_of(call), removed=True)
    return {"Data": _said(await call.server.engine.why(row))}


def _said(why: Why) -> dict[str, Json]:
    running: list[Json] = [
        {
            "JobInstanceId": one.instance,
            "ScheduleTime": one.schedule_time,
            "Since": one.since,
            "StoppedBy": one.stopping,
        }
        for one in why.running
    ]
    waiting: list[Json] = [
        {"JobInstanceId": one.instance, "ScheduleTime": one.schedule_time, "Behind": one.behind} for one in why.waiting
    ]
    return {
        "NextFire": why.next_fire,
        "Never": why.never,
        "Now": why.now,
        "Running": running,
        "Waiting": waiting,
        "Reasons": [_reason(one) for one in why.reasons],
    }


def _reason(one: ReasonRow) -> dict[str, Json]:
    return {
        "Kind": one.kind,
        "Text": one.text,
        "ScheduleTime": one.schedule_time,
        "At": one.at,
        "Count": one.count,
        "Last": one.last,
    }


OPERATION = Operation(name="GetJobWhy", handle=get_job_why, action="job.read", needed=("Namespace", "GroupId", "JobId"))
