"""Jars of ours: in the wheel when it was built where a JDK is, else built at their first use and kept."""

from __future__ import annotations

import os
import stat
from collections.abc import Mapping
from functools import lru_cache
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Final

from anyjob_jvm.errors import CacheUnsafe, JarBroken, NoCompiler
from anyjob_jvm.recipe import BuildFailed, Recipe, build, read_recipes

if TYPE_CHECKING:
    from anyjob_jvm.homes import JavaHome

__all__ = ["SHIPPED", "cache_folder", "jar", "shipped"]

SHIPPED: Final = "java/jars"
"""The folder of a package in which its wheel carries jars."""


def jar(package: str, name: str, home: JavaHome | None = None) -> Path:
    """The jar `name` of an installed package, as its `java/jars.toml` describes it. Blocks while it is built, 1 to 3
    seconds once a machine and version.

    `home` builds it where it must be built; None: the first JDK of this machine. Raises NoCompiler, JarBroken,
    CacheUnsafe.
    """
    found = shipped(package, name)
    if found is not None:
        return found
    recipe = recipes(package)[name]
    folder = cache_folder(os.environ)
    target = folder / recipe.file_name
    _check(folder, stat.S_ISDIR)
    if target.exists():
        _check(target, stat.S_ISREG)
        return target
    try:
        return build(recipe, _compiler(recipe, home), folder)
    except BuildFailed as error:
        raise JarBroken(recipe.file_name, str(error)) from error


def shipped(package: str, name: str) -> Path | None:
    """The jar that the wheel of the package carries; None: it carries none, or one of other sources."""
    recipe = recipes(package)[name]
    path = _folder(package) / SHIPPED / recipe.file_name
    return path if path.is_file() else None


def cache_folder(environment: Mapping[str, str]) -> Path:
    """Where built jars are kept; it is made when it is missing.

    Root's is /var/cache/anyjob/jvm, readable by all, because runs of other users need the jars. Others have one of
    their own, `$XDG_CACHE_HOME/anyjob/jvm`, mode 0700.
    """
    root = os.geteuid() == 0
    if root:
        folder = Path("/var/cache/anyjob/jvm")
    else:
        given = environment.get("XDG_CACHE_HOME", "")
        folder = (Path(given) if given.startswith("/") else Path.home() / ".cache") / "anyjob" / "jvm"
    if not folder.is_dir():
        folder.parent.mkdir(parents=True, exist_ok=True)
        folder.mkdir(mode=0o755 if root else 0o700, exist_ok=True)
        folder.chmod(0o755 if root else 0o700)  # whatever the umask is
    return folder


@lru_cache(maxsize=64)
def recipes(package: str) -> Mapping[str, Recipe]:
    """The jars that an installed package describes."""
    return read_recipes(_folder(package), _folder)


def _folder(package: str) -> Path:
    spec = find_spec(package)
    if spec is None or not spec.submodule_search_locations:
        raise ModuleNotFoundError(f"{package} is not installed", name=package)
    return Path(next(iter(spec.submodule_search_locations)))


def _compiler(recipe: Recipe, home: JavaHome | None) -> Path:
    from anyjob_jvm.homes import find_homes

    homes = find_homes() if home is None or home.javac is None else [home]
    for one in homes:
        if one.javac is not None and one.feature >= 9:  # `--release` is newer than 8
            return one.javac
    raise NoCompiler(recipe.file_name)


def _check(path: Path, kind: object) -> None:
    """Raises CacheUnsafe for what somebody else could have put there."""
    seen = os.lstat(path)
    if not callable(kind) or not kind(seen.st_mode):
        raise CacheUnsafe(path, "is a link, or not what it should be")
    if seen.st_uid not in (0, os.geteuid()):
        raise CacheUnsafe(path, f"belongs to user {seen.st_uid}")
    if seen.st_mode & 0o022:
        raise CacheUnsafe(path, "can be written by others")
