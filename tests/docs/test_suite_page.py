"""What the page about the suite shows is what a stranger's package would hold."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

from tests.docs.fences import blocks

from anyjob.samples import Samples
from anyjob.testing import ExecutorContract


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


def test_its_samples_are_samples() -> None:
    _, text, *_ = blocks("core/docs/suite.md", "python")
    made: dict[str, object] = {}
    exec(text, made)
    assert isinstance(made["SAMPLES"], Samples)


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
