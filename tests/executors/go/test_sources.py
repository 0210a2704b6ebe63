"""The Go sources: as the tools want them, written out whole, the language of Go 1.20, nothing but its library."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest
from tests.executors.go.programs import HERE, Programs

import anyjob_go
from anyjob_go.build import BuildFailed, build, find_go
from anyjob_go.sources import NotOurs, write_dropin, write_sdk

PACKAGE = Path(anyjob_go.__file__).parent
EXAMPLES = HERE.parents[2] / "executors" / "go" / "examples"


def go(*words: str, cwd: Path, **env: str) -> subprocess.CompletedProcess[str]:
    found = find_go()
    assert found is not None
    settings = {"GOWORK": "off", "GOFLAGS": "-mod=mod -buildvcs=false", "GOPROXY": "off", "GOTOOLCHAIN": "local"}
    return subprocess.run([found, *words], cwd=cwd, capture_output=True, text=True, env=os.environ | settings | env)


@pytest.mark.needs("go")
def test_every_source_is_formatted() -> None:
    gofmt = Path(find_go() or "").resolve().with_name("gofmt")
    folders = [str(PACKAGE), str(HERE), str(EXAMPLES)]
    done = subprocess.run([gofmt, "-l", *folders], capture_output=True, text=True)
    assert (done.returncode, done.stdout) == (0, ""), done.stderr


@pytest.mark.needs("go")
@pytest.mark.parametrize("module", ["anyjob", "schedulerx", "odd", "user"])
def test_vet_finds_nothing(programs: Programs, module: str) -> None:
    done = go("vet", "./...", cwd=programs.folder / module)
    assert done.returncode == 0, done.stderr


@pytest.mark.needs("go")
def test_they_need_the_standard_library_alone_and_no_newer_one_than_go_1_20(programs: Programs) -> None:
    done = go("list", "-deps", "-f", "{{if not .Standard}}{{.ImportPath}}{{end}}", "./...", cwd=programs.dropin)
    assert done.returncode == 0, done.stderr
    own = "github.com/alibaba/schedulerx-worker-go"
    assert all(line.startswith(own) for line in done.stdout.split()), done.stdout
    for folder in (programs.sdk, programs.dropin):
        assert "\ngo 1.20\n" in (folder / "go.mod").read_text()
        assert not (folder / "go.sum").exists()
    # What came later and is easily written: the toolchain here is newer, and takes it.
    newer = re.compile(
        r"context\.(AfterFunc|WithDeadlineCause|WithTimeoutCause|WithoutCancel)|sync\.Once(Func|Value)|errors\.ErrUnsupported"
        r'|"(slices|maps|cmp|log/slog|iter|math/rand/v2)"|\b(min|max|clear)\(|range \d|SetCrashOutput'
    )
    for file in sorted(programs.dropin.rglob("*.go")):
        text = file.read_text()
        assert text.startswith("//go:build go1.23") or not newer.search(text), file


@pytest.mark.needs("go")
def test_it_builds_where_the_runtime_cannot_keep_a_crash(tmp_path: Path) -> None:
    """As with a Go before 1.23, which takes crash_old.go."""
    write_sdk(tmp_path)
    (tmp_path / "crash.go").unlink()
    old = tmp_path / "crash_old.go"
    line = "//go:build !go1.23\n"
    assert old.read_text().startswith(line)
    old.write_text(old.read_text().removeprefix(line))
    done = go("vet", ".", cwd=tmp_path)
    assert done.returncode == 0, done.stderr


def test_a_copy_is_replaced_and_nothing_else_is(tmp_path: Path) -> None:
    folder = tmp_path / "anyjob"
    files = write_sdk(folder)
    assert folder / "go.mod" in files
    (folder / "old.go").write_text("package anyjob\n")
    write_sdk(folder)
    assert not (folder / "old.go").exists()
    with pytest.raises(NotOurs) as refused:
        write_dropin(folder)
    assert str(refused.value) == f"{folder} is not empty and holds no earlier copy of this module; name another folder."
    mine = tmp_path / "mine"
    mine.mkdir()
    (mine / "main.go").write_text("package main\n")
    with pytest.raises(NotOurs):
        write_sdk(mine)
    assert (mine / "main.go").read_text() == "package main\n"


def anyjob(*words: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run([sys.executable, "-m", "anyjob", *words], capture_output=True, text=True, timeout=60)


def test_the_commands(tmp_path: Path) -> None:
    for word, module in (("sdk", "anyjob"), ("dropin", "github.com/alibaba/schedulerx-worker-go")):
        done = anyjob("go", word, str(tmp_path / word))
        assert (done.returncode, done.stdout) == (0, f"replace {module} => {tmp_path / word}\n"), done.stderr
    assert (tmp_path / "dropin" / "internal" / "anyjob" / "link.go").is_file()
    done = anyjob("go", "sdk", str(tmp_path))
    assert done.returncode == 2
    assert done.stderr == f"{tmp_path} is not empty and holds no earlier copy of this module; name another folder.\n"
    done = anyjob("go", "names", "/bin/true")
    assert done.returncode == 2
    assert "does not tell its names: the SDK is not in it" in done.stderr
    assert anyjob("go", "names", str(tmp_path)).returncode == 2


@pytest.mark.needs("go")
def test_the_names_of_a_program(programs: Programs) -> None:
    done = anyjob("go", "names", str(programs.odd))
    assert done.returncode == 0, done.stderr
    assert {"Hello", "Panics", "Sum"} <= set(done.stdout.splitlines())


@pytest.mark.needs("go")
def test_a_build_that_fails_says_why(tmp_path: Path) -> None:
    (tmp_path / "go.mod").write_text("module x\n\ngo 1.20\n")
    (tmp_path / "main.go").write_text("package main\n\nfunc main() { nothing() }\n")
    with pytest.raises(BuildFailed) as failed:
        build(tmp_path, tmp_path / "x")
    assert "undefined: nothing" in str(failed.value)


@pytest.mark.needs("go")
def test_what_takes_long_or_cannot_be_seen_outside_as_that_a_resident_that_nobody_needs_ends(tmp_path: Path) -> None:
    """Tests within the package."""
    write_sdk(tmp_path / "sdk")
    (tmp_path / "sdk" / "inside_test.go").write_text((HERE / "inside_test.go.txt").read_text())
    done = go("test", "./...", cwd=tmp_path / "sdk")
    assert done.returncode == 0, done.stdout + done.stderr
