"""Which program a job runs in: what it names, or what the settings say."""

from __future__ import annotations

import os
from dataclasses import dataclass

from anyjob.nearest import did_you_mean
from anyjob.problem import Problem
from anyjob_go.program import changeable, lies_in
from anyjob_go.settings import GoSettings
from anyjob_go.spec import LOCAL, GoSpec

__all__ = ["Choice", "chosen", "forbidden", "refused"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Choice:
    """A program with its arguments. `field` is where it is named; `listed`: by the operator, not by the job."""

    argv: tuple[str, ...]
    field: str
    listed: bool

    @property
    def path(self) -> str:
        """The program."""
        return self.argv[0]


def chosen(spec: GoSpec, settings: GoSettings) -> Choice | Problem | None:
    """The program; a Problem for a word that the settings do not have; None: nobody names one."""
    if spec.binary is not None:
        if spec.binary.startswith("/"):
            return Choice(argv=(spec.binary,), field="XAttrs.binary", listed=False)
        if spec.binary in settings.binaries:
            return _listed(spec.binary, settings)
        near = did_you_mean(spec.binary, settings.binaries)
        remedy = f"is no word of [executors.go] binaries; {near or 'add it there, or write an absolute path'}"
        return Problem(field="XAttrs.binary", value=spec.binary, remedy=remedy)
    for word in (spec.job_name, spec.group, "*"):
        if word in settings.binaries:
            return _listed(word, settings)
    return None


def forbidden(choice: Choice | Problem | None, spec: GoSpec, settings: GoSettings) -> Problem | None:
    """Why the job may not run in it whatever there is on the machine; None: that is to be seen there."""
    if isinstance(choice, Problem):
        return choice
    if choice is None:
        remedy = "needs a program, and none is named; write XAttrs.binary, or list one in [executors.go] binaries"
        return Problem(field="XAttrs.isolation", value=spec.isolation or "", remedy=remedy)
    if spec.launcher == LOCAL and not choice.listed and not settings.folders:
        return _outside(choice)
    return None


def refused(choice: Choice | Problem | None, spec: GoSpec, settings: GoSettings) -> Problem | None:
    """Why the job may not run in it; None: it may."""
    problem = forbidden(choice, spec, settings)
    if problem is not None or not isinstance(choice, Choice):
        return problem
    if spec.launcher != LOCAL:
        return None  # a path of another file system
    if not choice.listed and not lies_in(choice.path, settings.folders):
        return _outside(choice)
    place = changeable(choice.path) if os.geteuid() == 0 else None
    if place is None:
        return None
    remedy = f"can be changed by others than its owner by {place}, and this worker is root; chmod go-w {place}"
    return Problem(field=choice.field, value=choice.path, remedy=remedy)


def _outside(choice: Choice) -> Problem:
    remedy = "lies in none of the folders that [executors.go] folders lists; put it there, or add its folder"
    return Problem(field=choice.field, value=choice.path, remedy=remedy)


def _listed(word: str, settings: GoSettings) -> Choice:
    return Choice(argv=settings.binaries[word], field=f"executors.go.binaries.{word}", listed=True)
