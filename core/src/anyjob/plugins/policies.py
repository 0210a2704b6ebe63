"""Asking the policies: one that fails closes the door, and every change has a name beside it."""

from __future__ import annotations

import logging
from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, cast

from anyjob.errors import RunRefused
from anyjob.executor.capabilities import Capabilities
from anyjob.plugins.draft import DraftChange, RunDraft
from anyjob.plugins.hooks import Hooks
from anyjob.plugins.plugin import failure
from anyjob.problem import Problem
from anyjob.spec import Limits

if TYPE_CHECKING:
    from anyjob.job import Job

__all__ = ["Policies"]

_log = logging.getLogger(__name__)


class Policies:
    """The implementations of `anyjob_check_job` and `anyjob_prepare_run`, in the order of the plugins' names."""

    def __init__(self, hooks: Hooks) -> None:
        self._checks = hooks.implementations("anyjob_check_job")
        self._preparations = hooks.implementations("anyjob_prepare_run")

    @property
    def prepares(self) -> bool:
        """Whether any policy looks at runs."""
        return bool(self._preparations)

    def check(self, job: Job) -> list[Problem]:
        """What the policies have against the job, each Problem with the name of its policy."""
        problems: list[Problem] = []
        for call in self._checks:
            try:
                for found in cast("Iterable[object]", call(job=job) or ()):
                    if not isinstance(found, Problem):
                        raise TypeError(f"it gave {type(found).__name__}, not Problem")
                    remedy = f"{found.remedy} (policy {call.plugin!r})"
                    problems.append(Problem(field=found.field, value=found.value, remedy=remedy, excerpt=found.excerpt))
            except Exception as error:  # noqa: BLE001 - a plugin's code may raise anything, and then nothing passes
                _log.warning("policy %r failed", call.plugin, exc_info=True)
                remedy = (
                    f"could not be checked by policy {call.plugin!r}, which failed ({failure(error)}); ask the operator"
                )
                problems.append(Problem(field="The job", value="", remedy=remedy))
        return problems

    def prepare(self, draft: RunDraft, capabilities: Capabilities | None) -> None:
        """Let every policy change the draft. Raises RunRefused."""
        for call in self._preparations:
            before = _state(draft)
            fixed = (draft.job, draft.launcher)
            try:
                call(draft=draft)
            except Exception as error:
                _log.warning("policy %r failed", call.plugin, exc_info=True)
                raise RunRefused(draft.job.name, call.plugin, f"it failed: {failure(error)}") from error
            why = _illegal(draft, fixed) if draft.refused is None else draft.refused or "it gave no reason"
            if why is not None:
                raise RunRefused(fixed[0].name, call.plugin, why)
            after = _state(draft)
            changes = [
                DraftChange(policy=call.plugin, what=what, before=before.get(what), after=after.get(what))
                for what in {**before, **after}
                if before.get(what) != after.get(what)
            ]
            draft.changes += changes
            for change in changes:
                limit = change.what.removeprefix("limits.")
                if limit != change.what and change.after is not None and not _enforced(limit, capabilities):
                    why = f"it set {change.what} to {change.after}, which nothing enforces for this job"
                    raise RunRefused(draft.job.name, call.plugin, why)


def _enforced(limit: str, capabilities: Capabilities | None) -> bool:
    return capabilities is None or limit in capabilities.limits


def _state(draft: RunDraft) -> Mapping[str, object]:
    """Everything that a policy may change, flat."""
    return {
        "user": draft.user,
        **{f"limits.{name}": value for name, value in draft.limits},
        **{f"labels.{name}": value for name, value in draft.labels.items()},
        **{f"environment.{name}": value for name, value in draft.environment.items()},
    }


def _illegal(draft: RunDraft, fixed: tuple[Job, str | None]) -> str | None:
    """Why the draft cannot be used as the policy left it."""
    if draft.job is not fixed[0] or draft.launcher != fixed[1]:
        return "it changed the job or the launcher, which are fixed when a job is bound"
    if not isinstance(cast("object", draft.limits), Limits):
        return "it set limits to something that is no Limits"
    if not isinstance(cast("object", draft.user), (str, type(None))):
        return "it set user to something that is no text"
    for part in ("labels", "environment"):
        texts = getattr(draft, part)
        if not isinstance(texts, dict) or not all(
            isinstance(text, str) for pair in cast("dict[object, object]", texts).items() for text in pair
        ):
            return f"it put something that is no text into {part}"
    return None
