"""The plugin host of a process: the typed face of everything that plugins bring."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Iterable, Mapping
from dataclasses import replace
from threading import Lock
from typing import TYPE_CHECKING, Any, Final, cast

from anyjob.errors import AnyJobError, BadSettings, PluginBroken, PluginGone, UnknownJobType
from anyjob.job import BadJob
from anyjob.plugins.binding import Binding, Bound
from anyjob.plugins.builtin import LOCAL, core
from anyjob.plugins.executables import executables
from anyjob.plugins.hooks import Hooks
from anyjob.plugins.loader import Candidate, installed, load
from anyjob.plugins.notices import mark_fields, warn_of_fields
from anyjob.plugins.objects import Objects, Settings
from anyjob.plugins.observers import Observers
from anyjob.plugins.plugin import Plugin, failure
from anyjob.plugins.policies import Policies
from anyjob.plugins.registry import Claims, Offer, Registry
from anyjob.plugins.report import PluginReport, PluginState
from anyjob.plugins.resolver import Resolved, Resolver, common_problems, forbidden, misplaced
from anyjob.plugins.settings import PluginSettings, canonical
from anyjob.plugins.types import CommandType, ExecutorType, LauncherType
from anyjob.problem import Problem
from anyjob.spec import CommonXAttrs
from anyjob.spec.mode import ModeXAttrs
from anyjob.spec.schema import spec_schema

if TYPE_CHECKING:
    from anyjob.executor.base import Executor
    from anyjob.executor.capabilities import Capabilities
    from anyjob.executor.launcher import Launcher, Options
    from anyjob.job import Job
    from anyjob.outcome import Json
    from anyjob.plugins.draft import RunDraft
    from anyjob.spec import Spec

__all__ = ["PluginHost"]

_GOODBYE: Final = 5.0
"""Seconds that observers have at the end: a message to a chat takes less."""
_KEPT: Final = 4096
"""Jobs whose dispatch is remembered."""


class PluginHost:
    """Dispatches each job to the plugin for its JobType. One a process; safe to share between threads.

    `PluginHost.load()` takes every installed plugin, `PluginHost.load_with({"sql": SqlPlugin()})` those of the program
    itself beside them, and `PluginHost({"sql": SqlPlugin()})` only those given, by name, as in tests. Executors and
    launchers are imported when the first job of their type is bound, and made once. `executor_settings` and
    `launcher_settings` are the parts `[executors.<type>]` and `[launchers.<name>]` of the settings, `source` names them
    in messages. `alone`: there is no settings file, and jobs may do what the user of this process may do anyway; a
    settings model that has a classmethod `alone()` is made by it.
    Raises BadSettings when a plugin that the settings require cannot be used.
    """

    def __init__(
        self,
        plugins: Mapping[str, object] | None = None,
        *,
        settings: PluginSettings | None = None,
        executor_settings: Settings | None = None,
        launcher_settings: Settings | None = None,
        source: str = "The settings",
        alone: bool = False,
        local: LauncherType = LOCAL,
        candidates: Iterable[Candidate] = (),
    ) -> None:
        self._hooks = Hooks()
        given = [_given(name, plugin) for name, plugin in (plugins or {}).items()]
        settings = settings or PluginSettings()
        self._core = core(local)
        found = [*given, *candidates, *executables(settings.executables)]
        self._plugins = load(self._hooks, settings, found, own=[local.name])
        _require(settings, self._plugins, source)
        self._registry = Registry(self._plugins, self._core, self._hooks.implementations("anyjob_find_executor"))
        self._objects = Objects(executor_settings or {}, launcher_settings or {}, source, alone=alone)
        self._resolver = Resolver(self._registry, self._objects)
        self._policies = Policies(self._hooks)
        self._dispatched: OrderedDict[int, tuple[Job, Binding | None, Bound]] = OrderedDict()
        self._lock = Lock()
        self._late: dict[str, str] = {}
        self.observers = Observers(self._hooks)

    @classmethod
    def load(
        cls,
        settings: PluginSettings | None = None,
        *,
        executor_settings: Settings | None = None,
        launcher_settings: Settings | None = None,
        source: str = "The settings",
        alone: bool = False,
    ) -> PluginHost:
        """The host of every installed plugin. A plugin's fault harms its own types alone and stands in `report()`."""
        return cls(
            settings=settings,
            executor_settings=executor_settings,
            launcher_settings=launcher_settings,
            source=source,
            alone=alone,
            candidates=installed(),
        )

    @classmethod
    def load_with(cls, own: Mapping[str, object], settings: PluginSettings | None = None) -> PluginHost:
        """The host of every installed plugin, and of those that a program which embeds anyjob has itself, by name.
        Raises BadSettings when one of its own cannot be used: a policy must not be missing without a word.

        PluginHost.load_with({"house": House()})
        """
        made = cls(own, settings=settings, candidates=installed())
        _require(PluginSettings(require=(*own,)), made._plugins, "The program's own plugins")
        return made

    def bind(self, job: Job) -> Binding:
        """Check a job with its type, its launcher and the policies, and say who serves it.

        The binding is stored with the job.
        Raises BadJob with every Problem at once, UnknownJobType where nothing else can be told of the job,
        PluginConflict, PluginBroken, or BadSettings.
        """
        try:
            found = self._resolve(job)
        except UnknownJobType as unknown:
            more = common_problems(job)
            if more:
                raise BadJob([_unknown(unknown), *more], job.name) from None
            raise
        problems = [*found.problems, *forbidden(job, found), *misplaced(job, found), *self._policies.check(job)]
        if problems:
            raise BadJob(problems, job.name)
        warn_of_fields(job)
        self._keep(job, found.binding, _ready(found))  # its first run comes, perhaps with a thousand others
        return found.binding

    def more_problems(self, error: BadJob) -> BadJob:
        """The same error with what type, launcher and policies find in the rest of the job: one reading tells all.

        Fields that are named already are not named again. Raises nothing of its own.
        """
        others = [self.more_problems(other) for other in error.others]
        more: list[Problem] = []
        rest = error.rest
        if rest is not None:
            try:
                found = self._resolve(rest)
                more = [*found.problems, *forbidden(rest, found), *misplaced(rest, found), *self._policies.check(rest)]
            except UnknownJobType as unknown:
                more = [_unknown(unknown), *common_problems(rest)]
            except AnyJobError as fault:
                more = [Problem(field="JobType", value=rest.job_type, remedy=str(fault))]
        named = {problem.field.partition(".")[0] for problem in error.problems}
        more = [problem for problem in more if problem.field.partition(".")[0] not in named]
        return BadJob([*error.problems, *more], error.job, error.source, others)

    def dispatch(self, job: Job, binding: Binding | None = None) -> Bound:
        """Resolve a bound job to the executor, spec and place on which a worker calls the verbs.

        Policies are not asked again.
        Without a binding the job goes to whoever serves its type now. Another version of the bound distribution is
        taken, and noted; another distribution raises PluginGone. Also raises what `bind` does. The answer is kept for
        the same Job object.
        """
        with self._lock:
            kept = self._dispatched.get(id(job))  # the entry holds the job, so no other job has its id
            if kept is not None and _same(kept[1], binding, kept[2].binding):
                self._dispatched.move_to_end(id(job))
                return kept[2]
        bound = self._bound(job, binding)
        self._keep(job, binding, bound)
        return bound

    def _keep(self, job: Job, binding: Binding | None, bound: Bound) -> None:
        with self._lock:
            self._dispatched[id(job)] = (job, binding, bound)
            self._dispatched.move_to_end(id(job))
            while len(self._dispatched) > _KEPT:
                self._dispatched.popitem(last=False)

    def privileges(self, job: Job) -> list[str]:
        """What a job asks for beyond an ordinary run (`Executor.privileges`). Raises what `dispatch` does, and
        PluginBroken.
        """
        bound = self.dispatch(job)
        try:
            asked = [*bound.executor.privileges(job, bound.spec)]
            if (place := bound.command_place) is not None:
                asked += place.launcher.privileges(job, place.options)
        except Exception as error:
            at, cause = bound.binding, f"its privileges failed: {failure(error)}"
            raise PluginBroken(job.job_type, at.plugin, at.distribution, cause) from error
        return asked

    def close(self) -> None:
        """Give observers five seconds for what they have not been told. For the end of a process: their threads end
        with it, wherever they are. It blocks; what is told afterwards is lost, and counted.
        """
        self.observers.close(_GOODBYE)

    @property
    def has_policies(self) -> bool:
        """Whether `prepare` asks anybody; a worker need not make a draft when nobody is asked."""
        return self._policies.prepares

    def prepare(self, draft: RunDraft, capabilities: Capabilities | None = None) -> None:
        """Let the policies look at a run before it starts; what they changed stands in `draft.changes`.

        With `capabilities` of the bound job a limit that a policy sets and nothing enforces refuses the run. Raises
        RunRefused.
        """
        self._policies.prepare(draft, capabilities)

    def types(self) -> list[Offer[ExecutorType]]:
        """The job types that can run here, by name. Imports none of them."""
        return self._registry.executors.offers()

    def launchers(self) -> list[Offer[LauncherType]]:
        """The launchers that can be named here, by name."""
        return self._registry.launchers.offers()

    def spec(self, job_type: str) -> type[Spec]:
        """The spec of a type, for schemas and forms. Raises UnknownJobType or PluginError."""
        return self._objects.spec_class(self._registry.executor(job_type), job_type)

    def options(self, launcher: str) -> type[Options]:
        """What a launcher reads of XAttrs, for schemas and forms. Raises PluginError, or KeyError for one that nobody
        brings."""
        return self._objects.options_class(self._launcher(launcher), launcher)

    def schema(self, job_type: str, launcher: str | None = None) -> dict[str, Json]:
        """JSON Schema of a job of the type, with the options of a launcher if one is named.

        Raises UnknownJobType, PluginError, or KeyError for a launcher that nobody brings.
        """
        models = [CommonXAttrs, ModeXAttrs, self.spec(job_type)]
        if launcher is not None:
            models.append(self.options(launcher))
        return mark_fields(spec_schema(*models))

    def executor(self, job_type: str) -> Executor[Any]:
        """The executor of a type, made now if it was not. Raises UnknownJobType, PluginError or BadSettings."""
        return self._objects.executor(self._registry.executor(job_type), job_type)

    def launcher(self, name: str) -> Launcher[Any]:
        """The launcher of a name, made now if it was not. Raises KeyError, PluginError or BadSettings."""
        return self._objects.launcher(self._launcher(name), name)

    def commands(self) -> list[Offer[CommandType]]:
        """The commands that plugins bring, by name. A name with two claims is used from neither, and reported."""
        claims = Claims[CommandType]("Command")
        by_name = {plugin.name: plugin for plugin in self._plugins}
        for call in self._hooks.implementations("anyjob_commands"):
            plugin = by_name[call.plugin]
            try:
                for kind in cast("Iterable[object]", call() or ()):
                    if not isinstance(kind, CommandType):
                        raise TypeError(f"it gave {type(kind).__name__}, not CommandType")
                    claims.add(kind.name, plugin, kind)
            except Exception as error:  # noqa: BLE001 - a plugin's code may raise anything
                plugin.fail(PluginState.BROKEN, f"its anyjob_commands failed: {failure(error)}")
        claims.tell()
        return claims.offers()

    def report(self) -> list[PluginReport]:
        """What became of every plugin, core first. Imports nothing."""
        return [self._core.report(), *(self._reported(plugin) for plugin in self._plugins)]

    def _launcher(self, name: str) -> Offer[LauncherType]:
        offer = self._registry.launchers.get(name, name)
        if offer is None:
            raise KeyError(name)
        return offer

    def _reported(self, plugin: Plugin) -> PluginReport:
        report = plugin.report()
        late = self._late.get(plugin.name) if report.state is PluginState.OK else None
        return replace(report, state=PluginState.BROKEN, why=f"{late[0].upper()}{late[1:]}.") if late else report

    def _resolve(self, job: Job) -> Resolved:
        try:
            found = self._resolver.resolve(job)
        except PluginBroken as error:
            self._late[error.plugin] = error.cause
            raise
        self._late.pop(found.type.plugin.name, None)
        return found

    def _bound(self, job: Job, binding: Binding | None) -> Bound:
        try:
            found = self._resolve(job)
        except UnknownJobType:
            if binding is None:
                raise
            raise PluginGone(job.name, job.job_type, f"{binding.distribution} {binding.version}", None) from None
        if found.problems:
            raise BadJob(found.problems, job.name)
        return _ready(found, _verified(job, binding, found.binding) if binding else "")


