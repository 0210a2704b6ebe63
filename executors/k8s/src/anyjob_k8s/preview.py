"""The very manifests of a run, for `anyjob explain`."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import yaml

from anyjob_k8s.objects import identity

if TYPE_CHECKING:
    from anyjob_k8s.plan import Plan

__all__ = ["preview_of"]


class _Dumper(yaml.SafeDumper):
    """Texts of several lines as they are written."""

    def ignore_aliases(self, data: Any) -> bool:
        del data
        return True


def _text(dumper: yaml.SafeDumper, data: str) -> yaml.Node:
    style = "|" if "\n" in data else None
    return dumper.represent_scalar("tag:yaml.org,2002:str", data, style=style)  # pyright: ignore[reportUnknownMemberType]


_Dumper.add_representer(str, _text)


def _yaml(thing: object) -> str:
    return str(
        yaml.dump(thing, Dumper=_Dumper, sort_keys=False, default_flow_style=False, width=1000, allow_unicode=True)  # pyright: ignore[reportUnknownMemberType]
    )


def preview_of(plan: Plan) -> Mapping[str, Sequence[str]]:
    """Lines under titles: where, and each object. What a Secret holds is not shown."""
    where = [f"namespace {plan.namespace}"]
    if plan.cluster:
        where.append(f"cluster {plan.cluster}")
    shown: dict[str, Sequence[str]] = {"kubernetes": where}
    for thing in plan.objects:
        if thing.get("kind") == "Secret":
            hidden = {part: dict.fromkeys(thing[part], "[secret]") for part in ("data", "stringData") if part in thing}
            thing = {**thing, **hidden}  # noqa: PLW2901 - shown in place of the true one
        shown[identity(thing)] = _yaml(thing).splitlines()
    return shown
