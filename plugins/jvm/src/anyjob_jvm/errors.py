"""The errors of this distribution.

AnyJobError
├── PluginError
│   └── JarBroken       a jar cannot be built from its sources
└── WorkerError
    ├── NoJava          no Java home of the wanted kind is on this machine
    ├── NoCompiler      a jar must be built, and no JDK is on this machine
    └── CacheUnsafe     the folder of built jars can be written by others
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from anyjob.errors import PluginError, WorkerError

__all__ = ["CacheUnsafe", "JarBroken", "NoCompiler", "NoJava"]


class NoJava(WorkerError):
    """No Java home fits. `wanted` is a path, a version number, or empty for any; `found` says what is there;
    `remedy` goes on behind `wanted` where that is shown."""

    def __init__(self, wanted: str, found: Sequence[str]) -> None:
        self.wanted, self.found = wanted, tuple(found)
        what = f"Java {wanted}" if wanted.isdigit() else f"a Java home at {wanted}" if wanted else "a Java home"
        have = f"Found: {'; '.join(self.found)}." if self.found else "No other is here."
        remedy = f"Install it (Debian: openjdk-{wanted if wanted.isdigit() else 17}-jdk-headless), or name another one."
        kind = "no Java" if wanted.isdigit() else "no Java home" if wanted else "not set, and there is no Java home"
        self.remedy = f"is {kind} on this machine. {have} {remedy}"
        super().__init__(f"This machine has no {what.removeprefix('a ')}. {have} {remedy}")


class NoCompiler(WorkerError):
    """A jar is not in the installed wheel, and nobody here can build it."""

    def __init__(self, jar: str) -> None:
        self.jar = jar
        super().__init__(
            f"No JDK: {jar} is built from source at its first use, and no javac is on this machine."
            " Install a JDK (Debian: openjdk-17-jdk-headless), or a wheel that was built where one is."
        )


class JarBroken(PluginError):
    """The sources of a jar were refused by javac."""

    def __init__(self, jar: str, why: str) -> None:
        self.jar, self.why = jar, why
        super().__init__(f"{jar} could not be built: {why}")


class CacheUnsafe(WorkerError):
    """What lies there would be run with this worker's rights, and somebody else can change it."""

    def __init__(self, path: Path, why: str) -> None:
        self.path, self.why = path, why
        super().__init__(f"{path} {why}. Remove it, or give it to this user alone (chmod go-w).")
