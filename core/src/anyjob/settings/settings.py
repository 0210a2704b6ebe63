"""What an operator set, read and checked."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final, TypeVar, cast

from pydantic import BaseModel, ValidationError

from anyjob.egress import EgressSettings
from anyjob.errors import BadSettings
from anyjob.plugins.settings import PluginSettings
from anyjob.settings.find import Found
from anyjob.spec.wording import explain
from anyjob.worker.settings import SecretSource, WorkerSettings

__all__ = ["PARTS", "UNREAD", "Settings"]

PARTS: Final = ("worker", "server", "executors", "launchers", "secrets", "egress", "plugins")
"""The tables that a settings file may hold."""

UNREAD: Final = ("server",)
"""Parts that core does not read: a plugin's command does, with `Settings.part`."""

M = TypeVar("M", bound=BaseModel)


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """The settings in force. `found` None: there is no file, and all are defaults. `as_caller`: then jobs may do what
    the user of this process may do anyway, since nobody else brings any.

    `executors` and `launchers` are handed to the plugin host, which checks each with its own model when it is first
    used. `written` is the file as it was parsed.
    """

    found: Found | None = None
    worker: WorkerSettings = field(default_factory=WorkerSettings)
    secrets: Mapping[str, SecretSource] = field(default_factory=dict[str, SecretSource])
    plugins: PluginSettings = field(default_factory=PluginSettings)
    egress: EgressSettings = field(default_factory=EgressSettings)
    executors: Mapping[str, Mapping[str, object]] = field(default_factory=dict[str, Mapping[str, object]])
    launchers: Mapping[str, Mapping[str, object]] = field(default_factory=dict[str, Mapping[str, object]])
    written: Mapping[str, object] = field(default_factory=dict[str, object])
    as_caller: bool = False

    @property
    def source(self) -> str:
        """As messages name it."""
        return "The settings" if self.found is None else str(self.found.file)

    def part(self, name: str, model: type[M]) -> M:
        """The part of a plugin's command as its model. Raises BadSettings with every Problem at once."""
        given = cast("Mapping[str, object]", self.written.get(name, {}))  # read_settings refuses what is no table
        try:
            return model.model_validate(given)
        except ValidationError as error:
            problems = explain(error, model, given, lambda path: f"{name}.{path}" if path else name)
            raise BadSettings(self.source, problems) from None

    @classmethod
    def alone(cls) -> Settings:
        """For a command without a file: jobs may do what its user may do anyway, for root also to be root."""
        return cls(worker=WorkerSettings(users={"*": ["*", "root"]}), as_caller=True)
