"""What people are to be told of: which ends and which delays make an entry of the outbox. Pure.

Source: SchedulerX API, CreateJob, "FailTimes", "TimeoutEnable", "MissWorkerEnable", "SuccessNoticeEnable".
"""

from __future__ import annotations

import json
from enum import StrEnum

from anyjob.job import Job
from anyjob.outcome import Json
from anyjob_server.store.instances import InstanceRow
from anyjob_server.store.outbox import OutboxRow

__all__ = ["Alert", "alert", "fail_alert_due"]


class Alert(StrEnum):
    """Kinds of outbox entries."""

    FAIL = "fail"
    TIMEOUT = "timeout"
    MISS_WORKER = "miss_worker"
    SUCCESS = "success"


def fail_alert_due(job: Job, failures: int) -> bool:
    """Whether the newest of so many failures in a row is told of: FailTimes, and every FailTimes after that."""
    return job.fail_enable and failures > 0 and failures % job.fail_times == 0


def alert(kind: Alert, job: Job, row: InstanceRow, at: int, **said: Json) -> OutboxRow:
    """An entry of the time `at` (epoch ms). `said` is what is known beside the job: `result`, `cause`, `failures`,
    `why`."""
    wire = job.to_wire()
    payload: dict[str, Json] = {
        "job": job.name,
        "namespace": job.namespace,
        "group": job.group_id,
        "channel": wire.get("SendChannel", "default"),
        "contacts": wire.get("ContactInfo", []),
        "schedule_time": row.schedule_time,
        **said,
    }
    return OutboxRow(at=at, kind=kind.value, job=row.job, instance=row.id, group=row.group, payload=json.dumps(payload))
