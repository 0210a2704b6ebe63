"""A stranger's executor: scaffolded, built, installed and proved where only wheels of ours are."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
import tarfile
import tomllib
import zipfile
from pathlib import Path

import pytest
from packaging.requirements import Requirement
from tests.docs.fences import blocks

from anyjob.scaffold.carried import template_files

ROOT = Path(__file__).parents[2]
TEMPLATE = ROOT / "contrib/template"
BIN = Path(sys.executable).parent
UV = BIN / "uv"

pytestmark = pytest.mark.timeout(900)


def run(*words: str | Path, cwd: Path) -> str:
    kept = {name: value for name, value in os.environ.items() if name not in {"VIRTUAL_ENV", "PYTHONPATH"}}
    kept |= {"XDG_STATE_HOME": str(cwd / "state-home")}
    done = subprocess.run([str(word) for word in words], cwd=cwd, capture_output=True, text=True, env=kept)
    assert done.returncode == 0, f"{words}: {done.returncode}\n{done.stdout}\n{done.stderr}"
    return done.stdout


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Core's sdist, a wheel from it in `from-sdist`, and one from the tree in `from-tree`."""
    folder = tmp_path_factory.mktemp("core")
    run(UV, "build", "-q", "--out-dir", folder / "from-sdist", ROOT / "core", cwd=folder)
    run(UV, "build", "-q", "--wheel", "--out-dir", folder / "from-tree", ROOT / "core", cwd=folder)
    return folder


def test_wheel_and_sdist_carry_the_template_of_the_tree(built: Path) -> None:
    files = {name: (TEMPLATE / name).read_bytes() for name in template_files(TEMPLATE)}
    assert "src/anyjob_template/executor.py" in files
    for wheel in built.glob("*/*.whl"):
        with zipfile.ZipFile(wheel) as archive:
            inside = "anyjob/scaffold/template/"
            held = {
                name.removeprefix(inside): archive.read(name) for name in archive.namelist() if name.startswith(inside)
            }
            assert held == files, wheel
            assert not [name for name in archive.namelist() if "hatch_build" in name]
    (sdist,) = built.glob("from-sdist/*.tar.gz")
    with tarfile.open(sdist) as archive:
        names = [name.partition("/")[2] for name in archive.getnames()]
    inside = "src/anyjob/scaffold/template/"
    assert {name.removeprefix(inside) for name in names if name.startswith(inside)} == set(files)


def with_setuptools(project: Path) -> None:
    """The same package, built by another tool."""
    text = project.read_text()
    text, changes = re.subn(
        r"^requires = .*\nbuild-backend = .*$",
        'requires = ["setuptools>=77"]\nbuild-backend = "setuptools.build_meta"',
        text,
        flags=re.MULTILINE,
    )
    text, more = re.subn(r"^\[tool\.hatch\..*\n.*\n\n", "", text, flags=re.MULTILINE)
    assert (changes, more, "hatch" in text) == (1, 1, False)
    project.write_text(text)


# The first is the template itself, word for word; the second has all that makes a name difficult.
@pytest.mark.parametrize(("backend", "name"), [("hatchling", "template"), ("setuptools", "my.own-type")])
def test_a_scaffolded_executor_is_proved_where_only_wheels_are(
    built: Path, tmp_path: Path, backend: str, name: str
) -> None:
    (core,) = built.glob("from-tree/*.whl")
    python = tmp_path / "venv/bin/python"
    run(UV, "venv", "-q", "-p", sys.executable, tmp_path / "venv", cwd=tmp_path)
    install = (UV, "pip", "install", "-q", "-p", python)
    run(*install, f"anyjob[cli,testing] @ {core.as_uri()}", cwd=tmp_path)

    anyjob, folder = tmp_path / "venv/bin/anyjob", tmp_path / "package"
    told = run(anyjob, "new-executor", name, folder, cwd=tmp_path)
    assert f"uv pip install --python venv/bin/python -e {folder}\n" in told, "an environment of uv has no pip"
    if backend == "setuptools":
        with_setuptools(folder / "pyproject.toml")
    run(UV, "build", "-q", "--wheel", "--out-dir", tmp_path / "dist", folder, cwd=tmp_path)
    (wheel,) = tmp_path.glob("dist/*.whl")
    with zipfile.ZipFile(wheel) as archive:
        module = f"anyjob_{re.sub('[.-]', '_', name)}"
        held = {file for file in archive.namelist() if ".dist-info/" not in file}
        assert held == {f"{module}/{path.name}" for path in (folder / "src" / module).glob("*.*")}
    run(*install, wheel, cwd=tmp_path)
    run(UV, "pip", "check", "-p", python, cwd=tmp_path)
    places = json.loads(run(UV, "pip", "list", "-p", python, "--format", "json", cwd=tmp_path))
    assert not [one for one in places if "editable_project_location" in one]

    run(BIN / "pyright", "--warnings", "--pythonpath", python, "-p", folder, cwd=tmp_path)
    assert run(anyjob, "run", folder / "examples/hello.yaml", cwd=tmp_path) == "hello from hello\n"
    if backend == "setuptools":
        report = json.loads(run(anyjob, "check-executor", name, "--json", cwd=tmp_path))
        assert (report["grade"], report["total"]["fails"]) == ("A", 0)
    else:
        (job,), (lines,) = blocks("contrib/template/README.md", "yaml"), blocks("contrib/template/README.md", "sh")
        (folder / "changes.yaml").write_text(job)
        assert "diff --recursive" in run(anyjob, "explain", "changes.yaml", cwd=folder)
        ours, reference = tmp_path / "nginx", tmp_path / "reference"
        for place, text in ((ours, "a"), (reference, "b")):
            place.mkdir()
            (place / "nginx.conf").write_text(text)
        own = job.replace("/srv/reference/nginx", str(reference)).replace("/etc/nginx", str(ours))
        (folder / "own.yaml").write_text(own)
        assert "\n< a\n" in run(anyjob, "run", "own.yaml", cwd=folder), "status 1, a difference, is a success"
        install, check, *others = lines.splitlines()
        assert (install, check) == ("pip install -e '.[test]'", f"anyjob check-executor {name}"), "as in the other case"
        said = ""
        for line in others:
            program, *words = line.split()
            said = run(python.with_name(program), *words, cwd=folder)
        assert " passed" in said


def test_the_template_refuses_no_later_anyjob() -> None:
    """What is made for a contract runs on every later anyjob, says core/docs/contract.md: pip must let it."""
    project = tomllib.loads((TEMPLATE / "pyproject.toml").read_text())["project"]
    wanted = [*project["dependencies"], *project["optional-dependencies"]["test"]]
    ours = [need for need in map(Requirement, wanted) if need.name == "anyjob"]
    assert len(ours) == 2
    assert all(need.specifier.contains("99.0") for need in ours), wanted
