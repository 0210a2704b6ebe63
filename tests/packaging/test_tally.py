"""The tally itself: whatever leaves a test out makes CI red, but for what a type says that it lacks."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path

ROOT = Path(__file__).parents[2]

HIDDEN = {
    "skip": "import pytest\ndef test_it(): pytest.skip('no time')",
    "mark": "import pytest\n@pytest.mark.skip(reason='no time')\ndef test_it(): pass",
    "skipif": "import pytest\n@pytest.mark.skipif(True, reason='no time')\ndef test_it(): pass",
    "fixture": "import pytest\n@pytest.fixture\ndef it(): pytest.skip('no time')\ndef test_it(it): pass",
    "unittest": "import unittest\nclass It(unittest.TestCase):\n def test_it(self): self.skipTest('no time')",
    "xfail": "import pytest\n@pytest.mark.xfail(reason='no time')\ndef test_it(): assert False",
    "xpass": "import pytest\n@pytest.mark.xfail(reason='no time')\ndef test_it(): pass",
    "called": "import pytest\ndef test_it(): pytest.xfail('no time')",
    "module": "import pytest\npytest.skip('no time', allow_module_level=True)",
    "import": "import pytest\npytest.importorskip('no_such_module', reason='no time')",
    "lacks": "from anyjob.testing.fault import lacks\ndef test_it(): lacks('no time')",
    "parameters": "import pytest\n@pytest.mark.parametrize('n', [])\ndef test_it(n): pass",
}
"""Ways to leave a test out, by name."""

LACKING = """
from anyjob.testing import ExecutorContract
from anyjob.testing.cases.limits import LimitCases
from anyjob.testing.fault import lacks

class TestPart(LimitCases):
    job_type = "http"

class TestOwn(ExecutorContract):
    job_type = "http"

    def test_own(self): lacks("no time")
"""


def run(folder: Path, texts: Mapping[str, str], *words: str, ci: bool) -> tuple[int, str]:
    """Exit status and words of a pytest that has the tally, on test files by name."""
    for name, text in texts.items():
        (folder / f"test_{name}.py").write_text(text)
    (folder / "pytest.ini").write_text("[pytest]\nmarkers = needs(what): a part\n")
    env = {name: value for name, value in os.environ.items() if name != "ANYJOB_CI"} | {"PYTHONPATH": str(ROOT)}
    done = subprocess.run(
        [sys.executable, "-m", "pytest", "-q", "-p", "tests.tally", *words],
        cwd=folder,
        env=env | ({"ANYJOB_CI": "1"} if ci else {}),
        capture_output=True,
        text=True,
    )
    return done.returncode, done.stdout + done.stderr


def test_whatever_leaves_a_test_out_makes_ci_red(tmp_path: Path) -> None:
    """And is there to be judged again: the second judge of CI must not find it gone."""
    status, said = run(tmp_path, HIDDEN, "--continue-on-collection-errors", ci=True)
    assert status == 1, said
    assert "skipped" not in said.splitlines()[-1], said
    for way in HIDDEN:
        assert re.search(rf"^(FAILED|ERROR) test_{way}\.py.* - CI skips nothing: ", said, re.MULTILINE), (way, said)
    kept = json.loads((tmp_path / ".pytest_cache/v/cache/lastfailed").read_text())
    assert {name.partition("::")[0] for name in kept} == {f"test_{way}.py" for way in HIDDEN}


def test_elsewhere_it_is_told(tmp_path: Path) -> None:
    status, said = run(tmp_path, {way: HIDDEN[way] for way in ("skip", "xfail", "xpass", "import")}, ci=False)
    assert status == 0, said
    assert "skipped beside that: 4" in said
    for told in ("no time", "it is expected to fail: no time", "it is expected to fail, and passes: no time"):
        assert re.search(rf"\n +1  {told}\n", said), said
    assert re.search(r"\n +1  test_import.py: no time\n", said), said


def test_several_processes_tell_one_tally(tmp_path: Path) -> None:
    """What one of them leaves out is red in all."""
    text = "import pytest\n@pytest.mark.needs('root')\n@pytest.mark.parametrize('n', range(7))\ndef test_it(n): pass\n"
    status, said = run(tmp_path, {"seven": text, "mark": HIDDEN["mark"]}, "-n2", ci=os.getuid() == 0)
    assert re.search(r"^root +7  uid 0$", said, re.MULTILINE) or os.getuid(), said
    assert status == (1 if os.getuid() == 0 else 0), said


def test_a_case_of_the_suite_may_say_what_its_type_lacks(tmp_path: Path) -> None:
    texts = {"suite": LACKING, "hidden": HIDDEN["lacks"]}
    status, said = run(tmp_path, texts, "-k", "limit or test_it or test_own", ci=True)
    assert status == 1, said
    for name in ("TestOwn", "TestPart"):
        assert re.search(rf"^http \({name}\) +1 ran +[1-9]\d* lacking$", said, re.MULTILINE), said
    failed = re.findall(r"^FAILED (\S+)", said, re.MULTILINE)
    assert failed == ["test_hidden.py::test_it", "test_suite.py::TestOwn::test_own"], said


def test_a_part_that_ci_must_have_is_missed_before_a_test_runs(tmp_path: Path) -> None:
    text = """
import dataclasses, pytest
from tests import parts
parts.PARTS["jq"] = dataclasses.replace(parts.PARTS["jq"], missing=lambda: "jq is not installed")

@pytest.mark.needs("jq")
def test_it(): pass
"""
    status, said = run(tmp_path, {"jq": text}, ci=False)
    assert status == 0, said
    assert re.search("^jq +0  MISSING: jq is not installed; apt-get install jq$", said, re.MULTILINE), said
    assert re.search("1  needs jq: jq is not installed", said), said
    status, said = run(tmp_path, {"jq": text}, ci=True)
    assert status not in (0, 1), said
    assert "needs jq, which CI must have: jq is not installed" in said


def test_one_command_shows_the_parts() -> None:
    done = subprocess.run([sys.executable, "-m", "tests.parts"], cwd=ROOT, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    assert re.search(r"^root +(uid 0|MISSING: not root; run as root)$", done.stdout, re.MULTILINE), done.stdout
    assert "practice server" in done.stdout
