"""The objects of one run, as they are sent."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from anyjob.job import BadJob
from anyjob_k8s.companions import config_map, secret, too_large
from anyjob_k8s.variables import SECRETS

if TYPE_CHECKING:
    from collections.abc import Mapping

    from anyjob.run import RunFacts
    from anyjob_k8s.variables import Variables

__all__ = ["Parts", "companions_of", "mounted", "secret_items"]

_READABLE = 0o444
"""For every user of the image, whom nobody here knows; no other pod can mount it by accident."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Parts:
    """`main` is the Job or the Pod, `companions` what it mounts."""

    main: dict[str, Any]
    companions: Sequence[dict[str, Any]] = ()


def companions_of(
    run: RunFacts,
    namespace: str,
    variables: Variables,
    plain: Mapping[str, bytes],
    hidden: Mapping[str, bytes] | None = None,
    *,
    field: str,
    what: str,
) -> list[dict[str, Any]]:
    """The ConfigMap of the `plain` files, and the Secret of the `hidden` ones, the run's secrets and the variables that
    hold one. Raises BadJob for more than fits; `field` and `what` then say whose fault it is."""
    made: list[dict[str, Any]] = []
    texts = {**variables.files, **variables.hidden}
    for files, beside, name, thing in (
        (plain, {}, field, what),
        (hidden or {}, texts, "XAttrs.secrets", "the run's secrets"),
    ):
        size = sum(map(len, files.values())) + sum(len(value.encode()) for value in beside.values())
        large = too_large(name, thing, size)
        if large is not None:
            raise BadJob([large], run.job.name)
    if plain:
        made.append(config_map(run, namespace, plain))
    if texts or hidden:
        made.append(secret(run, namespace, texts, hidden or {}))
    return made


def secret_items(variables: Variables) -> list[dict[str, Any]]:
    """The files of the run's secrets, as items of a volume."""
    return [{"key": name, "path": f"{SECRETS}/{name}"} for name in variables.files]


def mounted(name: str, folder: str, sources: Sequence[Mapping[str, Any]]) -> tuple[dict[str, Any], dict[str, Any]]:
    """A volume of the sources, and its mount."""
    volume = {"name": name, "projected": {"defaultMode": _READABLE, "sources": list(sources)}}
    return volume, {"name": name, "mountPath": folder, "readOnly": True}
