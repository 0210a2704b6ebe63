"""CreateAccessKey: an operation of anyjob's own."""

from __future__ import annotations

from collections.abc import Mapping

from anyjob.outcome import Json
from anyjob.problem import short
from anyjob_server.api.errors import BusinessError
from anyjob_server.api.key import Key
from anyjob_server.api.operation import Call, Operation
from anyjob_server.keys import NoSuchScope
from anyjob_server.trust.policy import Policy

__all__ = ["OPERATION"]

_LABEL: int = 100


async def _create(call: Call) -> Mapping[str, Json]:
    """Label; KeyNamespace and KeyGroupId (blank: all); Policy, a JSON list of statements (blank: everything).

    The secret is in this answer and in no other. Raises BadPolicy, BusinessError.
    """
    asked = call.parameters
    label, namespace, group = asked.text("Label"), asked.text("KeyNamespace"), asked.text("KeyGroupId")
    policy = asked.text("Policy")
    if len(label) > _LABEL or not label.isprintable():
        raise BusinessError(400, f'Label: "{short(label)}" must be at most {_LABEL} characters on one line')
    if group and not namespace:
        raise BusinessError(400, f'KeyGroupId: "{short(group)}" needs KeyNamespace: group ids are of a namespace')
    if policy:
        Policy.read(policy, namespace, group)
    _check_rights(call.key, namespace, group, policy)
    try:
        row, secret = await call.server.keys.create(
            label=label, namespace=namespace, group_id=group, policy=policy, names=call.sees_all
        )
    except NoSuchScope as unknown:
        raise BusinessError(404, str(unknown)) from None
    call.said["KeyId"] = row.access_key_id
    return {"Data": {"AccessKeyId": row.access_key_id, "AccessKeySecret": secret}}


def _check_rights(key: Key, namespace: str, group: str, policy: str) -> None:
    """Nobody makes a key that may do more than his own."""
    wider = (
        (key.namespace and namespace != key.namespace)
        or (key.group_id and group != key.group_id)
        or (key.policy and policy != key.policy)
    )
    if wider:
        raise BusinessError(
            403,
            f"Access key {key.access_key_id!r} can make only keys of its own scope and policy: give the same"
            " KeyNamespace, KeyGroupId and Policy, or have the operator make the key.",
        )


OPERATION = Operation(
    name="CreateAccessKey",
    handle=_create,
    action="key.create",
    takes=(
        "KeyGroupId",
        "KeyNamespace",
        "Label",
        "Policy",
    ),
)
