"""What somebody asks for, as policies see it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

__all__ = ["Wanted", "WantedJob"]


@dataclass(frozen=True, slots=True, kw_only=True)
class WantedJob:
    """The job that an action would make, change or run.

    `user` is XAttrs.user, empty where the job names none. `launcher` is where its commands run, empty for a type whose
    runs are no commands. `privileges` is what it asks for beyond an ordinary run.
    """

    job_type: str
    user: str = ""
    launcher: str = ""
    privileges: Sequence[str] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Wanted:
    """`namespace` and `group` are empty where the action is about none. `job` None: the action runs nobody's code."""

    action: str
    namespace: str = ""
    group: str = ""
    job: WantedJob | None = None
