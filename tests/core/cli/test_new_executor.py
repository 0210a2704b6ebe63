"""`anyjob new-executor`: what it writes works at once, under every legal name, and what cannot be is refused."""

from __future__ import annotations

import shlex
import sys
from pathlib import Path

import pytest
from tests.core.cli.program import Program

from anyjob.scaffold.carried import template_files, template_folder
from anyjob.scaffold.names import PackageNames
from anyjob.scaffold.package import write_package

ROOT = Path(__file__).parents[3]
TEMPLATE = ROOT / "contrib/template"


def contents(folder: Path) -> dict[str, str]:
    return {name: (folder / name).read_text() for name in template_files(folder)}


def test_a_package_named_template_is_the_template(tmp_path: Path) -> None:
    assert template_folder() == TEMPLATE
    write_package(PackageNames(job_type="template"), tmp_path / "new")
    assert contents(tmp_path / "new") == contents(TEMPLATE)


@pytest.mark.parametrize(
    ("name", "module", "prefix"),
    [
        ("night-shift", "anyjob_night_shift", "NightShift"),
        ("my.own_type", "anyjob_my_own_type", "MyOwnType"),
        ("7zip", "anyjob_7zip", "Job7zip"),  # no class begins with a digit
        ("command", "anyjob_command", "JobCommand"),  # CommandExecutor is the base
        ("email", "anyjob_email", "Email"),  # shadows nothing: the module has a prefix
        ("lambda", "anyjob_lambda", "Lambda"),
        ("no", "anyjob_no", "No"),  # in YAML a false
    ],
)
def test_what_is_written_runs_and_never_says_template(anyjob: Program, name: str, module: str, prefix: str) -> None:
    done = anyjob("new-executor", name, "pack age")
    assert done.status == 0, done.err
    folder = anyjob.folder / "pack age"
    written = contents(folder)
    assert f"src/{module}/executor.py" in written
    assert f"class {prefix}Executor(CommandExecutor[{prefix}Spec]):" in written[f"src/{module}/executor.py"]
    assert not [file for file, text in written.items() if "template" in f"{file}{text}".casefold()]
    # As an editable install has it.
    info = folder / "src" / f"anyjob_{name}-0.1.0.dist-info"
    info.mkdir()
    (info / "METADATA").write_text(f"Metadata-Version: 2.1\nName: anyjob-{name}\nVersion: 0.1.0\n")
    (info / "entry_points.txt").write_text(f"[anyjob]\n{name} = {module}.plugin\n")
    anyjob.environment["PYTHONPATH"] = str(folder / "src")
    *_, command = done.out.decode().splitlines()
    assert shlex.split(command)[-2:] == ["run", "pack age/examples/hello.yaml"]
    ran = anyjob(*shlex.split(command)[1:])
    assert (ran.status, ran.out) == (0, b"hello from hello\n"), ran.err


def test_the_next_commands_are_those_of_this_installation(anyjob: Program) -> None:
    done = anyjob("new-executor", "probe", "probe")
    listed, _, following = done.out.decode().partition("\nNext:\n")
    assert [line.removeprefix("probe/") for line in listed.splitlines()] == sorted(contents(anyjob.folder / "probe"))
    install, check, run = following.splitlines()
    assert install.endswith(" -e ./probe")
    assert check.endswith("/anyjob check-executor probe")
    assert (anyjob.folder / check.split()[0]).parent.samefile(Path(sys.executable).parent)
    assert run.endswith("/anyjob run probe/examples/hello.yaml")


@pytest.mark.parametrize(
    ("name", "why"),
    [
        ("My SQL", "is no name; use a-z, 0-9, '.', '_' and '-', a letter or digit first"),
        ("", "is no name; use a-z, 0-9, '.', '_' and '-', a letter or digit first"),
        ("../x", "is no name; use a-z, 0-9, '.', '_' and '-', a letter or digit first"),
        ("sql-", "cannot end a distribution's name; let it end with a letter or a digit"),
        ("k8s", "is the JobType of anyjob-k8s; take another word"),
        ("golang", "is the JobType of anyjob-go; take another word"),
        ("core", "is claimed by plugin 'core' of anyjob already; take another word"),
        ("job", "is taken: there is a module anyjob_job already; take another word"),
        ("nap", "is a JobType of plugin 'rest' of anyjob-rest 1.0 already; take another word"),
        ("siesta", "is a JobType of plugin 'rest' of anyjob-rest 1.0 already; take another word"),
        ("rest", "is claimed by plugin 'rest' of anyjob-rest already; take another word"),
        ("r.est", "is taken: there is a module anyjob_r_est already; take another word"),
    ],
)
def test_a_name_that_cannot_be_is_refused(anyjob: Program, name: str, why: str) -> None:
    anyjob.install(
        "rest",
        """
        from anyjob.plugins import ExecutorType, hookimpl

        @hookimpl
        def anyjob_executors():
            yield ExecutorType(job_type="nap", executor="anyjob_rest:E", spec="anyjob_rest:S", aliases=("siesta",))
        """,
    )
    (anyjob.folder / "site/anyjob_r_est.py").touch()
    done = anyjob("new-executor", "--", name, "new")
    assert (done.status, done.out, done.err) == (2, b"", f"anyjob: NAME: {name!r} {why}\n")
    assert not (anyjob.folder / "new").exists()


def test_a_folder_that_is_used_stays_as_it_is(anyjob: Program) -> None:
    used = anyjob.folder / "used"
    used.mkdir()
    (used / ".hidden").write_text("mine")
    done = anyjob("new-executor", "probe", "used")
    assert (done.status, done.err) == (2, "anyjob: DIR: 'used' is not empty; name a folder that is new or empty\n")
    assert [path.name for path in used.iterdir()] == [".hidden"]
    done = anyjob("new-executor", "probe", "used/.hidden")
    assert (done.status, done.err) == (
        2,
        "anyjob: DIR: 'used/.hidden' is no folder; name one that is new or empty\n",
    )
    assert (used / ".hidden").read_text() == "mine"


def test_an_empty_folder_is_taken(anyjob: Program) -> None:
    (anyjob.folder / "empty").mkdir()
    assert anyjob("new-executor", "probe", "empty").status == 0
    assert (anyjob.folder / "empty/pyproject.toml").is_file()
