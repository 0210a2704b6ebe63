"""Bytes become lines, however they come."""

from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from anyjob.worker.apps.codec import decode, encode
from anyjob.worker.apps.faults import NotAMessage
from anyjob.worker.apps.frame import LineOverflow, Lines

values = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**62), 2**62) | st.text(st.characters(exclude_categories=["Cs"])),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=8,
)


@given(
    bodies=st.lists(st.dictionaries(st.sampled_from(["id", "run", "data", "text"]), values), max_size=6),
    cuts=st.lists(st.integers(0, 2000), max_size=20),
    windows=st.booleans(),
)
def test_messages_come_through_whole_wherever_the_stream_is_cut(
    *, bodies: list[dict[str, object]], cuts: list[int], windows: bool
) -> None:
    stream = b"".join(encode("log", body) for body in bodies)
    if windows:
        stream = stream.replace(b"\n", b"\r\n")
    lines, got, at = Lines(), list[bytes](), 0
    for cut in [*sorted(cuts), len(stream)]:
        got += lines.feed(stream[at:cut])
        at = max(at, cut)
    assert [decode("x", line) for line in got] == [("log", {"type": "log", **body}) for body in bodies]


@given(size=st.integers(0, 40), chunk=st.integers(1, 50))
def test_a_line_is_refused_as_soon_as_it_is_too_long(size: int, chunk: int) -> None:
    lines, fed, line = Lines(20), 0, b"y\n" + b"x" * size + b"\n"

    def feed_all() -> None:
        nonlocal fed
        for at in range(0, len(line), chunk):
            fed = at
            lines.feed(line[at : at + chunk])

    if size <= 20:
        feed_all()
        return
    with pytest.raises(LineOverflow):
        feed_all()
    assert fed <= 22, "it was held beyond the limit"


@pytest.mark.parametrize(
    ("line", "why"),
    [
        (b"hello", "is not JSON"),
        (b"[1]", 'no object with a text "type"'),
        (b'{"type": 3}', 'no object with a text "type"'),
        (b'{"type":"a","type":"b"}', "stands twice"),
        (b'{"type":"a","n":NaN}', "NaN"),
        (b"[" * 100_000, "levels deep"),
        (b'{"type":"\xff"}', "is not UTF-8 at byte 10"),
        (json.dumps({"type": "a", "t": "\ud800"}).encode(), "surrogate"),
    ],
)
def test_what_is_no_message_is_told_with_its_beginning(line: bytes, why: str) -> None:
    with pytest.raises(NotAMessage) as wrong:
        decode("The executable", line)
    assert why in str(wrong.value)
    assert len(str(wrong.value)) < 1000
