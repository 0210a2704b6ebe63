"""An instance as GetJobInstance and GetJobInstanceList show it.

Source: SchedulerX API, SDK, the replies of GetJobInstance and GetJobInstanceList.
"""

from __future__ import annotations

import json
from datetime import datetime, tzinfo
from functools import lru_cache
from typing import Any, Final

from anyjob.job import TimeType
from anyjob.outcome import Json
from anyjob_server.store.instances import InstanceRow

__all__ = ["MOST_RESULT", "cut", "instance_info", "moment"]

MOST_RESULT: Final = 1000
"""Bytes of a result that the API shows, as the vendor's. The whole stands in the store."""


def instance_info(row: InstanceRow, time_type: TimeType, zone: tzinfo, progress: str) -> dict[str, Json]:
    """JobInstanceDetail as the list has it, and our own keys behind it, which SDKs ignore. `progress`: of one that
    runs, whose row has none yet.

    Evidence is a list of `{source, text}`; StopReport is `{strength, by, evidence, survivors}` or null, both as
    `anyjob run --json` has them.
    """
    outcome: dict[str, Any] = json.loads(row.outcome) if row.outcome else {}
    told: dict[str, Json] = {
        "InstanceId": row.id,
        "JobId": row.job,
        "Status": int(row.status),
        "TriggerType": int(row.trigger),
        "TimeType": int(time_type),
        "ScheduleTime": moment(row.schedule_time, zone),
        "DataTime": moment(row.data_time, zone),
        "StartTime": moment(row.start_time, zone),
        "EndTime": moment(row.end_time, zone),
        "Progress": row.progress or progress,
        "Result": cut(row.result, MOST_RESULT),
        "Executor": row.executor,
        "WorkAddr": row.work_addr,
        "Cause": row.cause,
        "Code": row.code,
        "Evidence": outcome.get("evidence", []),
        "StopReport": outcome.get("stop"),
        "Note": row.note,
    }
    exact = {
        "ScheduleTimestamp": row.schedule_time,
        "DataTimestamp": row.data_time,
        "StartTimestamp": row.start_time,
        "EndTimestamp": row.end_time,
    }
    return {**told, **{name: at for name, at in exact.items() if at is not None}}


def moment(at: int | None, zone: tzinfo) -> str:
    """Epoch ms as `yyyy-MM-dd HH:mm:ss` in a zone; empty for None."""
    return "" if at is None else _second(at // 1000, zone)


@lru_cache(maxsize=4096)
def _second(at: int, zone: tzinfo) -> str:
    return datetime.fromtimestamp(at, zone).strftime("%Y-%m-%d %H:%M:%S")


def cut(text: str, most: int) -> str:
    """At most so many bytes of UTF-8, no character in halves."""
    data = text.encode()
    return text if len(data) <= most else data[:most].decode(errors="ignore")
