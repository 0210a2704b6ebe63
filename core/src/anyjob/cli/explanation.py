"""Everything that would happen to a job, gathered without starting it."""

from __future__ import annotations

import os
import pwd
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any

from anyjob.cli.dryrun import RUN, DryCommand, dry_command, preview
from anyjob.errors import AnyJobError, RunRefused
from anyjob.executor.capabilities import Capabilities, DeadlineBy
from anyjob.modes import TaskPlan, mode_of
from anyjob.outcome import Json
from anyjob.plugins import Bound, RunDraft
from anyjob.plugins.plugin import failure
from anyjob.problem import Problem
from anyjob.worker.identity import resolve_user
from anyjob.worker.local.enforcement import enforcement
from anyjob.worker.local.refusals import refusals

if TYPE_CHECKING:
    from anyjob.job import Job
    from anyjob.plugins import PluginHost
    from anyjob.settings import Settings

__all__ = ["KEEPERS", "Explanation", "gather"]

KEEPERS = {
    DeadlineBy.SHIM: "the shim, also while no worker lives",
    DeadlineBy.REMOTE: "the remote side, also while no worker lives",
    DeadlineBy.WORKER: "the worker, while it lives",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Explanation:
    """One job as it would run here. `faults`: what would keep it from running, a sentence each."""

    job: Job
    bound: Bound
    plans: list[TaskPlan]
    draft: RunDraft
    command: DryCommand | None
    preview: dict[str, list[str]]
    """What the executor says of it beside the command, if there is one: lines under titles."""
    user: str
    """Empty where it is no user of this node and nobody named one."""
    limits: dict[str, tuple[float, str]]
    """By name: the value, and what keeps it."""
    held_by: str
    faults: list[str]

    @property
    def local(self) -> bool:
        """Whether its runs are processes of this node."""
        return self.bound.place is not None and self.bound.place.name == "local"

    def keeps(self, key: str) -> bool:
        """Whether its runs keep a common key of commands, such as `stopSignal`."""
        return key not in self.bound.executor.ignores(self.bound.spec)

    def to_json(self) -> dict[str, Json]:
        """For `--json`."""
        job, bound, common = self.job, self.bound, self.bound.common
        binding = bound.binding
        deadline = {"seconds": job.timeout, "kept_by": bound.capabilities.deadline.value}
        said: dict[str, Any] = {
            "job": job.name,
            "job_type": job.job_type,
            "plugin": {"name": binding.plugin, "distribution": binding.distribution, "version": binding.version},
            "launcher": None if binding.launcher is None else asdict(binding.launcher),
            "command": None if self.command is None else asdict(self.command),
            "preview": self.preview,
            "user": self.user,
            "limits": {name: {"value": value, "kept_by": keeper} for name, (value, keeper) in self.limits.items()},
            "held_by": self.held_by,
            "deadline": deadline if job.timeout_kill_enable else None,
            "stop": {
                "signal": common.stop_signal if self.keeps("stopSignal") else None,
                "grace": common.grace,
                "leftovers": common.leftovers if self.keeps("leftovers") else None,
            },
            "capabilities": capabilities_json(bound.capabilities),
            "mode": job.execute_mode.value,
            "tasks": [_task_json(plan) for plan in self.plans],
            "secrets": dict(common.secrets),
            "policies": [asdict(change) for change in self.draft.changes],
            "faults": list(self.faults),
        }
        return said


def capabilities_json(capabilities: Capabilities) -> dict[str, Json]:
    """What is promised, with sets as sorted lists."""
    return {
        "deadline": capabilities.deadline.value,
        "proof": capabilities.proof.value,
        "resumes": capabilities.resumes,
        "limits": [*sorted(capabilities.limits)],
        "phases": [*sorted(phase.value for phase in capabilities.phases)],
        "maps": capabilities.maps,
    }


async def gather(job: Job, host: PluginHost, settings: Settings) -> Explanation:
    """Ask everybody who has a say. Raises what `host.bind` raises, and ModeRefused."""
    mode = mode_of(job)
    mode.plan(job, "")
    host.bind(job)
    bound = host.dispatch(job)
    plans = mode.plan(job, "", bound.capabilities.phases)
    common, faults = bound.common, list[str]()
    draft = RunDraft(
        job=job, launcher=common.launcher, user=common.user, limits=common.limits, labels=dict(common.labels)
    )
    try:
        host.prepare(draft, bound.capabilities)
    except RunRefused as refused:
        faults.append(str(refused))
    if bound.place is not None and bound.place.on_node:
        user, home = _user(draft.user, job, settings, faults)
    else:  # elsewhere, or no command at all: who runs it there is not this node's to say
        user, home = draft.user or "", dict[str, str]()
    faults += [
        f"Secret {name!r} is not in the settings: there is no [secrets.{setting}]"
        for name, setting in common.secrets.items()
        if setting not in settings.secrets
    ]
    try:
        faults += [str(problem) for problem in await bound.preflight()]
    except AnyJobError as error:
        faults.append(str(error))
    except Exception as error:  # noqa: BLE001 - a plugin's code may raise anything
        faults.append(f"what it needs here cannot be told: {failure(error)}")
    command: DryCommand | None = None
    seen: dict[str, list[str]] = {}
    try:
        command = await dry_command(job, bound, draft, plans[0], settings.worker.environment)
        seen = await preview(job, bound, draft, plans[0], settings.worker.environment)
    except AnyJobError as error:
        faults.append(str(error))
    except Exception as error:  # noqa: BLE001 - as above
        faults.append(f"what it would do cannot be shown: {failure(error)}")
    if command is not None:
        command.env.update(home)
    here = enforcement(settings.worker.cgroup)
    local = bound.place is not None and bound.place.name == "local"
    if local and command is not None:
        cwd = None if command.cwd.startswith(RUN) else command.cwd
        faults += refusals(command.argv, command.env, cwd, draft.limits)
    keepers = here.limits if local else dict[str, str]()
    otherwise = "nobody on this machine" if local else bound.place.name if bound.place else "the executor"
    return Explanation(
        job=job,
        bound=bound,
        plans=plans,
        draft=draft,
        command=command,
        preview=seen,
        user=user,
        limits={name: (value, keepers.get(name, otherwise)) for name, value in draft.limits if value is not None},
        held_by=f"{here.held_by}{f' ({here.why})' if here.why else ''}" if local else otherwise,
        faults=faults,
    )


def _user(asked: str | None, job: Job, settings: Settings, faults: list[str]) -> tuple[str, dict[str, str]]:
    """As whom, and what of the environment comes with that."""
    found = None if asked is None else resolve_user(asked, job.owner, settings.worker.users)
    if isinstance(found, Problem):
        faults.append(str(found))
        return str(asked), {}
    if found is not None:
        return found.name, {"HOME": found.home, "USER": found.name, "LOGNAME": found.name}
    try:
        return pwd.getpwuid(os.getuid()).pw_name, {}
    except KeyError:  # a uid without an entry
        return str(os.getuid()), {}


def _task_json(plan: TaskPlan) -> dict[str, Json]:
    shard = None if plan.shard is None else asdict(plan.shard)
    return {
        "task": plan.task,
        "name": plan.name,
        "shard": shard,
        "attempts": plan.attempts + 1,
        "interval": plan.interval,
        "phase": plan.phase.value,
    }
