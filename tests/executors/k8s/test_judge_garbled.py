"""Objects as no API server sends them: judge never raises, and what it says can be kept."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from typing import Any, cast

from hypothesis import given
from hypothesis import strategies as st
from tests.executors.k8s.replay import Recording, recordings

from anyjob_k8s.judge import forgotten, judge, survivors
from anyjob_k8s.objects import K8sObject

JUNK: list[Any] = [
    None,
    True,
    -1,
    2**70,
    1.5,
    float("nan"),
    "",
    "\ud800",
    "x" * 3000,
    "0001-01-01T00:00:00",
    "9999-12-31T23:59:59Z",
    "1-1",
    [],
    [[]],
    [None],
    {},
    {"a": None},
    ["Failed"],
    "Running",
    "Failed",
]


def garbled(data: st.DataObject, thing: Any) -> Any:
    """The thing with one of its parts replaced or taken away, anywhere in it."""
    if isinstance(thing, dict) and thing and data.draw(st.integers(0, 5)):
        whole = cast("dict[str, Any]", thing)
        key = data.draw(st.sampled_from(sorted(whole)))
        if not data.draw(st.integers(0, 4)):
            return {name: value for name, value in whole.items() if name != key}
        return {**whole, key: garbled(data, whole[key])}
    if isinstance(thing, list) and thing and data.draw(st.integers(0, 5)):
        items = cast("list[Any]", thing)
        at = data.draw(st.integers(0, len(items) - 1))
        return [*items[:at], garbled(data, items[at]), *items[at + 1 :]]
    return data.draw(st.sampled_from(JUNK))


def hit(data: st.DataObject, things: Iterable[K8sObject]) -> tuple[K8sObject, ...]:
    made = [garbled(data, thing) for thing in things]
    return tuple(cast("K8sObject", thing) for thing in made if isinstance(thing, dict))


@given(st.data())
def test_garbled_objects_are_judged_too(data: st.DataObject) -> None:
    recording = Recording.of(data.draw(st.sampled_from(recordings())))
    named = data.draw(st.sampled_from([None, "main"]))
    moments = list(recording.moments(ours=data.draw(st.booleans()), container=named))
    sight = moments[data.draw(st.integers(0, len(moments) - 1))]
    mains = hit(data, [sight.main] if sight.main is not None else [])
    sight = replace(
        sight,
        main=mains[0] if mains else None,
        pods=hit(data, sight.pods),
        events=hit(data, sight.events),
        gone=data.draw(st.booleans()),
        now=sight.now + data.draw(st.sampled_from([0, 30, 1000])),
    )
    verdict = judge(sight)
    survivors(sight.pods)
    forgotten(sight.pods)
    if verdict is not None:
        assert verdict.evidence
        assert all(len(item.text.encode()) <= 4000 for item in verdict.evidence)
