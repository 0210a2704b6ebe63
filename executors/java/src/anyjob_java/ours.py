"""The jars of this package: the host that runs processors, our interfaces, and what stands before SchedulerX's.

Source: SchedulerX worker for Java, MapJobProcessor and ProcessResult.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from pathlib import Path

from anyjob_java.classfile import ClassFile
from anyjob_java.classpath import ClassPath
from anyjob_jvm.jars import jar

__all__ = ["OVERLAID", "Ours", "ours", "overlaid", "samples"]

OVERLAID = (
    "com.alibaba.schedulerx.worker.processor.MapJobProcessor",
    "com.alibaba.schedulerx.worker.processor.ProcessResult",
)
"""Classes of SchedulerX's worker jar before which one of ours may stand: MapJobProcessor needs that worker's own actor
system, ProcessResult cuts texts of over 1000 bytes."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Ours:
    """Where the jars are. `app` is the library of the protocol, on which `host` stands."""

    app: Path
    host: Path
    api: Path
    overlay: Path

    def there(self) -> bool:
        """Whether the package holds all of them; a source tree in which none was built yet does not."""
        return all(path.exists() for path in (self.app, self.host, self.api, self.overlay))

    def files(self) -> dict[str, bytes]:
        """For a place that does not have this node's files."""
        return {path.name: path.read_bytes() for path in (self.app, self.host, self.api, self.overlay)}

    def inside(self, folder: str) -> Ours:
        """The same, where `files` were written."""
        named = {name: Path(f"{folder}/{getattr(self, name).name}") for name in ("app", "host", "api", "overlay")}
        return Ours(**named)


def ours() -> Ours:
    """The jars, built at their first use where the wheel carries none. Blocks then. Raises NoCompiler, JarBroken,
    CacheUnsafe."""
    made = _ours()
    if not made.there():  # somebody emptied the cache
        _ours.cache_clear()
        made = _ours()
    return made


@cache
def _ours() -> Ours:
    return Ours(
        app=jar("anyjob_jvm", "app"),
        host=jar("anyjob_java", "host"),
        api=jar("anyjob_java", "api"),
        overlay=jar("anyjob_java", "overlay"),
    )


def samples() -> Path:
    """The jar of samples."""
    made = _samples()
    if not made.exists():
        _samples.cache_clear()
        made = _samples()
    return made


@cache
def _samples() -> Path:
    return jar("anyjob_java", "samples")


def _methods(found: ClassFile) -> frozenset[str]:
    """What code written against a class may call; constructors too."""
    return frozenset(method for method in found.methods if not method.startswith("access$"))


def overlaid(class_path: ClassPath, overlay: Path, *, strict: bool) -> tuple[list[str], list[str]]:
    """Which classes of the overlay stand before those of the class path, and why others do not, a sentence each.

    A class that lacks a public method of the one that it stands before is left out: code that calls it would fail.
    `strict`: a result is cut as SchedulerX cuts it, so its own ProcessResult is used.
    """
    used: list[str] = []
    why: list[str] = []
    mine = ClassPath([str(overlay)])
    for name in OVERLAID:
        theirs, own = class_path.find(name), mine.find(name)
        if theirs is None or own is None or (strict and name.endswith(".ProcessResult")):
            continue
        lacks = _methods(theirs.file) - _methods(own.file)
        if lacks:
            text = (
                f"{theirs.entry} has a {name.rpartition('.')[2]} with {', '.join(sorted(lacks))}, which anyjob's lacks"
            )
            why.append(f"{text}; its own is used")
        else:
            used.append(name)
    return used, why
