"""The environment of a run in a pod, and the Secret that holds what must not stand in its manifest."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Final

from anyjob.run import RUN_FOLDER
from anyjob.spec import SecretRef

if TYPE_CHECKING:
    from anyjob.run import RunFacts

__all__ = ["SECRETS", "Variables", "literal", "variables_of"]

SECRETS: Final = "secrets"
"""The folder of the run's secrets, below the one that is mounted."""

_LOST: Final = frozenset(f"ANYJOB_{name}" for name in ("RESULT", "MAP", "PROGRESS"))
"""Files that would have to come back, and cannot: nobody could read them once the container has ended."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Variables:
    """`entries` are a container's `env`. `files` are the run's secrets by name, `hidden` the values of variables that
    hold one, by the key of the Secret that they stand under."""

    entries: list[dict[str, Any]]
    files: Mapping[str, str] = field(default_factory=dict[str, str])
    hidden: Mapping[str, str] = field(default_factory=dict[str, str])


def literal(text: str) -> str:
    """The text as Kubernetes must be given it in commands and variables, where it replaces `$(NAME)` and `$$`."""
    return text.replace("$", "$$")


def variables_of(run: RunFacts, env: Mapping[str, str], folder: str) -> Variables:
    """`env` for a container in which the run's folder is `folder`. Raises SecretMissing."""
    secrets = {name: run.secret(name) for name in run.common.secrets}
    named = {name for name, value in run.common.env.items() if isinstance(value, SecretRef)}
    entries: list[dict[str, Any]] = []
    hidden: dict[str, str] = {}
    for name, value in env.items():
        if name in _LOST or (name == "ANYJOB_SECRETS" and not secrets):
            continue
        text = value.replace(RUN_FOLDER, folder)
        if name in named or any(secret and secret in text for secret in secrets.values()):
            hidden[f"env.{name}"] = text
            source = {"secretKeyRef": {"name": run.name, "key": f"env.{name}"}}
            entries.append({"name": name, "valueFrom": source})
        else:
            entries.append({"name": name, "value": literal(text)})
    return Variables(entries=entries, files=secrets, hidden=hidden)
