"""CreateAppGroup."""

from __future__ import annotations

import base64
import secrets
import time
from collections.abc import Mapping

from anyjob.outcome import Json
from anyjob_server.api.names import checked_json, checked_name
from anyjob_server.api.operation import Call, Operation
from anyjob_server.api.scope import namespace_of
from anyjob_server.store import groups
from anyjob_server.store.groups import GroupRow


async def create_app_group(call: Call) -> Mapping[str, Json]:
    """Make one in a namespace that exists."""
    given = call.parameters
    row = GroupRow(
        namespace=namespace_of(call).uid,
        group_id=checked_name("GroupId", given.needed("GroupId")),
        app_name=checked_name("AppName", given.needed("AppName")),
        app_key=given.text("AppKey") or base64.b64encode(secrets.token_bytes(16)).decode(),
        app_type=given.integer("AppType", least=1, most=2) or 1,
        app_version=given.integer("AppVersion", least=1, most=2) or 1,
        description=given.text("Description"),
        enable_log=given.flag("EnableLog") or False,
        max_jobs=given.integer("MaxJobs", least=0, most=2**31 - 1) or 0,
        monitor_config=checked_json("MonitorConfigJson", given.text("MonitorConfigJson"), dict),
        monitor_contacts=checked_json("MonitorContactsJson", given.text("MonitorContactsJson"), list),
        notification_policy=given.text("NotificationPolicyName"),
        schedule_busy_workers=given.flag("ScheduleBusyWorkers") or False,
        created=int(time.time() * 1000),
    )
    number = await call.server.store.write(lambda c: groups.insert(c, row))
    return {"Data": {"AppGroupId": number, "AppKey": row.app_key}}


OPERATION = Operation(
    name="CreateAppGroup",
    handle=create_app_group,
    action="group.create",
    needed=("Namespace", "GroupId", "AppName"),
    takes=(
        "AppKey",
        "AppType",
        "AppVersion",
        "Description",
        "EnableLog",
        "MaxJobs",
        "MonitorConfigJson",
        "MonitorContactsJson",
        "NamespaceName",
        "NotificationPolicyName",
        "ScheduleBusyWorkers",
    ),
)
