from __future__ import annotations

import pytest

from anyjob.cli.logtext import Plain, Prefixed, Raw

_ESCAPES = "a\x1b[31mred\x1b[0m\x1b]0;title\x07b\x1b]52;c;aGk=\x1b\\c\x9b2Jd\x1bPq\x1b\\e\x1b(Bf\x1b7\x00\x08\x7fg"
ATTACK = _ESCAPES + "\r\nh\ri\tj\n"
HARMLESS = "aredbcdefg\nh\ni\tj\n"


@pytest.mark.parametrize("size", [1, 2, 3, 7, 1000])
def test_controls_are_taken_out_however_the_bytes_arrive(size: int) -> None:
    data = ATTACK.encode()
    shown = Plain("utf-8", "utf-8")
    parts = [shown.feed(data[at : at + size]) for at in range(0, len(data), size)]
    assert (b"".join(parts) + shown.finish()).decode() == HARMLESS


@pytest.mark.parametrize("start", ["\x1b]0;", "\x1bP", "\x1b[", "\x9d"])
def test_a_sequence_without_end_hides_nothing_and_holds_nothing_back(start: str) -> None:
    shown = Plain("utf-8", "utf-8")
    text = "1" * 10_000
    out = shown.feed((start + text).encode())
    assert text[:5000].encode() in out
    out += shown.feed(b"\nnext line\n") + shown.finish()
    assert b"next line\n" in out
    assert not set(out) & set(b"\x1b\x07\x90\x9c\x9d")


def test_a_log_full_of_beginnings_is_read_in_one_go() -> None:
    for start in ("\x90", "\x1b]", "\x1b[1", "\x9b", "\x1b ", "\r", "\x1b]0;\x90"):
        assert not set(Plain("utf-8", "utf-8").feed((start * 300_000).encode())) & set(b"\x1b\r\x07")


def test_bytes_that_are_no_text_are_replaced() -> None:
    shown = Plain("gbk", "utf-8")
    assert (shown.feed(b"\xd6") + shown.feed(b"\xd0\xff\n") + shown.finish()).decode() == "中\ufffd\n"


def test_what_the_terminal_cannot_write_is_replaced() -> None:
    shown = Plain("utf-8", "ascii")
    assert shown.feed("中a\n".encode()) == b"?a\n"


def test_prefix_stands_before_every_line_once() -> None:
    shown = Prefixed("[1] ", Raw())
    out = shown.feed(b"a\nb") + shown.feed(b"c\n\nd") + shown.finish() + shown.finish()
    assert out == b"[1] a\n[1] bc\n[1] \n[1] d\n"


def test_prefixed_lines_without_end_are_not_gathered_for_ever() -> None:
    shown = Prefixed("[1] ", Raw())
    assert len(shown.feed(b"x" * 1_000_000)) > 900_000
