"""What the host answers for a job: the stored binding, and the bound parts on which a worker calls the verbs."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, cast

from anyjob.errors import ContractBroken
from anyjob.executor.given import problems_flaw
from anyjob.outcome import Json

if TYPE_CHECKING:
    from collections.abc import Sequence

    from anyjob.executor.base import Executor, Stage
    from anyjob.executor.capabilities import Capabilities
    from anyjob.executor.command import Command, Exit
    from anyjob.executor.handle import Handle
    from anyjob.executor.launcher import Launcher, Options
    from anyjob.outcome import StopReport
    from anyjob.problem import Problem
    from anyjob.run import Run
    from anyjob.spec import CommonXAttrs, Spec
    from anyjob.spec.mode import ModeXAttrs

__all__ = ["Binding", "Bound", "BoundLauncher", "BoundPlace"]


@dataclass(frozen=True, slots=True, kw_only=True)
class BoundLauncher:
    """The launcher that a job was bound to: its `name`, and the `distribution` and `version` that bring it."""

    name: str
    distribution: str
    version: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Binding:
    """Which plugin of which distribution serves a job. Stored with the job and shown by `explain`.

    `job_type` is the plugin's word, also where the job says an alias. `plugin` is the entry point's name,
    `distribution` and `version` what it was installed from. `launcher` None: its runs are no commands.
    """

    job_type: str
    plugin: str
    distribution: str
    version: str
    launcher: BoundLauncher | None = None

    def to_json(self) -> dict[str, Json]:
        """For a store."""
        launcher = self.launcher
        return {
            "job_type": self.job_type,
            "plugin": self.plugin,
            "distribution": self.distribution,
            "version": self.version,
            "launcher": None
            if launcher is None
            else {"name": launcher.name, "distribution": launcher.distribution, "version": launcher.version},
        }

    @classmethod
    def from_json(cls, value: Mapping[str, Json]) -> Binding:
        """The binding that `to_json` wrote. Raises KeyError or TypeError for anything else."""
        launcher = cast("Mapping[str, Any] | None", value["launcher"])
        words = {name: str(value[name]) for name in ("job_type", "plugin", "distribution", "version")}
        return cls(**words, launcher=BoundLauncher(**launcher) if launcher is not None else None)


@dataclass(frozen=True, slots=True, kw_only=True)
class BoundPlace:
    """A launcher with a job's options: the Place of its runs. `name` is what XAttrs.launcher says, `launcher` the
    object of this process, `options` those of the job."""

    name: str
    launcher: Launcher[Any]
    options: Options

    @property
    def on_node(self) -> bool:
        return self.launcher.on_node

    async def start(self, run: Run, command: Command) -> Handle | Exit:
        return await self.launcher.start(run, command, self.options)

    async def watch(self, run: Run, handle: Handle) -> Exit:
        return await self.launcher.watch(run, handle, self.options)

    async def stop(self, run: Run, handle: Handle, stage: Stage) -> StopReport:
        return await self.launcher.stop(run, handle, stage, self.options)

    async def find(self, run: Run) -> Handle | Exit | None:
        return await self.launcher.find(run, self.options)

    async def clean(self, run: Run, handle: Handle | None) -> None:
        await self.launcher.clean(run, handle, self.options)

    def deadline_command(self, handle: Handle) -> Sequence[str] | None:
        """What ends the command at its deadline when no worker is there."""
        return self.launcher.deadline_command(handle)


@dataclass(frozen=True, slots=True, kw_only=True)
class Bound:
    """Everything that a worker needs to call the four verbs for a run of a job.

    `binding` says who serves it, `executor` is its object in this process. `spec`, `common` and `mode` are what each
    owner read out of the job. `place` is None where runs of the spec keep no user, so that no launcher is chosen.
    `capabilities` are the executor's joined with the place's. `note` says that another version of the same distribution
    serves the job now; empty when it is the one that was bound.
    """

    binding: Binding
    executor: Executor[Any]
    spec: Spec
    common: CommonXAttrs
    mode: ModeXAttrs
    place: BoundPlace | None
    capabilities: Capabilities
    note: str = ""

    @property
    def command_place(self) -> BoundPlace | None:
        """Where the commands of the job run; None for a spec whose runs are none."""
        return self.place if self.place is not None and self.executor.is_command(self.spec) else None

    async def preflight(self) -> list[Problem]:
        """What is missing here for the job, by the executor and then by the launcher. Raises what they raise, and
        ContractBroken for an answer that is none."""
        problems = self._problems("executor", await self.executor.preflight(self.spec))
        if (place := self.command_place) is not None:
            problems += self._problems("launcher", await place.launcher.preflight(place.options))
        return problems

    def _problems(self, who: str, said: object) -> list[Problem]:
        found = [*cast("Iterable[object]", said)] if isinstance(said, Iterable) and not isinstance(said, str) else said
        if flaw := problems_flaw(found):
            kind = f"The {who} of {self.binding.job_type!r}"
            raise ContractBroken(kind, f"its preflight gave {flaw}", "Mend it.")
        return cast("list[Problem]", found)
