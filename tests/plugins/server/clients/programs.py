"""The programs around the vendor's clients, made once for their sources and kept outside the tree."""

from __future__ import annotations

import fcntl
import hashlib
import os
import shutil
import subprocess
import tempfile
from collections.abc import Callable, Sequence
from functools import cache
from pathlib import Path

import pytest
from tests.executors.java.build import compiled
from tests.grounds.cache import cache as kept_folder

from anyjob_go.build import find_go
from anyjob_jvm.homes import choose_home, find_homes

__all__ = ["go", "java", "node"]

_HERE = Path(__file__).parent
_PATIENCE = 600.0
"""Seconds for what is fetched and compiled where nothing of it was there."""


class Unresolved(Exception):
    """A package manager gave what somebody needs, but not this."""


@cache
def go() -> list[str]:
    """The words that start the client of Go's core."""
    return [str(_kept("go", _build_go) / "client")]


@cache
def node(script: str, *words: str) -> list[str]:
    """The words that start one of the scripts in `node/`."""
    return ["node", str(_kept("node", _install_node) / script), *words]


@cache
def java() -> list[str]:
    """The words that start the clients of both Java SDKs, in one JVM."""
    folder, home = _kept("java", _build_java), choose_home(find_homes(), "17")
    jars = [str(jar) for jar in sorted((folder / "lib").glob("*.jar"))]
    # A client waits more than it computes.
    options = ["-XX:TieredStopAtLevel=1", "-XX:+UseSerialGC", "-Dfile.encoding=UTF-8"]
    return [str(home.java), *options, "-cp", ":".join([str(folder / "classes"), *jars]), "clients.Main"]


def _kept(kind: str, make: Callable[[Path, Path], None]) -> Path:
    """The folder made of the sources in `kind`; skips the test where it cannot be made."""
    sources = _HERE / kind
    digest = hashlib.sha256()
    for file in sorted(path for path in sources.rglob("*") if path.is_file()):
        digest.update(f"{file.relative_to(sources)}\0{file.stat().st_size}\0".encode() + file.read_bytes())
    top = kept_folder("clients")
    folder = top / f"{kind}-{digest.hexdigest()[:16]}"
    with (top / f"{kind}.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not folder.exists():
            with tempfile.TemporaryDirectory(dir=top) as fresh:
                try:
                    make(sources, Path(fresh) / kind)
                except Unresolved as why:
                    pytest.skip(f"the {kind} clients cannot be made here: {why}")
                (Path(fresh) / kind).rename(folder)
    return folder


def _build_go(sources: Path, folder: Path) -> None:
    command = find_go()
    assert command is not None
    folder.mkdir()
    settings = {"GOWORK": "off", "GOFLAGS": "-mod=readonly -buildvcs=false", "GOTOOLCHAIN": "local"}
    _fetch([command, "mod", "download"], sources, settings)
    argv = [command, "build", "-o", str(folder / "client"), "."]
    done = subprocess.run(argv, cwd=sources, env=os.environ | settings, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr


def _install_node(sources: Path, folder: Path) -> None:
    shutil.copytree(sources, folder)
    # Their scripts only choose a TypeScript for Node 12 and older.
    _fetch(["npm", "install", "--ignore-scripts", "--no-package-lock", "--no-audit", "--no-fund"], folder)


def _build_java(sources: Path, folder: Path) -> None:
    shutil.copytree(sources, folder)
    # Maven resolves, javac compiles: Maven's own compiler plugin is 6 MB more to fetch, and says nothing of the SDKs.
    argv = ["mvn", "-q", "-B", "dependency:copy-dependencies", "-DoutputDirectory=lib", "-DincludeScope=runtime"]
    try:
        _fetch([*argv, "-o"], folder)
    except Unresolved:
        _fetch(argv, folder)
    home, root = choose_home(find_homes(), "17"), folder / "src/main/java"
    texts = {str(file.relative_to(root)): file.read_text() for file in root.rglob("*.java")}
    compiled(folder, home, texts, sorted((folder / "lib").glob("*.jar")))


def _fetch(argv: Sequence[str], folder: Path, settings: dict[str, str] | None = None) -> None:
    environment = os.environ | (settings or {})
    done = subprocess.run(argv, cwd=folder, env=environment, capture_output=True, text=True, timeout=_PATIENCE)
    if done.returncode:
        lines = f"{done.stdout}\n{done.stderr}".strip().splitlines()
        raise Unresolved(next((line for line in lines if "ERR" in line), "\n".join(lines[-5:])))
