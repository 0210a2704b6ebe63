"""Wheels carry their jars, built from the sources in the tree; without a JDK they are built all the same."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
UV = str(Path(sys.executable).with_name("uv"))
CARRIED = {
    "plugins/jvm": {"app"},
    "executors/java": {"host", "api", "overlay", "samples"},
    "executors/springschedule": {"spring"},
}


def wheel(member: str, folder: Path, path: str) -> Path:
    """Built as it is published, with `path` to look for a javac."""
    env = {name: value for name, value in os.environ.items() if name != "JAVA_HOME"} | {"PATH": path}
    build = [UV, "build", "-q", "--wheel", "--python", sys.executable, "--out-dir", str(folder), str(ROOT / member)]
    done = subprocess.run(build, env=env, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    (made,) = folder.glob("*.whl")
    return made


def jars(made: Path) -> set[str]:
    with zipfile.ZipFile(made) as archive:
        return {Path(name).stem.split("-")[1] for name in archive.namelist() if name.endswith(".jar")}


@pytest.mark.needs("jdk17")
@pytest.mark.parametrize("member", CARRIED)
def test_a_wheel_carries_its_jars_in_java_8_byte_code(member: str, tmp_path: Path) -> None:
    made = wheel(member, tmp_path, os.environ["PATH"])
    assert jars(made) == CARRIED[member]
    with zipfile.ZipFile(made) as archive:
        for name in archive.namelist():
            if name.endswith(".jar"):
                archive.extract(name, tmp_path)
                with zipfile.ZipFile(tmp_path / name) as jar:
                    classes = [jar.read(entry) for entry in jar.namelist() if entry.endswith(".class")]
                assert classes
                assert {code[7] for code in classes} == {52}


@pytest.mark.parametrize("member", CARRIED)
def test_a_wheel_is_built_without_a_jdk(member: str, tmp_path: Path) -> None:
    assert shutil.which("javac", path=str(tmp_path)) is None
    made = wheel(member, tmp_path, str(tmp_path))
    assert jars(made) == set()
    with zipfile.ZipFile(made) as archive:
        assert any(re.search(r"/java/.*\.java$", name) for name in archive.namelist())  # to build them at first use
