"""Following the logs of an instance's runs: nothing is lost, nothing comes twice."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from anyjob_server.api.errors import WrongParameter
from anyjob_server.api.logcursor import log_piece


def a_log(folder: Path, task: int, text: bytes, fence: int = 1) -> Path:
    log = folder / f"aj-1f-{task}-{fence}" / "log"
    log.parent.mkdir(exist_ok=True)
    with log.open("ab") as file:
        file.write(text)
    return log


def test_an_unfinished_line_comes_when_it_is_finished_or_nothing_more_comes(tmp_path: Path) -> None:
    log = a_log(tmp_path, 0, b"one\ntw")
    piece = log_piece([log], "", 200, "utf-8", several=False, over=False)
    assert (piece.lines, piece.more) == (["one"], False)
    a_log(tmp_path, 0, b"o\n\nthree")
    piece = log_piece([log], piece.cursor, 200, "utf-8", several=False, over=False)
    assert piece.lines == ["two", ""]
    piece = log_piece([log], piece.cursor, 200, "utf-8", several=False, over=True)
    assert piece.lines == ["three"]
    assert log_piece([log], piece.cursor, 200, "utf-8", several=False, over=True).lines == []


def test_runs_that_grow_side_by_side_keep_their_places(tmp_path: Path) -> None:
    first, second = a_log(tmp_path, 0, b"a1\n"), a_log(tmp_path, 1, b"b1\n")
    piece = log_piece([first], "", 200, "utf-8", several=True, over=False)
    assert piece.lines == ["[0] a1"]
    a_log(tmp_path, 0, b"a2\n")
    piece = log_piece([first, second], piece.cursor, 1, "utf-8", several=True, over=False)
    assert (piece.lines, piece.more) == (["[0] a2"], True)
    piece = log_piece([first, second], piece.cursor, 200, "utf-8", several=True, over=False)
    assert (piece.lines, piece.more) == (["[1] b1"], False)
    assert (
        log_piece([first, tmp_path / "aj-1f-2-1" / "log"], piece.cursor, 9, "utf-8", several=True, over=True).lines
        == []
    )


def test_bytes_are_read_as_the_job_wrote_them(tmp_path: Path) -> None:
    log = a_log(tmp_path, 0, "任务\n".encode("gbk") + b"\xff\n")
    assert log_piece([log], "", 9, "gbk", several=False, over=True).lines == ["任务", "�"]


def test_what_the_quota_took_is_told_in_its_place(tmp_path: Path) -> None:
    log = a_log(tmp_path, 0, b"")
    with log.open("r+b") as file:
        file.write(b"head\nunfin")
        file.truncate(1 << 20)
        file.seek(1 << 20)
        file.write(b"tail\n")
    piece = log_piece([log], "", 9, "utf-8", several=False, over=False)
    assert [piece.lines[0], piece.lines[1], piece.lines[3]] == ["head", "unfin", "tail"]
    assert "bytes are left out here" in piece.lines[2]
    assert log_piece([log], piece.cursor, 9, "utf-8", several=False, over=True).lines == []


def test_a_line_too_long_to_wait_for_is_cut(tmp_path: Path) -> None:
    log = a_log(tmp_path, 0, b"x" * (150 << 10))
    piece = log_piece([log], "", 9, "utf-8", several=False, over=False)
    assert [len(line) for line in piece.lines] == [64 << 10, 64 << 10]
    piece = log_piece([log], piece.cursor, 9, "utf-8", several=False, over=True)
    assert [len(line) for line in piece.lines] == [22 << 10]


@pytest.mark.parametrize("cursor", ["x", "[]", "1", '{"a": "b"}', '{"a": -1}', '{"a": 1e30}', "[" * 10_000])
def test_a_cursor_of_somebody_else_is_refused(tmp_path: Path, cursor: str) -> None:
    with pytest.raises(WrongParameter, match="leave it empty to begin anew"):
        log_piece([], cursor, 9, "utf-8", several=False, over=False)


@given(texts=st.lists(st.binary(max_size=40), max_size=6), most=st.integers(1, 3))
def test_pieces_make_the_whole_however_it_grew(
    texts: list[bytes], most: int, tmp_path_factory: pytest.TempPathFactory
) -> None:
    folder = tmp_path_factory.mktemp("log")
    log, cursor, lines = folder / "aj-1-0-1" / "log", "", list[str]()
    for text in [*texts, None]:
        if text is not None:
            (folder / "aj-1-0-1").mkdir(exist_ok=True)
            with log.open("ab") as file:
                file.write(text)
        while True:
            piece = log_piece([log], cursor, most, "latin-1", several=False, over=text is None)
            cursor, lines = piece.cursor, lines + piece.lines
            if not piece.more:
                break
    whole = b"".join(texts).decode("latin-1")
    expected = whole.split("\n")
    assert lines == (expected if expected[-1] else expected[:-1])
    assert json.loads(cursor) in ({}, {"aj-1-0-1": len(whole)})
