"""The policy of an access key: its statements, and what they decide."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Final, cast

from pydantic import ValidationError

from anyjob.errors import BadInput
from anyjob.problem import Problem
from anyjob.spec.wording import explain
from anyjob_server.trust.statement import Statement
from anyjob_server.trust.wanted import Wanted

__all__ = ["EVERYTHING", "BadPolicy", "Decision", "Policy"]


class BadPolicy(BadInput):
    """A policy that cannot be used. `problems` names every wrong value."""

    def __init__(self, problems: Sequence[Problem]) -> None:
        self.problems = tuple(problems)
        super().__init__("The policy cannot be used:\n" + "\n".join(f"  {problem}" for problem in self.problems))


@dataclass(frozen=True, slots=True, kw_only=True)
class Decision:
    """`why` is told to whoever asked, and stands in the audit log: the statement, or that there was none."""

    allowed: bool
    why: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Policy:
    """Deny wins; what no statement allows is refused. `namespace` and `group`: the key's scope, empty for all."""

    statements: tuple[Statement, ...]
    namespace: str = ""
    group: str = ""
    about_jobs: bool = field(init=False)
    """Whether the job must be known to decide: who asks can spare the look."""

    def __post_init__(self) -> None:
        object.__setattr__(self, "about_jobs", any(statement.about_jobs for statement in self.statements))

    @classmethod
    def read(cls, text: str, namespace: str = "", group: str = "") -> Policy:
        """A policy of its JSON, a list of statements; empty: everything within the scope. Raises BadPolicy."""
        if not text:
            return cls(statements=_ALL, namespace=namespace, group=group)
        try:
            written = cast("object", json.loads(text))
        except ValueError as error:
            raise BadPolicy([Problem(field="policy", value="", remedy=f"is not JSON: {error}")]) from None
        if not isinstance(written, list) or not written:
            remedy = 'is no list of statements; write [{"effect": "allow", "actions": ["job.*"]}]'
            raise BadPolicy([Problem(field="policy", value="", remedy=remedy)])
        made, problems = list[Statement](), list[Problem]()
        for number, one in enumerate(cast("list[object]", written)):
            at = f"policy[{number}]"
            if not isinstance(one, dict):
                remedy = 'is no statement; write {"effect": "allow", "actions": ["job.*"]}'
                problems.append(Problem(field=at, value=json.dumps(one), remedy=remedy))
                continue
            given = cast("dict[str, object]", one)
            try:
                # As JSON says it: a list is no tuple in strict mode, and lax mode takes 1 for true.
                made.append(Statement.model_validate(given))
            except ValidationError as error:
                problems += explain(error, Statement, given, lambda name, at=at: f"{at}.{name}" if name else at)
        if problems:
            raise BadPolicy(problems)
        return cls(statements=tuple(made), namespace=namespace, group=group)

    def decide(self, wanted: Wanted) -> Decision:
        """Whether it may be."""
        outside = self._outside(wanted)
        if outside:
            return Decision(allowed=False, why=outside)
        holding = [statement for statement in self.statements if statement.holds(wanted)]
        for statement in holding:
            if statement.effect == "deny":
                return Decision(allowed=False, why=f"its policy says: {statement}")
        if not holding:
            return Decision(allowed=False, why=f"no statement of its policy allows {_said(wanted)}")
        return Decision(allowed=True, why=str(holding[0]))

    def _outside(self, wanted: Wanted) -> str:
        if self.namespace and wanted.namespace != self.namespace:
            return f"it is for namespace {self.namespace!r} alone"
        if self.group and wanted.group != self.group:
            return f"it is for app group {self.group!r} alone"
        return ""


def _said(wanted: Wanted) -> str:
    job = wanted.job
    if job is None:
        return wanted.action
    told = [f"JobType {job.job_type}"]
    told += [f"user {job.user}"] if job.user else []
    told += [f"launcher {job.launcher}"] if job.launcher else []
    told += [", ".join(job.privileges)] if job.privileges else []
    return f"{wanted.action} of {'; '.join(told)}"


_ALL: Final = (Statement(effect="allow", actions=("*",)),)

EVERYTHING: Final = Policy(statements=_ALL)
"""The policy of a key that was given none."""
