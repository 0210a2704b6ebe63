"""What the page about the suite shows is what a stranger's package would hold."""

from __future__ import annotations

import ast
import inspect
import os
import subprocess
import sys
from dataclasses import fields
from itertools import pairwise
from pathlib import Path

import pytest
from tests.docs.fences import ROOT, blocks
from tests.grounds.postgres.cluster import Postgres, bin_folder

from anyjob import samples
from anyjob.testing import ExecutorContract


def test_it_says_of_each_sample_what_the_class_says() -> None:
    (made,) = (
        one
        for one in ast.parse(inspect.getsource(samples)).body
        if isinstance(one, ast.ClassDef) and one.name == "Samples"
    )
    told = {
        field.target.id: " ".join(str(text.value.value).split())
        for field, text in pairwise(made.body)
        if isinstance(field, ast.AnnAssign) and isinstance(field.target, ast.Name)
        if isinstance(text, ast.Expr) and isinstance(text.value, ast.Constant)
    }
    assert {*told} == {field.name for field in fields(samples.Samples)}
    page = (ROOT / "core/docs/suite.md").read_text()
    assert [name for name, text in told.items() if f"| `{name}` | {text} |\n" not in page] == []


def test_its_class_is_collected_with_every_case(tmp_path: Path) -> None:
    test, *_ = blocks("core/docs/suite.md", "python")
    (tmp_path / "test_contract.py").write_text(test)
    argv = [sys.executable, "-m", "pytest", "--collect-only", "-q", "-p", "no:cacheprovider", "test_contract.py"]
    done = subprocess.run(argv, cwd=tmp_path, env=os.environ | {"PYTEST_ADDOPTS": ""}, capture_output=True, text=True)
    assert done.returncode == 0, done.stdout + done.stderr
    cases = {name for name in dir(ExecutorContract) if name.startswith("test_")}
    found = {
        line.rpartition("::")[2].partition("[")[0] for line in done.stdout.splitlines() if "TestSqlExecutor" in line
    }
    assert found == cases


PLUGIN = """
from typing import Annotated
from anyjob.executor import Command, CommandExecutor
from anyjob.plugins import ExecutorType, hookimpl
from anyjob.spec import At, Spec
from pydantic import Field

class SqlSpec(Spec):
    query: Annotated[str, Field(description="the query"), At("Content")]

class SqlExecutor(CommandExecutor[SqlSpec]):
    def command(self, run, spec):
        return Command(argv=[*PSQL, run.fill(spec.query)])

@hookimpl
def anyjob_executors():
    samples = "anyjob_sql.samples:SAMPLES"
    return [ExecutorType(job_type="sql", executor=SqlExecutor, spec=SqlSpec, contract=1, samples=samples)]
"""


@pytest.mark.needs("postgres")
def test_its_class_proves_an_executor_by_its_samples(tmp_path: Path, postgres: Postgres) -> None:
    """In the package of a stranger: the class and the samples of the page, and an executor that asks PostgreSQL."""
    test, text, *_ = blocks("core/docs/suite.md", "python")
    psql = [f"{bin_folder()}/psql", "-qAt", "-v", "ON_ERROR_STOP=1", "-d", postgres.url("postgres"), "-c"]
    package, about = tmp_path / "anyjob_sql", tmp_path / "anyjob_sql-1.0.dist-info"
    for folder in (package, about):
        folder.mkdir()
    (package / "__init__.py").touch()
    (package / "plugin.py").write_text(f"PSQL = {psql!r}\n{PLUGIN}")
    (package / "samples.py").write_text(text)
    (about / "METADATA").write_text("Metadata-Version: 2.1\nName: anyjob-sql\nVersion: 1.0\n")
    (about / "entry_points.txt").write_text("[anyjob]\nsql = anyjob_sql.plugin\n")
    (tmp_path / "test_contract.py").write_text(test)
    cases = [f"test_contract.py::TestSqlExecutor::test_{name}" for name in ("success", "failure", "deadline")]
    argv = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", *cases]
    env = {**os.environ, "PYTEST_ADDOPTS": "", "PYTHONPATH": str(tmp_path)}
    done = subprocess.run(argv, cwd=tmp_path, env=env, capture_output=True, text=True)
    assert done.returncode == 0, done.stdout + done.stderr
    assert "\n3 passed" in done.stdout, done.stdout


def test_its_function_gives_samples_that_the_suite_runs(tmp_path: Path) -> None:
    """Of the type `http`, whose jobs they are."""
    text = "".join(blocks("core/docs/suite.md", "python")[1:])
    (tmp_path / "theirs.py").write_text(text)
    (tmp_path / "test_it.py").write_text(
        "import theirs\nfrom anyjob.testing import ExecutorContract\n\n"
        "class TestHttp(ExecutorContract):\n    job_type = 'http'\n    samples = staticmethod(theirs.samples)\n"
    )
    argv = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "test_it.py", "-k", "test_failure"]
    done = subprocess.run(argv, cwd=tmp_path, env=os.environ | {"PYTEST_ADDOPTS": ""}, capture_output=True, text=True)
    assert done.returncode == 0, done.stdout + done.stderr
    assert " passed" in done.stdout
