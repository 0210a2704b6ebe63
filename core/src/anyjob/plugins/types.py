"""What plugins hand to the host: light values whose strings are imported on first use."""

from __future__ import annotations

import importlib
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from anyjob.plugins.names import check_name

if TYPE_CHECKING:
    from pydantic import BaseModel

    from anyjob.executor.base import Executor
    from anyjob.executor.launcher import Launcher, Options
    from anyjob.samples import SampleSource
    from anyjob.spec import Spec
    from anyjob.status import InstanceStatus

__all__ = ["CommandType", "ExecutorType", "InstanceChange", "LauncherType", "resolve"]


@dataclass(frozen=True, slots=True, kw_only=True)
class ExecutorType:
    """A job type that a plugin runs: `job_type`, and `title` for people, a few words without a full stop.

    `executor`, `spec` and `settings` are classes, or `"module:Name"`, so that a server checks a job without what only a
    worker needs. With `settings`, the model of `[executors.<job_type>]`, the executor is made as
    `Executor(settings=...)`, without as `Executor()`; one object a process. `samples` (`"module:NAME"`) are the jobs
    that the conformance suite runs: a SampleSource of `anyjob.samples`. `aliases` are further JobTypes that mean the
    same. `contract` is the number of the contract that the executor was written for; the default stays 1 for ever.

        ExecutorType(job_type="sql", executor="anyjob_sql.executor:SqlExecutor", spec="anyjob_sql.spec:SqlSpec")

    Raises ValueError for a name that is none, or a string that is no `"module:Name"`.
    """

    job_type: str
    executor: str | type[Executor[Any]]
    spec: str | type[Spec]
    settings: str | type[BaseModel] | None = None
    samples: str | SampleSource | None = None
    aliases: tuple[str, ...] = ()
    contract: int = 1
    title: str = ""

    def __post_init__(self) -> None:
        for name in (self.job_type, *self.aliases):
            check_name("JobType", name)
        for part in ("executor", "spec", "settings", "samples"):
            _check_target(f"JobType {self.job_type!r}", part, getattr(self, part))


@dataclass(frozen=True, slots=True, kw_only=True)
class LauncherType:
    """A launcher that jobs name in XAttrs.launcher by `name`; `options` is the spec of its own keys of XAttrs.

    `launcher`, `options` and `settings`, the model of `[launchers.<name>]`, are classes or strings as in ExecutorType;
    `contract` and `title` are as there.

        LauncherType(name="ssh", launcher="anyjob_ssh.launcher:SshLauncher", options="anyjob_ssh.options:SshOptions")

    Raises ValueError as ExecutorType does.
    """

    name: str
    launcher: str | type[Launcher[Any]]
    options: str | type[Options]
    settings: str | type[BaseModel] | None = None
    contract: int = 1
    title: str = ""

    def __post_init__(self) -> None:
        check_name("Launcher", self.name)
        for part in ("launcher", "options", "settings"):
            _check_target(f"Launcher {self.name!r}", part, getattr(self, part))


@dataclass(frozen=True, slots=True, kw_only=True)
class CommandType:
    """A command of the command line: `anyjob <name>`, by its `name`; `help` is its line in `anyjob --help`.

    `command` is a typer app or plain function, or `"module:name"` of one.

        CommandType(name="serve", command="anyjob_server.cli:serve", help="Run the server.")

    `settings` is the model of the settings' part `part`, if the command reads one of its own (`Settings.part`).
    Raises ValueError as ExecutorType does.
    """

    name: str
    command: str | Callable[..., Any]
    help: str = ""
    part: str = ""
    settings: str | type[BaseModel] | None = None

    def __post_init__(self) -> None:
        check_name("Command", self.name)
        _check_target(f"Command {self.name!r}", "command", self.command)
        _check_target(f"Command {self.name!r}", "settings", self.settings)


@dataclass(frozen=True, slots=True, kw_only=True)
class InstanceChange:
    """An `instance`, by its number, of the job `job_name` with the number `job_id` came into another state.

    `before` is None for a new one, `after` where it stands now; `at` in epoch milliseconds; `why` where it is known.
    """

    job_name: str
    job_id: int
    instance: int
    before: InstanceStatus | None
    after: InstanceStatus
    at: int
    why: str = ""


def resolve(target: str | Any) -> Any:
    """What `"module:Name"` names, imported now; anything else as it is.

    Raises whatever the import does, or AttributeError.
    """
    if not isinstance(target, str):
        return target
    module, _, name = target.partition(":")
    return getattr(importlib.import_module(module), name)


def _check_target(who: str, part: str, target: object) -> None:
    if isinstance(target, str):
        module, _, name = target.partition(":")
        if not (name.isidentifier() and all(word.isidentifier() for word in module.split("."))):
            raise ValueError(f"{who}: {part} {target!r} names nothing to import; write 'package.module:Name'")
