"""A job as GetJobInfo and ListJobs show it.

Source: SchedulerX API, SDK, the replies of GetJobInfo and ListJobs.
"""

from __future__ import annotations

import json
from typing import Any, Final

from anyjob.job import ExecuteMode
from anyjob.jsontext import dump_json
from anyjob.outcome import Json
from anyjob_server.store.jobs import JobRow

__all__ = ["job_info"]

_SIZES: Final = ("PageSize", "ConsumerSize", "QueueSize", "DispatcherSize", "TaskMaxAttempt", "TaskAttemptInterval")
_SWITCHES: Final = ("TimeoutEnable", "TimeoutKillEnable", "FailEnable", "MissWorkerEnable")
_CONTACT: Final = ("Ding", "UserMail", "UserName", "UserPhone")
_MAPPING: Final = frozenset(mode.value for mode in ExecuteMode if mode.maps)


def job_info(row: JobRow) -> dict[str, Json]:
    """JobConfigInfo. Read from the stored text without making a Job of it: a page has hundreds."""
    wire: dict[str, Any] = json.loads(row.wire)
    own: dict[str, Any] = json.loads(wire["XAttrs"]) if "XAttrs" in wire else {}
    sizes: dict[str, Json] = {name: own.get(_key(name), wire[name]) for name in _SIZES}
    contacts: list[Json] = [
        {name: contact.get(name, "") for name in _CONTACT} for contact in wire.get("ContactInfo", ())
    ]
    monitor: dict[str, Json] = {name: wire[name] for name in _SWITCHES}
    return {
        "JobId": row.id,
        "Name": row.name,
        "Description": wire.get("Description", ""),
        "JobType": row.job_type,
        "ExecuteMode": wire["ExecuteMode"],
        "ClassName": wire.get("ClassName", ""),
        "Content": wire.get("Content", ""),
        "Parameters": wire.get("Parameters", ""),
        "JarUrl": "",
        "Status": int(row.status),
        "MaxConcurrency": str(wire["MaxConcurrency"]),
        "MaxAttempt": wire["MaxAttempt"],
        "AttemptInterval": wire["AttemptInterval"],
        "StartTime": wire["StartTime"],
        "EndTime": wire["EndTime"],
        "TimeConfig": {
            "TimeType": int(row.time_type),
            "TimeExpression": wire.get("TimeExpression", ""),
            "Calendar": wire.get("Calendar", ""),
            "DataOffset": wire["DataOffset"],
        },
        "JobMonitorInfo": {
            "MonitorConfig": {**monitor, "Timeout": wire["Timeout"], "SendChannel": wire["SendChannel"]},
            "ContactInfo": contacts,
        },
        "MapTaskXAttrs": sizes,
        "XAttrs": _merged(wire, own, sizes),
    }


def _merged(wire: dict[str, Any], own: dict[str, Any], sizes: dict[str, Json]) -> str:
    """A job that maps has its sizes in XAttrs too; its own keys win."""
    if wire["ExecuteMode"] not in _MAPPING:
        return wire.get("XAttrs", "")
    told = {_key(name): value for name, value in sizes.items()}
    return dump_json({**told, "taskDispatchMode": wire["TaskDispatchMode"], **own})


def _key(name: str) -> str:
    return name[0].lower() + name[1:]
