"""Applications that the worker starts for its runs: which jar, which Java, and whether the settings allow it."""

from __future__ import annotations

import hashlib
import json
import zipfile
from collections.abc import Mapping
from functools import lru_cache
from pathlib import Path
from typing import Final

from anyjob.errors import AnyJobError
from anyjob.executor import Command
from anyjob.problem import Problem
from anyjob_jvm.homes import choose_home, find_homes
from anyjob_springschedule.settings import AppSettings, SpringSettings
from anyjob_springschedule.spec import SpringSpec

__all__ = ["command_of", "key_of", "problems"]

_MARK: Final = "anyjob/spring/Install.class"
_NESTED: Final = "anyjob-spring"
_UNIX: Final = 16
"""The first Java that can dial a Unix socket."""


def forbidden(settings: SpringSettings, spec: SpringSpec, group: str) -> list[Problem]:
    """What is not allowed whatever there is on the machine."""
    allowed = settings.of_group(group)
    assert spec.jar is not None
    if allowed is None:
        remedy = f"cannot be started here: the settings have no [executors.springschedule.apps.{json.dumps(group)}]"
        return [Problem(field="XAttrs.jar", value=spec.jar, remedy=f"{remedy}; write one, or let it dial in")]
    found = [] if allowed.jars else [_outside(spec.jar)]
    for argument in spec.jvm_args or ():
        if not allowed.allows_argument(argument):
            remedy = "is no argument that the settings allow (jvm_args); leave it out, or add a pattern for it"
            found.append(Problem(field="XAttrs.jvmArgs", value=argument, remedy=remedy))
    return found


def problems(settings: SpringSettings, spec: SpringSpec, group: str) -> list[Problem]:
    """What is not allowed or not here."""
    allowed, found = settings.of_group(group), forbidden(settings, spec, group)
    assert spec.jar is not None
    if allowed is None or not allowed.jars:
        return found
    if not _within(Path(spec.jar), allowed.jars):
        found.append(_outside(spec.jar))
    elif why := _unusable(Path(spec.jar)):
        found.append(Problem(field="XAttrs.jar", value=spec.jar, remedy=why))
    if why := _unusable_java(allowed, spec):
        found.append(Problem(field="XAttrs.javaHome", value=spec.java_home or "", remedy=why))
    return found


def _outside(jar: str) -> Problem:
    remedy = "lies in none of the places that the settings allow (jars); put it there, or add its folder"
    return Problem(field="XAttrs.jar", value=jar, remedy=remedy)


def command_of(settings: SpringSettings, spec: SpringSpec, group: str, environment: Mapping[str, str]) -> Command:
    """Starts it. Only for a spec without problems. `environment`: the worker's allow-list; no run's is in it."""
    allowed = settings.of_group(group) or AppSettings()
    home = choose_home(find_homes(), _java(allowed, spec))
    assert spec.jar is not None
    return Command(
        argv=[str(home.java), *allowed.always, *(spec.jvm_args or ()), "-jar", spec.jar],
        env={
            **environment,
            "ANYJOB_SPRING_TAKE": "*",  # it is there for its runs: its own schedule would fire by chance
            "ANYJOB_SPRING_LOG": "true",
        },
    )


def key_of(command: Command, spec: SpringSpec) -> str:
    """Another for another jar of the same name: what was built anew is started anew."""
    assert spec.jar is not None
    try:
        seen = Path(spec.jar).stat()
        stamp = [seen.st_mtime_ns, seen.st_size, seen.st_ino]
    except OSError:
        stamp = []
    digest = hashlib.sha256(json.dumps([list(command.argv), stamp]).encode()).hexdigest()[:24]
    return f"{Path(spec.jar).name[:100]}-{digest}"


def _unusable_java(allowed: AppSettings, spec: SpringSpec) -> str:
    homes = find_homes()
    try:
        home = choose_home(homes, _java(allowed, spec))
    except AnyJobError as error:
        return f"cannot be had: {error}"
    if spec.java_home is not None and home not in homes and not _within(home.path, allowed.java_homes):
        return "is none of the Java homes that the settings allow (java_homes); add its folder, or name another"
    if home.feature < _UNIX:
        return f"is Java {home.version}, and an application that the worker starts needs {_UNIX} or later; name another"
    return ""


def _beside(jar: zipfile.ZipFile) -> list[str]:
    """The jars that its manifest names."""
    try:
        said = jar.read("META-INF/MANIFEST.MF").decode(errors="replace")
    except KeyError:
        return []
    lines = said.replace("\r\n", "\n").replace("\n ", "").splitlines()  # long lines go on behind a blank
    return [word for line in lines if line.startswith("Class-Path:") for word in line.split()[1:]]


def _java(allowed: AppSettings, spec: SpringSpec) -> str | None:
    return spec.java_home or (None if allowed.java is None else str(allowed.java))


def _within(path: Path, places: tuple[Path, ...]) -> bool:
    real = path.resolve()
    return any(real.is_relative_to(place.resolve()) for place in places)


def _unusable(jar: Path) -> str:
    """Why it cannot be started or would not dial in, as the rest of a sentence."""
    try:
        seen = jar.stat()
    except OSError:
        return "is not on this worker; put it there, or name another"
    return _looked_into(jar, seen.st_mtime_ns, seen.st_size)


@lru_cache(maxsize=256)
def _looked_into(jar: Path, *stamp: int) -> str:
    del stamp
    try:
        with zipfile.ZipFile(jar) as opened:
            names = [*opened.namelist(), *_beside(opened)]
    except (OSError, zipfile.BadZipFile) as error:
        return f"cannot be read as a jar: {error}"
    if any(name == _MARK or name.rpartition("/")[2].startswith(_NESTED) for name in names):
        return ""
    return "holds no anyjob-spring, so it would not dial in; add the dependency to its pom (`anyjob spring jar`)"
