"""The TOML file that makes an executable the executor of a job type."""

from __future__ import annotations

import hashlib
import os
import stat
import tomllib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any, Final, Literal

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, ValidationError

from anyjob.errors import PluginError
from anyjob.executor.capabilities import Capabilities, DeadlineBy, Limit, Phase
from anyjob.executor.handle import Scope
from anyjob.outcome import Strength
from anyjob.plugins.names import is_name
from anyjob.problem import Problem
from anyjob.samples import Samples
from anyjob.spec.wording import explain
from anyjob.worker.apps.fields import FieldTable
from anyjob.worker.apps.sampletables import BadSampleTable, SampleTables, make_samples

__all__ = ["BadDefinition", "Definition", "Patience", "read_definition"]

_LARGEST: Final = 1 << 20


class BadDefinition(PluginError):
    """The file cannot be used. `problems` names everything that is wrong with it."""

    def __init__(self, file: Path, problems: Sequence[Problem]) -> None:
        self.file, self.problems = file, tuple(problems)
        super().__init__(f"{file} cannot be used: " + "; ".join(str(problem) for problem in self.problems))


def _name(value: str) -> str:
    if not is_name(value):
        raise ValueError("is no name; use a-z, 0-9, '.', '_' and '-', a letter or digit first")
    return value


def _proof(value: str) -> str:
    if value == Strength.PROVEN.value:
        raise ValueError("is more than anybody can check of a program outside; write REPORTED or ASKED")
    return value


def _keeper(value: str) -> str:
    if value == DeadlineBy.SHIM.value:
        raise ValueError("is the shim, which does not know these runs; write WORKER or REMOTE")
    return value


def _command(value: list[str]) -> list[str]:
    if not value[0] or any("\0" in word for word in value):
        raise ValueError("is no command; write a program and its arguments")
    return value


class _Table(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True, defer_build=True)


class CapabilitiesTable(_Table):
    """What is promised, no more than a program outside can: never PROVEN, never a deadline kept by the shim."""

    proof: Annotated[Literal["ASKED", "REPORTED", "PROVEN"], AfterValidator(_proof)] = "ASKED"
    resumes: bool = False
    deadline: Annotated[Literal["WORKER", "REMOTE", "SHIM"], AfterValidator(_keeper)] = "WORKER"
    limits: list[Limit] = []
    phases: Annotated[list[Phase], Field(min_length=1)] = [Phase.PROCESS]
    maps: bool = False
    scope: Scope = Scope.NODE

    @property
    def value(self) -> Capabilities:
        """The same as an executor in Python says it."""
        return Capabilities(
            deadline=DeadlineBy(self.deadline),
            proof=Strength(self.proof),
            resumes=self.resumes,
            limits=frozenset(self.limits),
            phases=frozenset(self.phases),
            maps=self.maps,
        )


class Patience(_Table):
    """How long the worker waits for the program.

    `answer`: seconds for the handshake and for each answer. `grace`: seconds between the end of its input and SIGKILL,
    when the worker closes. `tries`: faults in a row after which its runs end `unknown`; each waits twice as long as the
    one before.
    """

    answer: Annotated[float, Field(gt=0, le=3600)] = 30
    grace: Annotated[float, Field(ge=0, le=300)] = 5
    tries: Annotated[int, Field(ge=1, le=100)] = 8


class _File(_Table):
    job_type: Annotated[str, AfterValidator(_name)]
    command: Annotated[list[str], Field(min_length=1), AfterValidator(_command)]
    title: str = ""
    aliases: list[Annotated[str, AfterValidator(_name)]] = []
    name: Annotated[str, AfterValidator(_name)] | None = None
    version: Annotated[str, Field(min_length=1, max_length=64)] | None = None
    sources: list[Annotated[str, Field(min_length=1, max_length=64)]] = ["log"]
    fields: dict[Annotated[str, Field(pattern=r"^[a-z][A-Za-z0-9_]*$")], FieldTable] = {}
    capabilities: CapabilitiesTable = CapabilitiesTable()
    patience: Patience = Patience()
    samples: SampleTables = {}
    bad_jobs: list[BadSampleTable] = []


