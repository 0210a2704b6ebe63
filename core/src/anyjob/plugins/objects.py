"""Classes behind the strings of plugins, and the one object that a host makes of each executor and launcher."""

from __future__ import annotations

from collections.abc import Mapping
from threading import RLock
from typing import Any, TypeVar, cast

from pydantic import BaseModel, ValidationError

from anyjob.errors import BadSettings
from anyjob.executor.base import Executor
from anyjob.executor.launcher import Launcher, Options
from anyjob.plugins.plugin import failure
from anyjob.plugins.registry import Offer, broken
from anyjob.plugins.types import ExecutorType, LauncherType, resolve
from anyjob.problem import Problem, shown
from anyjob.spec import Spec
from anyjob.spec.place import layout
from anyjob.spec.wording import explain

__all__ = ["Objects", "Settings"]

Settings = Mapping[str, Mapping[str, object]]
"""A part of the settings for each job type or launcher: `[executors.<type>]`."""

T = TypeVar("T")


class Objects:
    """Imports on first use, makes each object once. Safe to share between threads.

    A class that cannot be imported or made raises PluginBroken every time, because what it lacks may have been
    installed since.
    """

    def __init__(self, executors: Settings, launchers: Settings, source: str, *, alone: bool = False) -> None:
        """`alone`: there are no settings, so that a model that has `alone()` says what is allowed then."""
        self._settings = {"executors": executors, "launchers": launchers}
        self._source, self._alone = source, alone
        self._made: dict[int, tuple[object, object]] = {}
        self._lock = RLock()

    def executor_class(self, offer: Offer[ExecutorType], job_type: str) -> type[Executor[Any]]:
        """The class of the executor. Raises PluginBroken."""
        return _class(offer, job_type, "executor", Executor)

    def spec_class(self, offer: Offer[ExecutorType], job_type: str) -> type[Spec]:
        """The spec of the job type, its places checked. Raises PluginBroken."""
        return _placed(offer, job_type, _class(offer, job_type, "spec", Spec))

    def options_class(self, offer: Offer[LauncherType], job_type: str) -> type[Options]:
        """The options of the launcher, their places checked. Raises PluginBroken."""
        return _placed(offer, job_type, _class(offer, job_type, "options", Options))

    def executor(self, offer: Offer[ExecutorType], job_type: str) -> Executor[Any]:
        """The executor of this process. Raises PluginBroken or BadSettings."""
        name = offer.kind.job_type
        return self._once(offer, job_type, self.executor_class(offer, job_type), "executors", name)

    def launcher(self, offer: Offer[LauncherType], job_type: str) -> Launcher[Any]:
        """The launcher of this process. Raises PluginBroken or BadSettings."""
        found = cast("type[Launcher[Any]]", _class(offer, job_type, "launcher", Launcher))
        return self._once(offer, job_type, found, "launchers", offer.kind.name)

    def _once(self, offer: Offer[Any], job_type: str, kind: type[T], part: str, name: str) -> T:
        with self._lock:
            entry = self._made.get(id(offer.kind))
            if entry is None:
                entry = self._made[id(offer.kind)] = (offer.kind, self._make(offer, job_type, kind, part, name))
            return cast("T", entry[1])

    def _make(self, offer: Offer[Any], job_type: str, kind: type[T], part: str, name: str) -> T:
        given = self._settings[part].get(name, {})
        arguments: dict[str, object] = {}
        if offer.kind.settings is not None:
            model = _class(offer, job_type, "settings", BaseModel)
            arguments["settings"] = self._read(model, given, f"{part}.{name}")
        elif given:
            field = f"{part}.{name}.{next(iter(given))}"
            problem = Problem(
                field=field,
                value=shown(next(iter(given.values()))),
                remedy=f"is read by nobody; {name} has no settings",
            )
            raise BadSettings(self._source, [problem])
        try:
            return kind(**arguments)
        except Exception as error:
            raise broken(job_type, offer.plugin, f"its {kind.__name__} could not be made: {failure(error)}") from error

    def _read(self, model: type[BaseModel], given: Mapping[str, object], part: str) -> BaseModel:
        made = getattr(model, "alone", None) if self._alone and not given else None
        if made is not None:
            return made()
        try:
            return model.model_validate(dict(given))
        except ValidationError as error:
            problems = explain(error, model, given, lambda name: f"{part}.{name}" if name else part)
            raise BadSettings(self._source, problems) from None


def _class(offer: Offer[Any], job_type: str, part: str, base: type[T]) -> type[T]:
    target = getattr(offer.kind, part)
    try:
        found = resolve(target)
    except (Exception, SystemExit) as error:
        raise broken(
            job_type, offer.plugin, f"its {part} {target!r} could not be imported: {failure(error)}"
        ) from error
    if not (isinstance(found, type) and issubclass(found, base)):
        raise broken(job_type, offer.plugin, f"its {part} {target!r} is no {base.__name__}")
    return found


def _placed(offer: Offer[Any], job_type: str, model: type[T]) -> type[T]:
    try:
        layout(cast("type[Spec]", model))
    except TypeError as error:
        raise broken(job_type, offer.plugin, str(error)) from error
    return model
