"""The request that a start would send, for `anyjob explain`."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

from anyjob_dataworks.signature import ALGORITHM

if TYPE_CHECKING:
    from anyjob_dataworks.api import Api, Known
    from anyjob_dataworks.plan import Plan
    from anyjob_dataworks.spec import DataworksSpec

__all__ = ["preview_of"]


def preview_of(api: Api, plan: Plan, spec: DataworksSpec, endpoint: str, key: str) -> Mapping[str, Sequence[str]]:
    """Its lines under titles. `key` stands for the access key."""
    known: dict[str, str] = {}
    if spec.api == "2024-05-18":
        known["project"] = str(plan.project_id or f"[looked up by the name {plan.project}]")
        flow = f"[looked up by the name {plan.flow}]" if plan.flow else "1"
        known["workflow"] = str(plan.workflow_id or flow)
    looked_up: Known = {**known}
    operation = api.start(plan, looked_up)
    shown = {
        "Request": [
            f"{operation.method} {endpoint}/",
            f"x-acs-action: {operation.name}",
            f"x-acs-version: {operation.version}",
            f"Authorization: {ALGORITHM} Credential={key}, signed with its secret",
        ],
        "Parameters": [f"{name}={value}" for name, value in sorted((operation.body or {}).items())],
    }
    if spec.ignored:
        shown["Means nothing here"] = spec.ignored
    return shown
