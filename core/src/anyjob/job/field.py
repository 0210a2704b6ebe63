"""What is known of one field of a job beside its Python type."""

from __future__ import annotations

from dataclasses import MISSING, dataclass, fields
from enum import Enum
from typing import Annotated, Any, get_args, get_origin, get_type_hints

from anyjob.job.rules import Rule

__all__ = ["Api", "JobField", "Needed", "fields_of"]


class Needed(Enum):
    """When a field must be given."""

    ALWAYS = "always"
    CREATE = "CreateJob"
    """Only in a call of CreateJob; a job in a file has a default."""
    NEVER = "never"


@dataclass(frozen=True, slots=True)
class Api:
    """Stands in the annotation of a field of Job: its name in the API, its rule, what it means."""

    name: str
    rule: Rule
    about: str
    needed: Needed = Needed.NEVER


@dataclass(frozen=True, slots=True, kw_only=True)
class JobField:
    """One field of Job, for whoever lists them: the schema, the reference page, `explain`, a form."""

    name: str
    """The API's spelling, `MaxAttempt`."""
    attribute: str
    """Python's spelling, `max_attempt`."""
    about: str
    """What it means, a sentence."""
    rule: Rule
    """What it takes, and how it is read."""
    default: Any
    """None for a field without one."""
    needed: Needed
    """When it must be given."""


def fields_of(owner: type) -> tuple[JobField, ...]:
    """The described fields of a dataclass whose annotations carry an Api, in their order."""
    hints, made = get_type_hints(owner, include_extras=True), list[JobField]()
    for item in fields(owner):
        hint = hints[item.name]
        assert get_origin(hint) is Annotated, item.name
        api = get_args(hint)[1]
        assert isinstance(api, Api), item.name
        default = None if item.default is MISSING else item.default
        if item.default_factory is not MISSING:
            default = item.default_factory()
        made.append(
            JobField(
                name=api.name, attribute=item.name, about=api.about, rule=api.rule, default=default, needed=api.needed
            )
        )
    return tuple(made)
