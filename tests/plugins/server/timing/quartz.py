"""The real Quartz, on the JVM: what it says of many expressions at one time."""

from __future__ import annotations

import subprocess
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import pytest

from anyjob_jvm.homes import choose_home, find_homes

OLD, NEW = 0, 1
"""2.3.2, which most programs had for years and the vendor's own parser is like, and 2.5.1."""

_VERSIONS = ("2.3.2", "2.5.1")
_POM = """<project xmlns="http://maven.apache.org/POM/4.0.0"><modelVersion>4.0.0</modelVersion>
<groupId>tests</groupId><artifactId>quartz</artifactId><version>1</version><packaging>pom</packaging>
<build><plugins><plugin><artifactId>maven-dependency-plugin</artifactId><configuration>
<outputDirectory>lib</outputDirectory><artifactItems>{items}</artifactItems>
</configuration></plugin></plugins></build></project>
"""
_ITEM = (
    "<artifactItem><groupId>org.quartz-scheduler</groupId><artifactId>quartz</artifactId>"
    "<version>{version}</version></artifactItem>"
)
_ORACLE = Path(__file__).parent / "java/Oracle.java"


@dataclass(frozen=True)
class Question:
    """`which` Quartz; `after` in epoch seconds."""

    which: int
    after: int
    zone: str
    text: str


def ask(jars: Sequence[Path], questions: Sequence[Question]) -> list[list[int] | None]:
    """The next five times of each, fewer when there are no more; None: refused, or it failed."""
    lines = "".join(f"{one.which}\t{one.after}\t{one.zone}\t{one.text}\n" for one in questions)
    java = choose_home(find_homes(), "17").java
    argv = [str(java), str(_ORACLE), *map(str, jars)]
    done = subprocess.run(argv, input=lines, capture_output=True, text=True, check=True, timeout=100)
    answers = [line.split() for line in done.stdout.splitlines()]
    assert len(answers) == len(questions)
    return [[int(word) for word in words[1:]] if words[0] == "fires" else None for words in answers]


def jars(folder: Path) -> list[Path]:
    """In the order of OLD and NEW, by Maven: from the local repository, else as Maven is set up here.

    Where they cannot be had the test is skipped with Maven's reason.
    """
    (folder / "pom.xml").write_text(_POM.format(items="".join(_ITEM.format(version=version) for version in _VERSIONS)))
    said = ""
    for way in (["-o"], []):
        argv = ["mvn", "-q", "-B", "dependency:copy", *way]
        done = subprocess.run(argv, cwd=folder, capture_output=True, text=True, timeout=110)
        if done.returncode == 0:
            return [folder / f"lib/quartz-{version}.jar" for version in _VERSIONS]
        said = next((line for line in done.stdout.splitlines() if "ERROR" in line), done.stdout[-300:])
    pytest.skip(f"quartz does not resolve here: {said}")
