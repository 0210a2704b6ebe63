"""A job resolved: its type, its launcher, its specs, what is promised for it, and everything that is wrong with it."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, cast

from anyjob.executor.base import COMMAND_KEYS
from anyjob.executor.capabilities import Capabilities
from anyjob.executor.given import capabilities_flaw, problems_flaw
from anyjob.nearest import did_you_mean
from anyjob.plugins.binding import Binding, BoundLauncher, BoundPlace
from anyjob.plugins.builtin import DEFAULT_LAUNCHER
from anyjob.plugins.notices import notices_of_words
from anyjob.plugins.objects import Objects
from anyjob.plugins.plugin import failure
from anyjob.plugins.registry import Offer, Registry, broken
from anyjob.plugins.types import ExecutorType, LauncherType
from anyjob.problem import Problem, shown
from anyjob.spec import CommonXAttrs, Limits, Spec
from anyjob.spec.mode import ModeXAttrs
from anyjob.spec.owners import check_owners
from anyjob.spec.placeholders import placeholder_problems
from anyjob.spec.read import read_spec

if TYPE_CHECKING:
    from anyjob.executor.base import Executor
    from anyjob.job import Job

__all__ = ["Resolved", "Resolver", "common_problems", "forbidden", "misplaced"]


@dataclass(slots=True, kw_only=True)
class Resolved:
    """As far as a job could be resolved. All parts are there when `problems` is empty; `place` only for commands."""

    type: Offer[ExecutorType]
    executor: Executor[Any]
    launcher: Offer[LauncherType] | None = None
    common: CommonXAttrs | None = None
    mode: ModeXAttrs | None = None
    spec: Spec | None = None
    place: BoundPlace | None = None
    capabilities: Capabilities = field(default_factory=Capabilities)
    problems: list[Problem] = field(default_factory=list[Problem])

    @property
    def command_place(self) -> BoundPlace | None:
        """As Bound.command_place."""
        if self.place is None or self.spec is None:
            return None
        return self.place if self.executor.is_command(self.spec) else None

    @property
    def binding(self) -> Binding:
        """Who serves the job."""
        plugin = self.type.plugin
        launcher = self.launcher and BoundLauncher(
            name=self.launcher.kind.name,
            distribution=self.launcher.plugin.distribution,
            version=self.launcher.plugin.version,
        )
        return Binding(
            job_type=self.type.kind.job_type,
            plugin=plugin.name,
            distribution=plugin.distribution,
            version=plugin.version,
            launcher=launcher,
        )


def forbidden(job: Job, found: Resolved) -> list[Problem]:
    """What executor and launcher may not do for the job by their settings. Raises PluginBroken."""
    problems: list[Problem] = []
    if found.spec is not None:
        spec = found.spec
        problems += _forbidden(found.type, job, lambda: found.executor.check(job, spec))
    place = found.command_place
    if place is not None and found.launcher is not None:
        problems += _forbidden(found.launcher, job, lambda: place.launcher.check(job, place.options))
    return problems


def misplaced(job: Job, found: Resolved) -> list[Problem]:
    """Placeholders that no run would fill. Told when a job is made and not of one that is stored: it goes on."""
    # Where the common keys cannot be read, nobody knows what is said of pasting.
    return [*placeholder_problems(job, found.spec, paste=found.common is None or found.common.paste)]


def _forbidden(offer: Offer[Any], job: Job, ask: Callable[[], Iterable[Problem]]) -> list[Problem]:
    try:
        found = list(ask())
    except Exception as error:
        raise broken(job.job_type, offer.plugin, f"its check of a job failed: {failure(error)}") from error
    if flaw := problems_flaw(found):
        raise broken(job.job_type, offer.plugin, f"its check of a job gave {flaw}")
    return found


def common_problems(job: Job) -> list[Problem]:
    """What is wrong with the keys that mean the same for every type."""
    return [problem for model in (CommonXAttrs, ModeXAttrs) for problem in read_spec(model, job)[1]]


class Resolver:
    """Reads jobs with what the registry knows. Asks no policy."""

    def __init__(self, registry: Registry, objects: Objects) -> None:
        self._registry, self._objects = registry, objects

    def resolve(self, job: Job) -> Resolved:
        """Everything about the job at once.

        Raises UnknownJobType, PluginError or BadSettings, where no job of the type can run.
        """
        offer = self._registry.executor(job.job_type)
        model = self._objects.spec_class(offer, job.job_type)
        made = Resolved(type=offer, executor=self._objects.executor(offer, job.job_type))
        made.common, problems = read_spec(CommonXAttrs, job)
        made.mode, of_mode = read_spec(ModeXAttrs, job)
        made.spec, of_type = read_spec(model, job)
        made.problems += [*problems, *of_mode, *of_type]
        owners: list[type[Spec]] = [CommonXAttrs, ModeXAttrs, model]
        if self._launcher(job, made, owners):
            made.problems += check_owners(job, owners)
        if made.spec is not None and (made.place is not None or "user" in _ignored(made, job.job_type)):
            self._capabilities(job, made)
        made.problems = list(dict.fromkeys(made.problems))
        return made

    def _launcher(self, job: Job, made: Resolved, owners: list[type[Spec]]) -> bool:
        """Choose the launcher and add its options to the owners of keys.

        False: it cannot be told which launcher is meant, and all of its keys would be called unread.
        """
        usual = made.executor.launcher or DEFAULT_LAUNCHER
        if made.common is not None and "launcher" not in job.xattrs:
            made.common = made.common.model_copy(update={"launcher": usual})
        name = made.common.launcher if made.common else job.xattrs.get("launcher", usual)
        if not isinstance(name, str):
            return False
        ignored = _ignored(made, job.job_type)
        for key in sorted((ignored & COMMAND_KEYS & set(job.xattrs)) - {"launcher"}):
            remedy = f"is for commands, and runs of JobType {job.job_type!r} are none; take it out"
            value = shown(job.xattrs[key])
            made.problems.append(Problem(field=f"XAttrs.{key}", value=value, remedy=remedy))
        if "launcher" in ignored and name != usual:
            what = "whose runs are no commands" if usual == DEFAULT_LAUNCHER else f"which runs by launcher {usual!r}"
            remedy = f"does not fit JobType {job.job_type!r}, {what}; take it out"
            made.problems.append(Problem(field="XAttrs.launcher", value=name, remedy=remedy))
            return False
        if "user" in ignored:
            return True
        offer = self._registry.launchers.get(name, job.job_type)
        if offer is None:
            known = self._registry.launchers.names()
            remedy = f"is no launcher here; {did_you_mean(name, known) or 'known: ' + ', '.join(known)}"
            made.problems.append(Problem(field="XAttrs.launcher", value=name, remedy=remedy))
            return False
        model = self._objects.options_class(offer, job.job_type)
        options, problems = read_spec(model, job)
        made.launcher = offer
        made.problems += problems
        owners.append(model)
        if options is not None:
            made.place = BoundPlace(name=name, launcher=self._objects.launcher(offer, job.job_type), options=options)
        return True

    def _capabilities(self, job: Job, made: Resolved) -> None:
        """What is promised, and what the job asks for beyond it."""
        kind = f"JobType {made.type.kind.job_type!r}"
        own = _asked(made.type, job.job_type, lambda: made.executor.capabilities(made.spec))
        made.capabilities = own
        place = made.command_place
        if place is not None and made.launcher is not None:
            there = _asked(made.launcher, job.job_type, lambda: place.launcher.capabilities(place.options))
            made.capabilities = own.joined(there)
            made.launcher.plugin.note(notices_of_words(_words_of_place(there)))
            made.type.plugin.note(notices_of_words(_words_of_command(own)))
        else:
            made.type.plugin.note(notices_of_words(_words_of_place(own) | _words_of_command(own)))
        where = kind if place is None else f"launcher {place.name!r}"
        limits = made.common.limits if made.common else Limits()
        for name, value in limits:
            if value is not None and name not in made.capabilities.limits:
                written = cast("Mapping[str, object]", job.xattrs["limits"])[name]
                remedy = f"is not enforced by {where}; take it out" + (
                    "" if place is None else ", or choose another launcher"
                )
                made.problems.append(Problem(field=f"XAttrs.limits.{name}", value=shown(written), remedy=remedy))
        if job.execute_mode.maps and not made.capabilities.maps:
            who = where if own.maps else kind
            remedy = f"needs a run that maps, which {who} does not; write standalone, broadcast or sharding"
            made.problems.append(Problem(field="ExecuteMode", value=job.execute_mode.value, remedy=remedy))


def _ignored(made: Resolved, job_type: str) -> frozenset[str]:
    try:
        found = cast("object", made.executor.ignores(made.spec))
    except Exception as error:
        raise broken(job_type, made.type.plugin, f"its ignores failed: {failure(error)}") from error
    if not isinstance(found, frozenset):
        raise broken(job_type, made.type.plugin, f"its ignores gave a {type(found).__name__}, not a frozenset of keys")
    return cast("frozenset[str]", found)


def _words_of_command(said: Capabilities) -> set[str]:
    """What a type says of its commands; all else is their launcher's."""
    return {*said.phases, *(["maps"] if said.maps else [])}


def _words_of_place(said: Capabilities) -> set[str]:
    return {said.deadline, said.proof, *said.limits, *(["resumes"] if said.resumes else [])}


def _asked(offer: Offer[Any], job_type: str, ask: Callable[[], Capabilities]) -> Capabilities:
    try:
        found = ask()
    except Exception as error:
        raise broken(job_type, offer.plugin, f"its capabilities failed: {failure(error)}") from error
    if flaw := capabilities_flaw(found):
        raise broken(job_type, offer.plugin, f"its capabilities gave {flaw}")
    return found
