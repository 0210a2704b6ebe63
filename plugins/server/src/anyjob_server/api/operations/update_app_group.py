"""UpdateAppGroup."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from anyjob_server.api.names import checked_json
from anyjob_server.api.operation import Call, Operation
from anyjob_server.api.scope import group_of
from anyjob_server.store import groups


async def update_app_group(call: Call) -> None:
    """Change what is given. MaxConcurrency limits the instances of the group that run at one time; 0: no limit."""
    row, given = group_of(call), call.parameters
    config, contacts = given.blank_or("MonitorConfigJson"), given.blank_or("MonitorContactsJson")
    told: dict[str, Any] = {
        "app_version": given.integer("AppVersion", least=1, most=2),
        "description": given.blank_or("Description"),
        "enable_log": given.flag("EnableLog"),
        "max_concurrency": given.integer("MaxConcurrency", least=0, most=2**31 - 1),
        "monitor_config": None if config is None else checked_json("MonitorConfigJson", config, dict),
        "monitor_contacts": None if contacts is None else checked_json("MonitorContactsJson", contacts, list),
        "notification_policy": given.blank_or("NotificationPolicyName"),
    }
    changed = {name: value for name, value in told.items() if value is not None}
    if changed:
        row = replace(row, **changed)
        await call.server.store.write(lambda c: groups.update(c, row))
        call.groups.forget(row)
        call.server.engine.group_changed(row)


OPERATION = Operation(
    name="UpdateAppGroup",
    handle=update_app_group,
    action="group.update",
    needed=("Namespace", "GroupId"),
    takes=(
        "AppVersion",
        "Description",
        "EnableLog",
        "MaxConcurrency",
        "MonitorConfigJson",
        "MonitorContactsJson",
        "NotificationPolicyName",
    ),
)
