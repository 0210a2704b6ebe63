"""Java homes: which are on this machine, of which version, and which one is meant.

Source: OpenJDK, make/ReleaseFile.gmk, the file release.
"""

from __future__ import annotations

import os
import re
import shutil
import subprocess
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Final

from anyjob_jvm.errors import NoJava

__all__ = ["JavaHome", "choose_home", "find_homes", "probe_home"]

_USUAL: Final = ("/usr/lib/jvm", "/usr/java", "/opt/java", "/Library/Java/JavaVirtualMachines")
_PATIENCE: Final = 15.0
_LINE: Final = re.compile(r'^\s*"?([A-Za-z_.]+)"?\s*=\s*"?([^"\n]*?)"?\s*$', re.MULTILINE)


@dataclass(frozen=True, slots=True, kw_only=True)
class JavaHome:
    """A folder with `bin/java`. `version` is the full text ("17.0.15"), `feature` its first number, 8 for "1.8.0"."""

    path: Path
    version: str
    feature: int
    vendor: str = ""

    @property
    def java(self) -> Path:
        """The path of its launcher."""
        return self.path / "bin" / "java"

    @property
    def javac(self) -> Path | None:
        """The compiler; None: a runtime without one."""
        path = self.path / "bin" / "javac"
        return path if os.access(path, os.X_OK) else None

    def __str__(self) -> str:
        return f"{self.version} at {self.path}"


def find_homes(given: Iterable[str | Path] = (), environment: Mapping[str, str] | None = None) -> list[JavaHome]:
    """Every Java home of this machine, the preferred first: those given, JAVA_HOME, the `java` of the PATH, then those
    in the usual folders, the newest first. Reads files; a process is started only for a home without a `release` file.

    `environment` None: this process's own. JAVA_HOME is only read here, no run inherits it.
    """
    env = os.environ if environment is None else environment
    found: dict[Path, JavaHome] = {}
    for path in _candidates(given, env):
        home = probe_home(path)
        if home is not None:
            found.setdefault(home.path, home)
    rest = {home.path: home for home in map(probe_home, _usual()) if home is not None and home.path not in found}
    return [*found.values(), *sorted(rest.values(), key=_newest_first)]


def choose_home(homes: Sequence[JavaHome], wanted: str | None = None) -> JavaHome:
    """The home that is meant: by a version number ("17"), by a path, or the first one. Raises NoJava.

    A path need not be among `homes`; who lets a job name one must have checked that it may.
    """
    if wanted and not wanted.isdigit():
        home = probe_home(Path(wanted))
        if home is not None:
            return home
    else:
        for home in homes:
            if not wanted or home.feature == int(wanted):
                return home
    raise NoJava(wanted or "", [str(home) for home in homes])


def probe_home(path: str | Path) -> JavaHome | None:
    """The Java home in that folder; None where there is none. Looked into again when `java` or `release` changes."""
    home = Path(path)
    java, release = home / "bin" / "java", home / "release"
    try:
        if not os.access(java, os.X_OK) or java.is_dir():
            return None
        stamp = (java.stat().st_mtime_ns, release.stat().st_mtime_ns if release.is_file() else 0)
        return _probe(home.resolve(), stamp)
    except (OSError, RuntimeError):  # RuntimeError: links in a circle
        return None


@lru_cache(maxsize=256)
def _probe(home: Path, stamp: tuple[int, int]) -> JavaHome | None:
    release = home / "release"
    said = dict(_LINE.findall(release.read_text(errors="replace"))) if stamp[1] else {}
    version, vendor = said.get("JAVA_VERSION", ""), said.get("IMPLEMENTOR", "")
    if not version:
        said = _asked(home / "bin" / "java")
        version, vendor = said.get("java.version", ""), said.get("java.vendor", "")
    feature = _feature(version)
    return None if feature is None else JavaHome(path=home, version=version, feature=feature, vendor=vendor)


def _asked(java: Path) -> dict[str, str]:
    env = {"PATH": os.environ.get("PATH", ""), "LC_ALL": "C"}
    argv = [str(java), "-XshowSettings:properties", "-version"]
    try:
        done = subprocess.run(
            argv, capture_output=True, env=env, timeout=_PATIENCE, check=False, stdin=subprocess.DEVNULL
        )
    except (OSError, subprocess.TimeoutExpired):
        return {}
    return dict(_LINE.findall(done.stderr.decode(errors="replace")))


def _feature(version: str) -> int | None:
    match = re.match(r"(?:1\.)?(\d{1,4})", version)
    return int(match[1]) if match else None


def _candidates(given: Iterable[str | Path], env: Mapping[str, str]) -> Iterator[Path]:
    yield from map(Path, given)
    if env.get("JAVA_HOME"):
        yield Path(env["JAVA_HOME"])
    java = shutil.which("java", path=env.get("PATH"))
    if java:
        yield Path(os.path.realpath(java)).parent.parent


def _usual() -> Iterator[Path]:
    for folder in map(Path, _USUAL):
        try:
            for path in sorted(folder.iterdir()):
                yield path / "Contents" / "Home" if (path / "Contents" / "Home").is_dir() else path
        except OSError:
            continue


def _newest_first(home: JavaHome) -> tuple[int, list[int], str]:
    return -home.feature, [-int(number) for number in re.findall(r"\d+", home.version)], str(home.path)
