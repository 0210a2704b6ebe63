"""Executables as plugins: each TOML file that the settings name, or that a plugin of its own ships, is one job type."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any, Final

from anyjob.plugins.hookspecs import hookimpl
from anyjob.plugins.loader import Candidate
from anyjob.plugins.names import is_name
from anyjob.plugins.plugin import Plugin
from anyjob.plugins.types import ExecutorType

__all__ = ["FILE_NAME", "executable_type", "executables"]

FILE_NAME: Final = "executor.toml"
"""The file that is looked for in a folder, and in each folder right below it."""


def executable_type(file: Path) -> ExecutorType:
    """The job type that a TOML file makes of an executable (docs/protocol.md). For a plugin that ships one:

        @hookimpl
        def anyjob_executors():
            yield executable_type(Path(__file__).with_name("executor.toml"))

    Raises BadDefinition.
    """
    from anyjob.worker.apps.definition import read_definition
    from anyjob.worker.apps.executable import ExecutableExecutor
    from anyjob.worker.apps.fields import make_spec

    return _made(read_definition(file), ExecutableExecutor, make_spec)


def _made(definition: Any, base: type[Any], make_spec: Any) -> ExecutorType:
    executor = type("ExecutableOf" + definition.job_type, (base,), {"definition": definition})
    return ExecutorType(
        job_type=definition.job_type,
        executor=executor,
        spec=make_spec(definition.job_type, definition.fields),
        samples=definition.samples,
        aliases=definition.aliases,
        title=definition.title,
    )


def executables(paths: Iterable[Path]) -> Iterator[Candidate]:
    """A candidate for each file, and for each FILE_NAME of a folder.

    What is wrong with a file is told when it is loaded, as of any plugin, and harms its own type alone.
    """
    for path in paths:
        found = [path]
        if path.is_dir():
            found = [file for file in (path / FILE_NAME, *sorted(path.glob(f"*/{FILE_NAME}"))) if file.is_file()]
        for file in found or [path / FILE_NAME]:
            yield _candidate(file)


class _Executable:
    """The plugin that a file makes."""

    def __init__(self, kind: ExecutorType) -> None:
        self._kind = kind

    @hookimpl
    def anyjob_executors(self) -> list[ExecutorType]:
        return [self._kind]


def _candidate(file: Path) -> Candidate:
    # Its identity is known before anybody trusts it, so that a file that cannot be used claims its own type.
    try:
        said = tomllib.loads(file.read_text())
    except (OSError, ValueError):
        said = {}
    job_type, name = said.get("job_type"), said.get("name")
    plugin = str(job_type) if is_name(job_type) else _fallback(file)
    version = said.get("version")
    plugin = Plugin(
        name=plugin,
        distribution=f"executable {name if is_name(name) else plugin}",
        version=version if isinstance(version, str) else "0",
    )
    return plugin, lambda: _loaded(file, plugin)


def _loaded(file: Path, plugin: Plugin) -> _Executable:
    from anyjob.worker.apps.definition import read_definition
    from anyjob.worker.apps.executable import ExecutableExecutor
    from anyjob.worker.apps.fields import make_spec

    definition = read_definition(file)
    plugin.version = definition.version
    return _Executable(_made(definition, ExecutableExecutor, make_spec))


def _fallback(file: Path) -> str:
    """A name for a file that does not say its own: its folder's, where it has the usual name."""
    stem = file.parent.name if file.name == FILE_NAME else file.stem
    return re.sub(r"[^a-z0-9._-]+", "-", stem.lower()).lstrip("._-") or "executable"
