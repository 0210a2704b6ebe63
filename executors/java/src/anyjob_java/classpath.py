"""A class path as the JVM will see it, looked at without one.

Source: java command, --class-path and its wildcards.
"""

from __future__ import annotations

import os
import re
import zipfile
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from difflib import get_close_matches
from functools import cached_property, lru_cache
from pathlib import Path
from typing import Final

from anyjob_java.classfile import BadClassFile, ClassFile

__all__ = ["ClassPath", "Seen"]

_NESTED: Final = ("BOOT-INF/classes/", "WEB-INF/classes/")
_ANONYMOUS: Final = re.compile(r"\$\d")
_APART: Final = 2
_COMPARED: Final = 5000
"""Names of nearly the same length that are compared: some 50 ms."""
_MOST: Final = 16 << 20
"""Bytes of a class file or manifest that are read."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Seen:
    """A class and the entry in which it is."""

    entry: str
    file: ClassFile


class ClassPath:
    """Entries in their order: jars, folders of classes, a folder's jars (`/opt/app/lib/*`)."""

    def __init__(self, entries: Sequence[str]) -> None:
        self.entries = tuple(entries)

    @cached_property
    def files(self) -> list[str]:
        """Jars and folders, each `*` as what it stands for."""
        found: list[str] = []
        for entry in self.entries:
            if entry.endswith("/*"):
                found += [str(path) for path in sorted(Path(entry[:-2]).glob("*")) if path.suffix.lower() == ".jar"]
            else:
                found.append(entry)
        return found

    @cached_property
    def missing(self) -> list[str]:
        """Entries that are not there, or of which a JVM would find nothing."""
        return [
            entry
            for entry in self.entries
            if not (os.path.isdir(entry[:-2]) if entry.endswith("/*") else os.path.exists(entry))
        ]

    @cached_property
    def state(self) -> tuple[tuple[str, int, int], ...]:
        """What changes when a file of it does."""
        return tuple((name, *_state(name)) for name in self._all)

    def find(self, name: str) -> Seen | None:
        """The class of this name (`com.example.Report`), where the JVM would find it first; None: nowhere."""
        path = name.replace(".", "/") + ".class"
        for file in self._all:
            data = _read(file, path)
            if data is not None:
                try:
                    return Seen(entry=file, file=ClassFile.parse(data))
                except BadClassFile:
                    return None  # the JVM says it better
        return None

    def like(self, name: str) -> str:
        """Where a class of the same simple name is, or one that is spelt nearly so, in words; empty: nowhere."""
        simple = name.rpartition(".")[2]
        for file in self._all:
            for path in sorted(_names(file, *_state(file))):
                base = path.removesuffix(".class")
                if base.rpartition("/")[2] == simple:
                    for nested in _NESTED:
                        if base.startswith(nested):
                            inner = base.removeprefix(nested).replace("/", ".")
                            where = f"{inner} is inside of {file}, under {nested}, where no class path reaches"
                            return f"{where}; put a plain jar there"
                    return f"there is {base.replace('/', '.')} in {file}"
        return self._spelt(name)

    # ---------------------------------------------------------------- within

    def _spelt(self, name: str) -> str:
        """Classes whose simple name is spelt nearly so, in words; empty: none, or too many to look at."""
        simple = name.rpartition(".")[2]
        whole: dict[str, list[str]] = {}
        for file in self._all:
            for path in _names(file, *_state(file)):
                base = path.removesuffix(".class").replace("/", ".")
                last = base.rpartition(".")[2]
                if abs(len(last) - len(simple)) <= _APART and not _ANONYMOUS.search(last):
                    whole.setdefault(last.casefold(), []).append(base)
        if len(whole) > _COMPARED:
            return ""
        near = get_close_matches(simple.casefold(), whole, n=3, cutoff=0.8)
        names = [base for last in near for base in sorted(whole[last])][:3]
        return f"did you mean {' or '.join(names)}?" if names else ""

    @cached_property
    def _all(self) -> list[str]:
        """With the jars that manifests name, as a class loader follows them."""
        found: dict[str, None] = {}
        for file in self.files:
            for one in _chain(file):
                found.setdefault(one)
        return list(found)


def _chain(file: str) -> Iterator[str]:
    seen: set[str] = set()
    waiting = [file]
    while waiting:
        one = waiting.pop(0)
        if one not in seen:
            seen.add(one)
            yield one
            waiting[:0] = _manifest_path(one, *_state(one))


def _state(name: str) -> tuple[int, int]:
    try:
        status = os.stat(name)
    except OSError:
        return (0, 0)
    return (status.st_mtime_ns, status.st_size)


@lru_cache(maxsize=2000)
def _names(file: str, changed: int, size: int) -> frozenset[str]:
    """Paths of the classes in a jar or folder."""
    del changed, size
    if os.path.isdir(file):
        top = Path(file)
        return frozenset(str(path.relative_to(top)) for path in top.rglob("*.class"))
    try:
        with zipfile.ZipFile(file) as jar:
            return frozenset(name for name in jar.namelist() if name.endswith(".class"))
    except (OSError, zipfile.BadZipFile):
        return frozenset()


@lru_cache(maxsize=2000)
def _manifest_path(file: str, changed: int, size: int) -> tuple[str, ...]:
    """The jars beside it that its manifest's Class-Path names."""
    del changed, size
    if not os.path.isfile(file):
        return ()
    try:
        with zipfile.ZipFile(file) as jar:
            data = jar.read("META-INF/MANIFEST.MF") if jar.getinfo("META-INF/MANIFEST.MF").file_size < _MOST else b""
    except (OSError, KeyError, zipfile.BadZipFile, RuntimeError):
        return ()
    text = data.decode(errors="replace").replace("\r\n", "\n").replace("\n ", "")  # a long line goes on behind a blank
    for line in text.splitlines():
        name, colon, value = line.partition(":")
        if colon and name.lower() == "class-path":
            folder = os.path.dirname(file)
            return tuple(os.path.normpath(os.path.join(folder, word.removeprefix("file:"))) for word in value.split())
    return ()


def _read(file: str, path: str) -> bytes | None:
    if os.path.isdir(file):
        try:
            with open(f"{file}/{path}", "rb") as stream:
                return stream.read(_MOST)
        except OSError:
            return None
    if path not in _names(file, *_state(file)):
        return None
    return _read_jar(file, path, *_state(file))


@lru_cache(maxsize=500)
def _read_jar(file: str, path: str, changed: int, size: int) -> bytes | None:
    del changed, size
    try:
        with zipfile.ZipFile(file) as jar:
            return jar.read(path) if jar.getinfo(path).file_size < _MOST else None
    except (OSError, KeyError, zipfile.BadZipFile, RuntimeError):
        return None
