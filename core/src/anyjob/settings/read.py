"""A settings file read: every wrong value at once."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import TypeVar, cast

from pydantic import BaseModel, ValidationError

from anyjob.egress import EgressSettings
from anyjob.errors import BadSettings
from anyjob.nearest import did_you_mean
from anyjob.plugins.names import is_name
from anyjob.plugins.settings import PluginSettings
from anyjob.problem import Problem, shown
from anyjob.secret import Source
from anyjob.settings.find import Found
from anyjob.settings.settings import PARTS, Settings
from anyjob.spec.wording import explain
from anyjob.worker.settings import SecretSource, WorkerSettings

__all__ = ["read_anyway", "read_settings"]

_AT = re.compile(r"(?P<says>.*) \(at (line (?P<line>\d+), column (?P<column>\d+)|end of document)\)\Z", re.DOTALL)

_LISTED = ", ".join(PARTS)

M = TypeVar("M", bound=BaseModel)


def read_settings(found: Found) -> Settings:
    """The settings of a file. Relative paths (a secret's file, executables) count from the folder of the settings.

    Raises BadSettings with every Problem of core's parts at once.
    """
    settings, problems = read_anyway(found)
    if problems:
        raise BadSettings(settings.source, problems)
    return settings


def read_anyway(found: Found) -> tuple[Settings, list[Problem]]:
    """The settings of a file, with defaults for what cannot be used, and every Problem of core's parts.

    Raises BadSettings for what is no TOML.
    """
    written = _parsed(found)
    reader = _Reader()
    known = {name: value for name, value in written.items() if reader.knows(name, value)}
    plugins = reader.model(PluginSettings, known.get("plugins", {}), "plugins") or PluginSettings()
    folder = found.file.parent
    settings = Settings(
        found=found,
        worker=reader.worker(known.get("worker", {}), folder),
        plugins=plugins.model_copy(update={"executables": tuple(folder / path for path in plugins.executables)}),
        egress=reader.model(EgressSettings, known.get("egress", {}), "egress") or EgressSettings(),
        secrets=reader.secrets(known.get("secrets", {}), folder),
        executors=reader.named(known.get("executors", {}), "executors"),
        launchers=reader.named(known.get("launchers", {}), "launchers"),
        written=written,
    )
    return settings, reader.problems


class _Reader:
    """Collects the Problems of all parts."""

    def __init__(self) -> None:
        self.problems: list[Problem] = []

    def knows(self, name: str, value: object) -> bool:
        """Whether it is a table that a settings file may hold."""
        if name not in PARTS:
            # The value is left out: under a misspelt [secrets] it may be one.
            hint = did_you_mean(name, PARTS) or f"the parts are {_LISTED}"
            if not isinstance(value, dict):
                hint = f"a setting stands below the heading of its part, such as [server] or [worker]; {hint}"
            remedy = f"is no part of the settings; {hint}"
            self.problems.append(Problem(field=name, value="", remedy=remedy))
        elif not isinstance(value, dict):
            self.problems.append(Problem(field=name, value="", remedy=f"is not a table; write [{name}]"))
        else:
            return True
        return False

    def model(self, model: type[M], value: object, part: str) -> M | None:
        """The part as its model; None and Problems when it cannot be."""
        given = cast("Mapping[str, object]", value)
        try:
            return model.model_validate(given)
        except ValidationError as error:
            self.problems += explain(error, model, given, lambda name: f"{part}.{name}" if name else part)
            return None

    def worker(self, value: object, folder: Path) -> WorkerSettings:
        """The part [worker]. No Problem repeats a token, and files of tokens count from the folder."""
        before = len(self.problems)
        read = self.model(WorkerSettings, value, "worker") or WorkerSettings()
        self.problems[before:] = [
            replace(problem, value="") if _may_be_token(problem.field) else problem
            for problem in self.problems[before:]
        ]
        tokens = {
            group: source.model_copy(update={"file": folder / source.file})
            if isinstance(source, Source) and source.file is not None
            else source
            for group, source in read.apps.tokens.items()
        }
        return read.model_copy(update={"apps": read.apps.model_copy(update={"tokens": tokens})})

    def secrets(self, value: object, folder: Path) -> dict[str, SecretSource]:
        """The sources by name. No Problem repeats a value: somebody may have written the secret itself."""
        sources: dict[str, SecretSource] = {}
        for name, table in cast("Mapping[str, object]", value).items():
            part = f"secrets.{name}"
            if not isinstance(table, dict):
                remedy = f"is not a table; write [{part}] with a file, env or command that holds the secret"
                self.problems.append(Problem(field=part, value="", remedy=remedy))
                continue
            before = len(self.problems)
            source = self.model(SecretSource, cast("object", table), part)
            self.problems[before:] = [replace(problem, value="") for problem in self.problems[before:]]
            if source is not None:
                sources[name] = (
                    source if source.file is None else source.model_copy(update={"file": folder / source.file})
                )
        return sources

    def named(self, value: object, part: str) -> dict[str, Mapping[str, object]]:
        """The tables of job types or launchers; what is in them is checked by whoever reads them."""
        tables: dict[str, Mapping[str, object]] = {}
        for name, table in cast("Mapping[str, object]", value).items():
            if not is_name(name):
                remedy = "is no name; use a-z, 0-9, '.', '_' and '-', a letter or digit first"
                self.problems.append(Problem(field=part, value=name, remedy=remedy))
            elif not isinstance(table, dict):
                remedy = f"is not a table; write [{part}.{name}]"
                self.problems.append(Problem(field=f"{part}.{name}", value=shown(table), remedy=remedy))
            else:
                tables[name] = cast("Mapping[str, object]", table)
        return tables


def _may_be_token(field: str) -> bool:
    """Under a misspelt name, too."""
    part, _, name = field.removeprefix("worker.").partition(".")
    return part == "apps" and name.partition("[")[0] not in ("listen", "insecure", "reconnect", "idle")


def _parsed(found: Found) -> dict[str, object]:
    try:
        text = found.file.read_bytes().decode()
        return tomllib.loads(text)
    except OSError as error:
        problem = Problem(
            field=found.by, value="", remedy=f"names a file that cannot be read: {error.strerror or error}"
        )
    except UnicodeDecodeError as error:
        problem = Problem(field=f"byte {error.start + 1}", value="", remedy="is not UTF-8; save the file as UTF-8")
    except tomllib.TOMLDecodeError as error:
        problem = _not_toml(str(error))
    raise BadSettings(str(found.file), [problem])


def _not_toml(said: str) -> Problem:
    """The line itself is not shown: it may hold what nobody should read."""
    at = _AT.match(said)
    if at is None or at["line"] is None:
        return Problem(field="The file", value="", remedy=f"is not TOML at its end: {at['says'] if at else said}")
    return Problem(field=f"line {at['line']}, column {at['column']}", value="", remedy=f"is not TOML: {at['says']}")
