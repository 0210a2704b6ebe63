"""Jobs that resist their stop, forty of each, seen by a witness outside: nobody outlives a proof."""

from __future__ import annotations

from collections import Counter
from typing import cast

import pytest
from tests.bench.hostile import CASES
from tests.bench.siege import Hold, Siege, lay

EACH = {"cgroup": 40, "subreaper": 40, "scan": 10}
IN_FLIGHT = 16


@pytest.fixture(
    scope="module", params=[pytest.param("cgroup", marks=pytest.mark.needs("cgroup2")), "subreaper", "scan"]
)
def hold(request: pytest.FixtureRequest) -> Hold:
    return cast("Hold", request.param)


@pytest.fixture(scope="module")
def siege(hold: Hold, tmp_path_factory: pytest.TempPathFactory) -> Siege:
    return lay(tmp_path_factory.mktemp(hold), list(CASES), hold, EACH[hold], IN_FLIGHT)


@pytest.mark.parametrize("case", CASES)
def test_nobody_outlives_a_proof_and_every_other_survivor_is_listed(siege: Siege, hold: Hold, case: str) -> None:
    ends = siege.of(case)
    assert len(ends) == EACH[hold]
    assert {end["cause"] for end in ends} == {"stopped"}
    assert [line for line in siege.refuted if line.startswith(case)] == []
    assert [line for line in siege.unlisted if line.startswith(case)] == []
    if hold != "scan":  # which may say that it cannot know
        assert Counter(end["stop"]["strength"] for end in ends) == {"PROVEN": EACH[hold]}, ends


def test_nobody_is_left_in_the_group_of_the_witness(siege: Siege) -> None:
    assert siege.left == []


def test_nobody_else_is_signalled(siege: Siege) -> None:
    assert siege.signalled == []
