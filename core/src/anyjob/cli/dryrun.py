"""A run that never starts: enough of one for an executor to say what it would do."""

from __future__ import annotations

import threading
from collections.abc import AsyncIterator, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from anyjob.errors import SecretMissing
from anyjob.executor.command import command_flaw
from anyjob.executor.environment import base_environment
from anyjob.executor.given import preview_flaw
from anyjob.outcome import Json
from anyjob.run import RUN_FOLDER, Event
from anyjob.spec import CommonXAttrs
from anyjob.status import TriggerType
from anyjob.worker.face import RunFace
from anyjob.worker.order import RunOrder
from anyjob.worker.record import RunRecord

if TYPE_CHECKING:
    from anyjob.job import Job
    from anyjob.modes import TaskPlan
    from anyjob.plugins import Bound, RunDraft

__all__ = ["RUN", "DryCommand", "dry_command", "shown_secret"]

RUN = "{run}"
"""What stands for the run's folder."""

_INSTANCE = 1


@dataclass(frozen=True, slots=True, kw_only=True)
class DryCommand:
    """A command as it would be started: `{run}` is the run's folder, `[secret NAME]` a value that is read only then."""

    argv: list[str]
    cwd: str
    env: dict[str, str]
    files: dict[str, str]


def shown_secret(name: str) -> str:
    """What stands for the value of a secret."""
    return f"[secret {name}]"


class _NoWorker:
    """What a face needs of its worker, for a run that never is: nothing is kept, and no secret is read."""

    def __init__(self, environment: list[str]) -> None:
        self.base_environment: Mapping[str, str] = base_environment(environment)

    def keep_saved(self, record: RunRecord, data: Json) -> None:
        del record, data

    def keep_cursor(self, record: RunRecord, source: str, cursor: str, size: int) -> None:
        del record, source, cursor, size

    def secret(
        self, record: RunRecord, common: CommonXAttrs, name: str, given_up: threading.Event | None = None
    ) -> str:
        del given_up
        if name not in common.secrets:
            raise SecretMissing(name, f"job {record.order.job.name!r} does not list it under XAttrs.secrets.")
        return shown_secret(name)

    def progressed(self, run: RunFace) -> None:
        del run

    def listen(self, run: RunFace, key: str) -> None:
        del run, key

    def events(self, run: RunFace) -> AsyncIterator[Event]:
        raise NotImplementedError(f"run {run.name} never starts, so nothing is delivered to it")


async def dry_command(
    job: Job, bound: Bound, draft: RunDraft, plan: TaskPlan, environment: list[str]
) -> DryCommand | None:
    """The command of one task, as instance 1 would start it. None for an executor whose runs are no commands.

    Raises what the executor's `preview_command` raises.
    """
    face = _face(job, bound, draft, plan, environment)
    command = await bound.executor.preview_command(face, bound.spec)
    if command is None:
        return None
    if flaw := command_flaw(command):
        raise TypeError(f"command gave {flaw}")
    env = face.environment() if command.env is None else command.env
    return DryCommand(
        argv=[_shown(part) for part in command.argv],
        cwd=_shown(command.cwd or face.common.cwd or RUN_FOLDER),
        env={name: _shown(value) for name, value in env.items()},
        files={name: content.decode(errors="replace") for name, content in command.files.items()},
    )


async def preview(
    job: Job, bound: Bound, draft: RunDraft, plan: TaskPlan, environment: list[str]
) -> dict[str, list[str]]:
    """What executor and launcher say of one task beside its command: lines under titles.

    Raises what their `preview` raises.
    """
    face = _face(job, bound, draft, plan, environment)
    seen = _previewed("executor", bound.executor.preview(face, bound.spec))
    place = bound.command_place
    if place is not None:
        command = await bound.executor.preview_command(face, bound.spec)
        if command is not None:
            seen |= _previewed("launcher", place.launcher.preview(face, command, place.options))
    return seen


def _previewed(who: str, said: Mapping[str, Sequence[str]]) -> dict[str, list[str]]:
    if flaw := preview_flaw(said):
        raise TypeError(f"the {who}'s preview gave {flaw}")
    return {title: [*lines] for title, lines in said.items()}


def _face(job: Job, bound: Bound, draft: RunDraft, plan: TaskPlan, environment: list[str]) -> RunFace:
    order = RunOrder(
        job=job,
        instance=_INSTANCE,
        task=plan.task,
        task_name=plan.name,
        shard=plan.shard,
        trigger=TriggerType.MANUAL_RUN,
    )
    common = bound.common.model_copy(update={"limits": draft.limits, "labels": draft.labels})
    face = RunFace(RunRecord(order=order, binding=bound.binding), _NoWorker(environment), RUN, common, bound.place)
    face.extra_environment = draft.environment
    face.secrets = {name: shown_secret(name) for name in common.secrets}
    return face


def _shown(text: str) -> str:
    return text.replace(RUN_FOLDER, RUN)
