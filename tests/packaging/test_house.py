"""The house: what may know what, and that every folder has the same shape."""

from __future__ import annotations

import ast
import os
import re
import subprocess
import sys
import tomllib
from collections.abc import Iterator
from importlib.metadata import entry_points
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
MEMBERS = sorted(
    path.parent
    for pattern in ("executors/*", "plugins/*", "contrib/*")
    for path in ROOT.glob(f"{pattern}/pyproject.toml")
)
SOURCES = sorted(path for folder in (ROOT / "core", *MEMBERS) for path in (folder / "src").rglob("*.py"))
FOREIGN = sorted(path for folder in MEMBERS for end in ("go", "java") for path in (folder / "src").rglob(f"*.{end}"))


def imports(file: Path) -> Iterator[tuple[str, bool]]:
    """(module, whether it is imported only for types) of every absolute import."""
    tree = ast.parse(file.read_text())
    guarded = {
        node
        for block in ast.walk(tree)
        if isinstance(block, ast.If) and isinstance(block.test, ast.Name) and block.test.id == "TYPE_CHECKING"
        for part in block.body
        for node in ast.walk(part)
    }
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            for alias in node.names:
                yield alias.name, node in guarded
        elif isinstance(node, ast.ImportFrom) and node.level == 0 and node.module:
            yield node.module, node in guarded


def names(module: Path) -> set[str]:
    return {name.split(".")[0] for name, _ in imports(module)}


def test_core_knows_no_job_type_and_no_plugin() -> None:
    others = {path.name for folder in MEMBERS for path in (folder / "src").iterdir()}
    for file in (ROOT / "core/src").rglob("*.py"):
        assert not names(file) & others, f"{file.relative_to(ROOT)} knows a member"


def test_executors_do_not_know_each_other() -> None:
    """What several need and core must not know is a plugin, which they name as a dependency."""
    shared = {f"anyjob-{folder.name}" for folder in MEMBERS if folder.parent.name == "plugins"}
    for folder in MEMBERS:
        needs = tomllib.loads((folder / "pyproject.toml").read_text())["project"].get("dependencies", [])
        declared = {re.split(r"[^a-z-]", need)[0] for need in needs} & shared
        own = {path.name for path in (folder / "src").iterdir()} | {name.replace("-", "_") for name in declared}
        for file in (folder / "src").rglob("*.py"):
            foreign = {name for name in names(file) if name.startswith("anyjob_")} - own
            assert not foreign, f"{file.relative_to(ROOT)} imports {foreign}"


def test_the_contract_never_imports_the_worker() -> None:
    code = (
        "import sys, anyjob.executor, anyjob.run, anyjob.outcome, anyjob.spec, anyjob.plugins, anyjob.job;"
        "print([name for name in sys.modules if name.startswith(('anyjob.worker', 'anyjob.cli', 'anyjob.testing'))])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


@pytest.mark.parametrize("file", [*SOURCES, *FOREIGN], ids=lambda file: str(file.relative_to(ROOT)))
def test_a_module_holds_one_noun(file: Path) -> None:
    assert len(file.read_text().splitlines()) <= 400
    assert not re.search(r"(^|/)(utils?|helpers?|misc|common_?\w*utils)\.py$", str(file))


def test_the_top_level_is_what_was_asked_for() -> None:
    listed = subprocess.run(["git", "ls-files"], cwd=ROOT, capture_output=True, text=True, check=True).stdout
    top = {line.split("/")[0] for line in listed.splitlines()}
    assert {name for name in top if not name.startswith(".")} <= {
        "pyproject.toml", "README.md", "executors", "core", "plugins", "tests", "contrib",
    }  # fmt: skip


@pytest.mark.parametrize("folder", MEMBERS, ids=lambda folder: folder.name)
def test_every_member_has_the_same_shape(folder: Path) -> None:
    project = tomllib.loads((folder / "pyproject.toml").read_text())["project"]
    assert project["name"] == f"anyjob-{folder.name}"
    package = folder / "src" / f"anyjob_{folder.name}"
    assert (package / "py.typed").exists()
    assert (folder / "README.md").read_text().count("\n") > 3
    assert project["entry-points"]["anyjob"] == {folder.name: f"anyjob_{folder.name}.plugin"}
    if folder.parent.name in {"executors", "contrib"}:
        assert {"plugin.py", "spec.py", "executor.py"} <= {path.name for path in package.iterdir()}
    if folder.parent.name != "contrib":  # those are strangers: not installed here
        (entry,) = [entry for entry in entry_points(group="anyjob") if entry.name == folder.name]
        assert entry.value == f"anyjob_{folder.name}.plugin"


@pytest.mark.parametrize("folder", MEMBERS, ids=lambda folder: folder.name)
def test_an_entry_point_is_light_to_import(folder: Path) -> None:
    package = f"anyjob_{folder.name}"
    code = f"import sys, {package}.plugin; print([n for n in sys.modules if n.startswith('{package}.')])"
    env = os.environ | {"PYTHONPATH": str(folder / "src")}
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, env=env)
    assert done.stdout.strip() == f"['{package}.plugin']"


def test_nothing_committed_names_a_registry_or_this_machine() -> None:
    listed = subprocess.run(
        ["git", "ls-files"], cwd=ROOT, capture_output=True, text=True, check=True
    ).stdout.splitlines()
    assert not [name for name in listed if Path(name).name in {"uv.lock", "package-lock.json", "poetry.lock"}]
    registry = re.compile(
        "|".join(["pypi" + r"\.org", "pythonhosted" + r"\.org", "registry" + r"\.npmjs", "repo" + r"1?\.maven"])
    )
    for name in listed:
        text = (ROOT / name).read_text(errors="replace") if (ROOT / name).is_file() else ""
        assert not registry.search(text), name
        assert str(ROOT) not in text or len(ROOT.parts) < 3, name