@dataclass(frozen=True, slots=True, kw_only=True)
class Definition:
    """One executable as the executor of a job type.

    `command` is executed in the folder of `file`. `name` and `version` are its identity: what a binding keeps.
    `sources` are the names under which its output has cursors.
    """

    file: Path
    job_type: str
    command: tuple[str, ...]
    title: str
    aliases: tuple[str, ...]
    name: str
    version: str
    sources: tuple[str, ...]
    fields: Mapping[str, FieldTable]
    capabilities: Capabilities
    scope: Scope
    patience: Patience
    samples: Samples

    @property
    def folder(self) -> Path:
        """Where its file lies, and its command is executed."""
        return self.file.parent

    @property
    def who(self) -> str:
        """As messages name the program."""
        return f"The executable of JobType {self.job_type!r} ({self.file})"


def read_definition(file: Path) -> Definition:
    """What the file says. Raises BadDefinition with every Problem.

    A worker that is root takes it only if nobody else can change it, or the program: they are code that root executes.
    """
    file = file.absolute()
    data = _bytes(file)
    written = _table(file, data)
    try:
        said = _File.model_validate(written)
    except ValidationError as error:
        raise BadDefinition(file, explain(error, _File, written, lambda name: name or "The file")) from None
    problems = list(_unsafe(file, said.command)) if os.geteuid() == 0 else []
    if problems:
        raise BadDefinition(file, problems)
    return Definition(
        file=file,
        job_type=said.job_type,
        command=tuple(said.command),
        title=said.title,
        aliases=tuple(said.aliases),
        name=said.name or said.job_type,
        version=said.version or f"0+{hashlib.sha256(data).hexdigest()[:12]}",
        sources=tuple(said.sources),
        fields=said.fields,
        capabilities=said.capabilities.value,
        scope=said.capabilities.scope,
        patience=said.patience,
        samples=make_samples(said.samples, said.bad_jobs),
    )


def _bytes(file: Path) -> bytes:
    try:
        with file.open("rb") as opened:
            data = opened.read(_LARGEST + 1)
    except OSError as error:
        problem = Problem(field="The file", value="", remedy=f"cannot be read: {error.strerror or error}")
        raise BadDefinition(file, [problem]) from None
    if len(data) > _LARGEST:
        raise BadDefinition(file, [Problem(field="The file", value="", remedy=f"has more than {_LARGEST} bytes")])
    return data


def _table(file: Path, data: bytes) -> dict[str, Any]:
    try:
        return tomllib.loads(data.decode())
    except UnicodeDecodeError as error:
        problem = Problem(field=f"byte {error.start + 1}", value="", remedy="is not UTF-8; save the file as UTF-8")
    except tomllib.TOMLDecodeError as error:
        problem = Problem(field="The file", value="", remedy=f"is not TOML: {error}")
    raise BadDefinition(file, [problem])


def _unsafe(file: Path, command: Sequence[str]) -> list[Problem]:
    """Files of the executor that others than their owner can change, and folders in which they could swap them."""
    own = [file, *(path for word in command if (path := file.parent / word).is_file())]
    paths = dict.fromkeys(above for path in own for above in (path, *path.resolve().parents, path.resolve()))
    problems: list[Problem] = []
    for path in paths:
        mode = path.stat().st_mode
        sticky = stat.S_ISDIR(mode) and mode & stat.S_ISVTX
        if mode & (stat.S_IWGRP | stat.S_IWOTH) and not sticky:
            remedy = "can be changed by others than its owner, and this worker is root; chmod go-w"
            problems.append(Problem(field=str(path), value="", remedy=remedy))
    return problems
