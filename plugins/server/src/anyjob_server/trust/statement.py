"""One statement of a policy: allow or deny, on conditions."""

from __future__ import annotations

from collections.abc import Iterable
from fnmatch import fnmatchcase
from typing import Annotated, Literal

from pydantic import AfterValidator, BaseModel, ConfigDict, Field

from anyjob.nearest import did_you_mean
from anyjob.problem import WrongValue
from anyjob_server.trust.actions import ACTIONS, known_pattern
from anyjob_server.trust.wanted import Wanted

__all__ = ["Statement"]


def _action(pattern: str) -> str:
    if not known_pattern(pattern):
        hint = did_you_mean(pattern, ACTIONS) or f"the actions are {', '.join(ACTIONS)}, KIND.* and *"
        raise WrongValue(f"is no action; {hint}")
    return pattern


def _type(word: str) -> str:
    return word.lower()


_Patterns = Annotated[tuple[str, ...], Field(min_length=1)]


class Statement(BaseModel):
    """`effect` on `actions` (`job.create`, `job.*`, `*`), where every condition that is given holds.

    `namespaces`, `groups`, `job_types`, `users` and `launchers` are patterns with `*`. `users` is what XAttrs.user may
    name; `""` stands for a job that names none. `privileged` true: only jobs that ask for more than an ordinary run;
    false: only those that do not. A condition about a job holds for no action that runs nobody's code, so such actions
    need a statement without it.
    """

    model_config = ConfigDict(extra="forbid", frozen=True, defer_build=True)

    effect: Literal["allow", "deny"]
    actions: Annotated[tuple[Annotated[str, AfterValidator(_action)], ...], Field(min_length=1)]
    namespaces: _Patterns | None = None
    groups: _Patterns | None = None
    job_types: Annotated[tuple[Annotated[str, AfterValidator(_type)], ...], Field(min_length=1)] | None = None
    users: _Patterns | None = None
    launchers: _Patterns | None = None
    privileged: bool | None = None

    def holds(self, wanted: Wanted) -> bool:
        """Whether it speaks of what is wanted."""
        job = wanted.job
        return (
            _among(wanted.action, self.actions)
            and (self.namespaces is None or _among(wanted.namespace, self.namespaces))
            and (self.groups is None or _among(wanted.group, self.groups))
            and (self.job_types is None or (job is not None and _among(job.job_type, self.job_types)))
            and (self.users is None or (job is not None and _among(job.user, self.users)))
            and (self.launchers is None or (job is not None and _among(job.launcher, self.launchers)))
            and (self.privileged is None or (job is not None and bool(job.privileges) is self.privileged))
        )

    @property
    def about_jobs(self) -> bool:
        """Whether a condition of it needs to know the job."""
        given = (self.job_types, self.users, self.launchers, self.privileged)
        return any(condition is not None for condition in given)

    def __str__(self) -> str:
        """As a refusal quotes it: `deny job.create where job_types is k8s`."""
        patterns = {
            "namespaces": self.namespaces,
            "groups": self.groups,
            "job_types": self.job_types,
            "users": self.users,
            "launchers": self.launchers,
        }
        conditions = [f"{name} is {' or '.join(words)}" for name, words in patterns.items() if words is not None]
        conditions += [] if self.privileged is None else [f"privileged is {str(self.privileged).lower()}"]
        where = f" where {' and '.join(conditions)}" if conditions else ""
        return f"{self.effect} {', '.join(self.actions)}{where}"


def _among(word: str, patterns: Iterable[str]) -> bool:
    return any(fnmatchcase(word, pattern) for pattern in patterns)
