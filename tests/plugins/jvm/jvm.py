"""The test's host, compiled once a session, and JVMs that run it."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest

from anyjob_jvm.flags import start_flags
from anyjob_jvm.homes import choose_home, find_homes
from anyjob_jvm.jars import jar

HERE = Path(__file__).parent

ON_17 = pytest.param("17", marks=pytest.mark.needs("jdk17"))
BOTH = pytest.mark.parametrize("feature", [ON_17, pytest.param("25", marks=pytest.mark.needs("jdk25"))])
"""For what can differ between versions of Java: signals, exits, sockets, flags, memory, and one call for each way."""


def compiled(folder: Path) -> list[Path]:
    """The class path of the host."""
    app = jar("anyjob_jvm", "app")
    javac = choose_home(find_homes(), "17").javac
    assert javac is not None
    sources = [str(path) for path in sorted((HERE / "java").glob("*.java"))]
    argv = [str(javac), "--release", "8", "-Xlint:-options", "-cp", str(app), "-d", str(folder), *sources]
    subprocess.run(argv, check=True, capture_output=True)
    return [app, folder]


def argv(classpath: list[Path], feature: str, *words: str, heap: str = "64m") -> list[str]:
    """The command of a JVM of that version that runs the host."""
    home = choose_home(find_homes(), feature)
    flags = [*start_flags(home.feature), f"-Xmx{heap}"]
    return [str(home.java), *flags, "-cp", ":".join(map(str, classpath)), "Host", *words]
