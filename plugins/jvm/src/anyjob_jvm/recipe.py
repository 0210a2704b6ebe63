"""How a jar is built from the sources in a package. With the standard library alone, because build hooks run it.

A package describes its jars in `java/jars.toml`, one table a jar; folders are named from `java/`:

    [overlay]
    sources = ["overlay"]             # packed
    stubs = ["stubs"]                 # compiled against, not packed
    resources = ["files"]             # packed as they are
    classpath = ["anyjob_jvm:app"]    # other jars, compiled against: of this package, or of another one
    include = ["anyjob_jvm:app"]      # the same, and packed too
    main = "anyjob.overlay.Main"      # the class that `java -jar` starts
"""

from __future__ import annotations

import hashlib
import os
import subprocess
import tempfile
import tomllib
import zipfile
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

__all__ = ["BuildFailed", "Recipe", "build", "read_recipes"]

_FORMAT: Final = b"1"
"""Part of every key: raised when a jar of the same sources would come out otherwise."""

_PATIENCE: Final = 300.0
_OPTIONS_OF_OTHERS: Final = ("JAVA_TOOL_OPTIONS", "JDK_JAVA_OPTIONS", "JDK_JAVAC_OPTIONS", "_JAVA_OPTIONS")


class BuildFailed(Exception):
    """javac refused the sources, or could not be run. The text holds its last words."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Recipe:
    """One jar: Java 8 byte code, so that every JVM since then can load it."""

    name: str
    sources: Sequence[Path]
    stubs: Sequence[Path] = ()
    resources: Sequence[Path] = ()
    classpath: Sequence[Recipe] = ()
    include: Sequence[Recipe] = ()
    main: str | None = None

    @property
    def key(self) -> str:
        """A digest of all that goes into it."""
        digest = hashlib.sha256(_FORMAT)
        for label, folders in (("source", self.sources), ("stub", self.stubs), ("resource", self.resources)):
            for folder in folders:
                for name, file in _files(folder):
                    body = file.read_bytes()
                    digest.update(f"{label} {name} {len(body)}\n".encode() + body)
        for label, others in (("classpath", self.classpath), ("include", self.include)):
            for other in others:
                digest.update(f"{label} {other.key}\n".encode())
        digest.update(f"main {self.main}\n".encode())
        return digest.hexdigest()[:16]

    @property
    def file_name(self) -> str:
        """Equal names mean equal contents."""
        return f"anyjob-{self.name}-{self.key}.jar"


def read_recipes(package: Path, other: Callable[[str], Path]) -> Mapping[str, Recipe]:
    """The jars of the package in that folder. `other` gives the folder of another package that a class path names.

    Raises ValueError for a table that makes no jar, OSError where a file cannot be read.
    """
    folder = package / "java"
    tables: Mapping[str, Any] = tomllib.loads((folder / "jars.toml").read_text())
    made: dict[str, Recipe] = {}

    def recipe(name: str) -> Recipe:
        if name not in made:
            if name not in tables:
                raise ValueError(f"{folder / 'jars.toml'}: there is no jar {name!r}")
            made[name] = _recipe(folder, name, tables[name], of)
        return made[name]

    def of(reference: str) -> Recipe:
        where, _, name = reference.rpartition(":")
        return read_recipes(other(where), other)[name] if where else recipe(name)

    return {name: recipe(name) for name in tables}


def _recipe(folder: Path, name: str, table: Mapping[str, Any], of: Callable[[str], Recipe]) -> Recipe:
    known = {"sources", "stubs", "resources", "classpath", "include", "main"}
    if wrong := sorted(set(table) - known):
        raise ValueError(f"{folder / 'jars.toml'}: {name}.{wrong[0]} is none of {', '.join(sorted(known))}")
    return Recipe(
        name=name,
        sources=[folder / part for part in table["sources"]],
        stubs=[folder / part for part in table.get("stubs", ())],
        resources=[folder / part for part in table.get("resources", ())],
        classpath=[of(reference) for reference in table.get("classpath", ())],
        include=[of(reference) for reference in table.get("include", ())],
        main=table.get("main"),
    )


def build(recipe: Recipe, javac: Path, folder: Path) -> Path:
    """Build it into `folder`, which must be there, and first the jars of its class path that lie there not yet.

    The file appears whole or not at all, so several processes may do this at once. Raises BuildFailed.
    """
    target = folder / recipe.file_name
    if target.is_file():
        return target
    included = [build(other, javac, folder) for other in recipe.include]
    classpath = [*included, *(build(other, javac, folder) for other in recipe.classpath)]
    with tempfile.TemporaryDirectory(dir=folder, prefix=".build-") as scratch:
        classes, part = Path(scratch, "classes"), Path(scratch, "jar")
        classes.mkdir()
        _compile(recipe, javac, classpath, classes)
        _pack(recipe, classes, included, part)
        os.chmod(part, 0o644)  # the jar is no secret, and a run may be another user's
        os.replace(part, target)
    return target


def _compile(recipe: Recipe, javac: Path, classpath: Sequence[Path], classes: Path) -> None:
    files = [str(file) for folder in recipe.sources for name, file in _files(folder) if name.endswith(".java")]
    argv = [str(javac), "-proc:none", "-implicit:none", "-Xlint:-options", "-encoding", "UTF-8", "--release", "8"]
    argv += ["-d", str(classes), "-cp", os.pathsep.join(map(str, classpath)) or str(classes)]
    if recipe.stubs:
        argv += ["-sourcepath", os.pathsep.join(map(str, recipe.stubs))]
    env = {name: value for name, value in os.environ.items() if name not in _OPTIONS_OF_OTHERS} | {"LC_ALL": "C.UTF-8"}
    try:
        done = subprocess.run(
            [*argv, *files], capture_output=True, env=env, timeout=_PATIENCE, check=False, stdin=subprocess.DEVNULL
        )
    except (OSError, subprocess.TimeoutExpired) as error:
        raise BuildFailed(f"{javac} could not be used: {error}") from error
    if done.returncode != 0:
        said = (done.stderr or done.stdout).decode(errors="replace").strip()
        raise BuildFailed(f"{javac} refused the sources of {recipe.name}: {said[-2000:] or 'it said nothing'}")


def _pack(recipe: Recipe, classes: Path, included: Sequence[Path], part: Path) -> None:
    """Fixed times and a fixed order: the same sources and javac make the same bytes."""
    head = ["Manifest-Version: 1.0", *([f"Main-Class: {recipe.main}"] if recipe.main else [])]
    entries = [("META-INF/MANIFEST.MF", "".join(f"{line}\r\n" for line in [*head, ""]).encode())]
    packed: dict[str, bytes] = {}
    for other in included:
        with zipfile.ZipFile(other) as jar:
            packed |= {name: jar.read(name) for name in jar.namelist() if name != "META-INF/MANIFEST.MF"}
    for folder in (classes, *recipe.resources):
        packed |= {name: file.read_bytes() for name, file in _files(folder)}
    entries += sorted(packed.items())
    with zipfile.ZipFile(part, "w", zipfile.ZIP_DEFLATED) as jar:
        for name, body in entries:
            entry = zipfile.ZipInfo(name)
            entry.compress_type, entry.external_attr = zipfile.ZIP_DEFLATED, 0o644 << 16
            jar.writestr(entry, body)


def _files(folder: Path) -> Sequence[tuple[str, Path]]:
    found = [(str(file.relative_to(folder)), file) for file in folder.rglob("*") if file.is_file()]
    return sorted(found)
