"""GetLog."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Mapping

from sqlalchemy import Connection

from anyjob.job import ExecuteMode, Job
from anyjob.outcome import Json
from anyjob_server.api.logcursor import log_piece
from anyjob_server.api.loglines import LogFile, log_lines
from anyjob_server.api.operation import Call, Operation
from anyjob_server.api.scope import group_of, instance_of
from anyjob_server.store import instances, jobs
from anyjob_server.store.groups import GroupRow
from anyjob_server.store.instances import InstanceRow

_MOST_LINES = 200
_HALF_HOUR = 30 * 60 * 1000
_MOST_INSTANCES = 50
_MANY = (ExecuteMode.SHARDING, ExecuteMode.BROADCAST)


async def get_log(call: Call) -> Mapping[str, Json]:
    """Lines that runs wrote: of an instance, of a job, or of the app group. A line of ours stands before those of a
    later attempt.

    Newest first unless Reverse is false. The time bounds which instances are looked at, by their schedule time: lines
    have none of their own. With Cursor, an addition of ours, the lines of one instance behind that place.
    """
    group, given = group_of(call), call.parameters
    most = given.integer("Line", least=1, most=_MOST_LINES) or _MOST_LINES
    cursor = given.blank_or("Cursor")
    if cursor is not None:
        row = instance_of(call, group)
        logs, several = _logs(call, row)
        paths, encoding = [log.path for log in logs], _encoding(_job(call, row))
        over = row.status.finished
        piece = await asyncio.to_thread(log_piece, paths, cursor, most, encoding, several=several, over=over)
        return {"Data": {"Logs": [*piece.lines], "Cursor": piece.cursor, "More": piece.more}}
    reverse = given.flag("Reverse")
    logs = [log for row in await _instances(call, group) for log in _logs(call, row)[0]]
    lines = await asyncio.to_thread(
        log_lines,
        logs,
        reverse=reverse is not False,
        skip=given.integer("Offset", least=0, most=2**31 - 1) or 0,
        most=most,
        keyword=given.text("Keyword"),
    )
    return {"Data": {"Logs": [*lines]}}


async def _instances(call: Call, group: GroupRow) -> list[InstanceRow]:
    """Those that are meant, the oldest first."""
    given = call.parameters
    since, until = given.integer("StartTimestamp"), given.integer("EndTimestamp")
    if given.text("JobInstanceId"):
        row = instance_of(call, group)
        inside = (since is None or row.schedule_time >= since) and (until is None or row.schedule_time <= until)
        return [row] if inside else []
    job = given.integer("JobId") or None
    until = int(time.time() * 1000) if until is None else until
    since = until - _HALF_HOUR if since is None else since

    def ask(c: Connection) -> list[InstanceRow]:
        return instances.newest(c, group.id, job, None, since, until, 1, _MOST_INSTANCES)

    return (await call.server.store.read(ask))[::-1]


def _logs(call: Call, row: InstanceRow) -> tuple[list[LogFile], bool]:
    """The logs of an instance's runs, the oldest first, and whether they are of several tasks."""
    paths = call.server.engine.log_path(row.id)
    tasks = [path.parent.name.split("-")[2] for path in paths]  # of `aj-INSTANCE-TASK-FENCE`
    job = _job(call, row)
    # By its mode, not by the runs that there are: whoever follows must not see the lines change their form.
    several = len(set(tasks)) > 1 or (job is not None and job.execute_mode in _MANY)
    encoding = _encoding(job)
    logs = [
        LogFile(path=path, encoding=encoding, prefix=f"[{task}] " if several else "")
        for path, task in zip(paths, tasks, strict=True)
    ]
    return logs, several


def _job(call: Call, row: InstanceRow) -> Job | None:
    found = call.server.store.read_now(lambda c: jobs.get(c, row.job, removed=True))
    return None if found is None else found.job


def _encoding(job: Job | None) -> str:
    told = None if job is None else job.xattrs.get("encoding")
    return told if isinstance(told, str) else "utf-8"


OPERATION = Operation(
    name="GetLog",
    handle=get_log,
    action="instance.log",
    needed=("Namespace", "GroupId"),
    takes=(
        "Cursor",
        "EndTimestamp",
        "JobId",
        "JobInstanceId",
        "Keyword",
        "Line",
        "Offset",
        "Reverse",
        "StartTimestamp",
    ),
)