def _same(kept: Binding | None, asked: Binding | None, now: Binding) -> bool:
    """Whether two bindings mean the same; None: whoever serves the type, who is `now`."""
    return kept is asked or (kept or now) == (asked or now)


def _ready(found: Resolved, note: str = "") -> Bound:
    return Bound(
        binding=found.binding,
        executor=found.executor,
        spec=cast("Spec", found.spec),
        common=cast("CommonXAttrs", found.common),
        mode=cast("ModeXAttrs", found.mode),
        place=found.place,
        capabilities=found.capabilities,
        note=note,
    )


def _unknown(error: UnknownJobType) -> Problem:
    remedy = str(error).partition(": ")[2].replace("no installed plugin runs it", "is run by no installed plugin", 1)
    return Problem(field="JobType", value=error.job_type, remedy=remedy)


def _given(name: str, plugin: object) -> Candidate:
    return Plugin(name=name, distribution="embedded", version="0"), lambda: plugin


def _require(settings: PluginSettings, plugins: list[Plugin], source: str) -> None:
    problems: list[Problem] = []
    for name in settings.require:
        meant = [p for p in plugins if canonical(name) in (canonical(p.name), canonical(p.distribution))]
        if not meant:
            problems.append(
                Problem(field="plugins.require", value=name, remedy="is not installed; install it, or take it out")
            )
        problems += [
            Problem(field="plugins.require", value=name, remedy=f"cannot be used: {plugin.label}: {plugin.why}")
            for plugin in meant
            if not plugin.usable
        ]
    if problems:
        raise BadSettings(source, problems)


def _verified(job: Job, bound: Binding, now: Binding) -> str:
    """What differs from the stored binding and may. Raises PluginGone for what may not."""
    pairs = [("", bound.distribution, bound.version, now.distribution, now.version)]
    if bound.launcher and now.launcher and bound.launcher.name == now.launcher.name:
        old, new = bound.launcher, now.launcher
        pairs.append((f" (launcher {old.name!r})", old.distribution, old.version, new.distribution, new.version))
    notes: list[str] = []
    for what, old, old_version, new, new_version in pairs:
        if canonical(old) != canonical(new):
            raise PluginGone(job.name, job.job_type, f"{old} {old_version}{what}", f"{new} {new_version}{what}")
        if old_version != new_version:
            notes.append(f"bound to {old} {old_version}{what}, served by {new_version}")
    return "; ".join(notes)
