"""GetAppGroup."""

from __future__ import annotations

from collections.abc import Mapping

from anyjob.outcome import Json
from anyjob_server.api.operation import Call, Operation
from anyjob_server.api.scope import group_of
from anyjob_server.store import groups


async def get_app_group(call: Call) -> Mapping[str, Json]:
    """One app group. AppVersion is text here and a number elsewhere, as the vendor's."""
    row = group_of(call)
    jobs = await call.server.store.read(lambda c: groups.count_jobs(c, row.id))
    return {
        "Data": {
            "Namespace": row.namespace,
            "GroupId": row.group_id,
            "AppName": row.app_name,
            "AppKey": row.app_key,
            "AppVersion": str(row.app_version),
            "Description": row.description,
            "EnableLog": row.enable_log,
            "CurJobs": jobs,
            "MaxJobs": row.max_jobs,
            "MonitorConfigJson": row.monitor_config,
            "MonitorContactsJson": row.monitor_contacts,
            "NotificationPolicyName": row.notification_policy,
        }
    }


OPERATION = Operation(name="GetAppGroup", handle=get_app_group, action="group.read", needed=("Namespace", "GroupId"))
