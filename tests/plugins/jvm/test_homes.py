"""Java homes are found by their files, and a process is asked only where those say nothing."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from anyjob_jvm.errors import NoJava
from anyjob_jvm.homes import JavaHome, choose_home, find_homes, probe_home


def make_home(path: Path, version: str | None, *, says: str | None = None, javac: bool = True) -> Path:
    (path / "bin").mkdir(parents=True)
    java = path / "bin" / "java"
    java.write_text(
        f"#!/bin/sh\necho run >> {path}/asked\nprintf '    java.version = {says}\\n    java.vendor = V\\n' >&2\n"
    )
    java.chmod(0o755)
    if javac:
        (path / "bin" / "javac").write_text("#!/bin/sh\n")
        (path / "bin" / "javac").chmod(0o755)
    if version is not None:
        (path / "release").write_text(f'IMPLEMENTOR="Maker"\nJAVA_VERSION="{version}"\n')
    return path


@pytest.mark.parametrize(
    ("version", "feature"), [("17.0.15", 17), ("1.8.0_392", 8), ("25", 25), ("26-ea", 26), ("11.0.2+9", 11)]
)
def test_the_release_file_says_the_version(tmp_path: Path, version: str, feature: int) -> None:
    home = probe_home(make_home(tmp_path / "jdk", version))
    assert home == JavaHome(path=tmp_path / "jdk", version=version, feature=feature, vendor="Maker")
    assert not (tmp_path / "jdk" / "asked").exists()
    assert home is not None
    assert home.javac == tmp_path / "jdk" / "bin" / "javac"


def test_without_one_java_is_asked_once(tmp_path: Path) -> None:
    path = make_home(tmp_path / "jre", None, says="21.0.1", javac=False)
    for _ in range(3):
        home = probe_home(path)
        assert home is not None
        assert (home.version, home.feature, home.vendor, home.javac) == ("21.0.1", 21, "V", None)
    assert (path / "asked").read_text() == "run\n"
    os.utime(path / "bin" / "java", ns=(1, 1))  # it was replaced
    probe_home(path)
    assert (path / "asked").read_text() == "run\nrun\n"


def test_what_is_no_home(tmp_path: Path) -> None:
    assert probe_home(tmp_path) is None
    assert probe_home(tmp_path / "nothing") is None
    assert probe_home(make_home(tmp_path / "odd", None, says="strange")) is None
    loop = tmp_path / "loop"
    loop.symlink_to(loop)
    assert probe_home(loop) is None


def test_the_order_in_which_they_are_preferred(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    given = make_home(tmp_path / "given", "11.0.1")
    named = make_home(tmp_path / "named", "8.0.1")
    path = make_home(tmp_path / "path", "9.0.1")
    usual = tmp_path / "usual"
    make_home(usual / "old", "17.0.2")
    make_home(usual / "older", "17.0.10")
    make_home(usual / "new", "21")
    (usual / "link").symlink_to(usual / "new")
    (usual / "none").mkdir()
    (tmp_path / "bin").mkdir()
    (tmp_path / "bin" / "java").symlink_to(path / "bin" / "java")
    monkeypatch.setattr("anyjob_jvm.homes._USUAL", (str(usual), str(tmp_path / "absent")))
    env = {"JAVA_HOME": str(named), "PATH": str(tmp_path / "bin")}
    found = find_homes([given, tmp_path / "absent"], env)
    assert [home.path.name for home in found] == ["given", "named", "path", "new", "older", "old"]
    assert find_homes([], {"PATH": ""})[0].path.name == "new"


def test_the_one_that_is_meant(tmp_path: Path) -> None:
    homes = [home for name in ("17.0.1", "21.0.1") if (home := probe_home(make_home(tmp_path / name, name)))]
    assert choose_home(homes).version == "17.0.1"
    assert choose_home(homes, "21").version == "21.0.1"
    assert choose_home(homes, str(tmp_path / "21.0.1")).version == "21.0.1"
    with pytest.raises(NoJava) as no:
        choose_home(homes, "99")
    assert str(no.value) == (
        f"This machine has no Java 99. Found: 17.0.1 at {tmp_path}/17.0.1; 21.0.1 at {tmp_path}/21.0.1."
        " Install it (Debian: openjdk-99-jdk-headless), or name another one."
    )
    with pytest.raises(NoJava) as no:
        choose_home([], str(tmp_path / "absent"))
    assert str(no.value) == (
        f"This machine has no Java home at {tmp_path}/absent. No other is here."
        " Install it (Debian: openjdk-17-jdk-headless), or name another one."
    )
