"""In which order several processes take the tests, and what stays together."""

from __future__ import annotations

from pathlib import Path

import pytest
from tests.beside import GROUNDS, SECONDS, LongestFirst, expected

ROOT = Path(__file__).parents[2]


def test_a_few_long_tests_come_before_many_short_ones() -> None:
    queue = LongestFirst()
    queue["short"] = {f"tests/packaging/test_house.py::test[{number}]": False for number in range(300)}
    queue["usual"] = {f"tests/core/job/test_it.py::test[{number}]": False for number in range(70)}
    queue["long"] = dict.fromkeys(["tests/packaging/test_install.py::a", "tests/packaging/test_install.py::b"], False)
    assert [queue.popitem(last=False)[0] for _ in range(3)] == ["long", "usual", "short"]
    assert not queue


def test_the_first_that_fits_counts() -> None:
    assert expected("tests/e2e/test_typos.py::test_it") < expected("tests/e2e/test_go.py::test_it")


@pytest.mark.parametrize("start", [*SECONDS, *(path for paths in GROUNDS.values() for path in paths)])
def test_what_is_named_is_there(start: str) -> None:
    assert list(ROOT.glob(f"{start}*"))
