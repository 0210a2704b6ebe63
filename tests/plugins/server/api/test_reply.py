"""Answers as bytes: whatever a job or its output holds, a client can read it."""

from __future__ import annotations

import json

from hypothesis import given
from hypothesis import strategies as st

from anyjob.outcome import Json
from anyjob_server.api.reply import success

_TEXT = st.text(st.characters(exclude_categories=["Cs"]))
_VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | _TEXT,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(_TEXT, inner, max_size=4),
    max_leaves=20,
)


@given(st.dictionaries(_TEXT, _VALUES, max_size=5))
def test_a_client_reads_what_was_told(data: dict[str, Json]) -> None:
    answer = success("id", {"Data": data})
    assert json.loads(answer) == {"RequestId": "id", "Message": "", "Code": 200, "Success": True, "Data": data}
    assert b"\n" not in answer


def test_half_a_surrogate_pair_costs_a_character_and_not_the_answer() -> None:
    answer = success("id", {"Data": {"Result": "a\ud83db", "Name": "naïve 任务"}})
    assert json.loads(answer)["Data"] == {"Result": "a?b", "Name": "naïve 任务"}
