"""ListAlerts: an operation of anyjob's own, for `anyjob alert`."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any, Final

from sqlalchemy import Connection

from anyjob.outcome import Json
from anyjob_server.api.operation import Call, Operation
from anyjob_server.api.paging import page_of
from anyjob_server.api.scope import group_of
from anyjob_server.store import outbox
from anyjob_server.store.outbox import OutboxRow

__all__ = ["OPERATION"]

_NAMES: Final = {
    "job": "JobName",
    "namespace": "Namespace",
    "group": "GroupId",
    "channel": "SendChannel",
    "contacts": "ContactInfo",
    "schedule_time": "ScheduleTimestamp",
    "result": "Result",
    "cause": "Cause",
    "failures": "Failures",
    "timeout": "Timeout",
    "killed": "Killed",
    "why": "Why",
}
"""What a payload says, by its names here."""


async def list_alerts(call: Call) -> Mapping[str, Json]:
    """A page of what is to be told to people, the newest first: of the app group, or of a job. Times are epoch ms.

    With AllGroups, by a key that may see everything, of all app groups. Kind: fail, timeout, miss_worker or success.
    SentTimestamp is not there while it waits for a sender.
    """
    page, size = page_of(call.parameters)
    everywhere = call.sees_all and bool(call.parameters.flag("AllGroups"))
    group, job = None if everywhere else group_of(call).id, call.parameters.integer("JobId") or None

    def ask(c: Connection) -> tuple[list[Json], int]:
        rows, total = outbox.page(c, group, job, page, size)
        return [_said(row) for row in rows], total

    rows, total = await call.server.store.read(ask)
    return {"Data": {"Alerts": rows, "PageNumber": page, "PageSize": size, "Total": total}}


def _said(row: OutboxRow) -> Json:
    told: dict[str, Any] = json.loads(row.payload)
    said: dict[str, Json] = {"AlertId": row.id, "Kind": row.kind, "Timestamp": row.at, "JobId": row.job}
    if row.instance is not None:
        said["JobInstanceId"] = row.instance
    if row.sent is not None:
        said["SentTimestamp"] = row.sent
    return said | {_NAMES[name]: value for name, value in told.items() if name in _NAMES}


OPERATION = Operation(
    name="ListAlerts",
    handle=list_alerts,
    action="alert.read",
    needed=("Namespace", "GroupId"),
    takes=("AllGroups", "JobId", "PageNum", "PageSize"),
)
