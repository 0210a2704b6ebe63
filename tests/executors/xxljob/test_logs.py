"""Logs in answers of any length, read in pieces of any size."""

from __future__ import annotations

import json
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from anyjob_xxljob.logpage import LogPage, Tail
from anyjob_xxljob.message import BadMessage


def answer(content: str, *, ascii_only: bool = False) -> bytes:
    said = {"fromLineNum": 1, "toLineNum": 9, "logContent": content, "isEnd": False}
    return json.dumps({"code": 200, "content": said}, ensure_ascii=ascii_only).encode("utf-8", "replace")


def pieces(data: bytes, cuts: list[int]) -> list[bytes]:
    places = sorted({cut % (len(data) + 1) for cut in cuts} | {0, len(data)})
    return [data[a:b] for a, b in pairwise(places)]


@given(
    content=st.text(st.characters(exclude_categories=("Cs",))),
    cuts=st.lists(st.integers(0, 10_000), max_size=8),
    ascii_only=st.booleans(),
)
def test_text_comes_whole_however_it_is_cut(content: str, cuts: list[int], *, ascii_only: bool) -> None:
    got: list[bytes] = []

    def take(data: bytes) -> bool:
        got.append(data)
        return True

    page = LogPage(take)
    for piece in pieces(answer(content, ascii_only=ascii_only), cuts):
        assert page.feed(piece)
    assert page.end().ok
    assert b"".join(got).decode() == content


def test_an_answer_that_breaks_off() -> None:
    page = LogPage(lambda data: True)
    page.feed(answer("a\nb\n")[:-20])
    with pytest.raises(BadMessage):
        page.end()


def test_an_answer_without_a_log() -> None:
    page = LogPage(lambda data: True)
    page.feed(b'{"code":500,"msg":"The access token is wrong."}')
    said = page.end()
    assert not said.ok
    assert said.text == "The access token is wrong."


class File:
    """A log file that grows, and the pages that an executor makes of it: each line that it reads gets a line end."""

    def __init__(self) -> None:
        self.data = ""

    def page(self, line: int) -> str:
        lines = self.data.split("\n")
        if not lines[-1]:
            lines.pop()
        return "".join(text + "\n" for text in lines[line - 1 :])


@given(
    parts=st.lists(st.text("ab\n<br>-", max_size=12), max_size=12),
    size=st.integers(1, 5),
    restarts=st.booleans(),
)
def test_a_growing_log_is_read_once(parts: list[str], size: int, *, restarts: bool) -> None:
    """Whatever was half written when it was looked at, and whoever reads on from the cursor."""
    file, got, kept = File(), bytearray(), [""]

    def write(data: bytes, cursor: str) -> None:
        got.extend(data)
        kept[0] = cursor

    tail = Tail(write, 1 << 20, None)
    for index, part in enumerate([*parts, ""]):
        file.data += part
        if restarts and kept[0]:
            tail = Tail(write, 1 << 20, kept[0])
        tail.begin()
        content = file.page(tail.line).encode()
        for start in range(0, len(content), size):
            assert tail.take(content[start : start + size])
        tail.end(last=index == len(parts))
    whole = file.page(1)
    assert got.decode() == whole.replace("<br>-----------", " -----------")


def test_a_log_over_its_limit_says_so_once() -> None:
    got = bytearray()
    tail = Tail(lambda data, cursor: got.extend(data), 10, None)
    tail.begin()
    assert not tail.take(b"12345678901234\n")
    assert tail.full
    assert not tail.take(b"more")
    assert got == b"1234567890\n[anyjob] the log has more than 10 bytes; the rest is not fetched\n"
