"""Lines of logs, from both ends."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from anyjob.worker.shim.quota import punch
from anyjob_server.api.loglines import LogFile, log_lines

GAP = "(bytes are left out here: they are beyond the log quota)"


def written(folder: Path, *texts: bytes, encoding: str = "utf-8") -> list[LogFile]:
    logs: list[LogFile] = []
    for number, text in enumerate(texts):
        (path := folder / str(number)).write_bytes(text)
        logs.append(LogFile(path=path, encoding=encoding))
    return logs


def lines(
    logs: list[LogFile], *, reverse: bool = False, skip: int = 0, most: int = 10_000, keyword: str = ""
) -> list[str]:
    return log_lines(logs, reverse=reverse, skip=skip, most=most, keyword=keyword)


def test_both_ends_over_several_logs(tmp_path: Path) -> None:
    logs = written(tmp_path, b"a\nb\n", b"", b"c\r\nd")
    assert lines(logs) == ["a", "b", "c", "d"]
    assert lines(logs, reverse=True) == ["d", "c", "b", "a"]
    assert lines(logs, reverse=True, skip=1, most=2) == ["c", "b"]
    assert lines(logs, skip=1, most=2) == ["b", "c"]
    assert lines([*logs, LogFile(path=tmp_path / "none", encoding="utf-8")], reverse=True, most=1) == ["d"]


@given(text=st.lists(st.sampled_from([b"a", b"\n", b"bc", b"\n\n", b"x" * 70_000]), max_size=12).map(b"".join))
def test_backward_is_forward_turned_round(tmp_path_factory: pytest.TempPathFactory, text: bytes) -> None:
    logs = written(tmp_path_factory.mktemp("log"), text)
    forward, backward = lines(logs), lines(logs, reverse=True)[::-1]
    # Where a long line is cut depends on the end from which it is read.
    assert "".join(forward) == "".join(backward) == text.replace(b"\n", b"").decode()
    if b"x" not in text:
        assert forward == backward == text.decode().splitlines()


def test_keyword_and_encoding(tmp_path: Path) -> None:
    logs = written(tmp_path, "启动\n完成 1\n失败\n完成 2\n".encode("gbk"), encoding="gbk")
    assert lines(logs, keyword="完成") == ["完成 1", "完成 2"]
    assert lines(logs, reverse=True, keyword="完成", skip=1) == ["完成 1"]
    assert lines(written(tmp_path, b"\xff\xfe ok\n"), keyword="ok") == ["\ufffd\ufffd ok"]


def test_controls_stay_text(tmp_path: Path) -> None:
    assert lines(written(tmp_path, b"\x1b[31mred\x07\x00\n")) == ["\x1b[31mred\x07\x00"]


def test_what_the_quota_took_is_told_once(tmp_path: Path) -> None:
    (log,) = written(tmp_path, b"".join(b"line %06d\n" % number for number in range(100_000)))
    file = os.open(log.path, os.O_RDWR)
    punch(file, 200_000)
    os.close(file)
    forward, backward = lines([log], most=100_000), lines([log], reverse=True, most=100_000)
    assert forward.count(GAP) == backward.count(GAP) == 1
    assert forward[0] == backward[-1] == "line 000000"
    assert forward[-1] == backward[0] == "line 099999"
    whole = [line for line in forward if len(line) == 11]
    assert whole == [line for line in backward[::-1] if len(line) == 11]
    assert 15_000 < len(whole) < 18_000


def test_a_search_has_an_end(tmp_path: Path) -> None:
    with (tmp_path / "0").open("wb") as file:
        for _ in range(80):
            file.write(b"nothing here\n" * 80_000)
        file.write(b"the word\n")
    log = LogFile(path=tmp_path / "0", encoding="utf-8")
    assert lines([log], keyword="the word") == []
    assert lines([log], reverse=True, keyword="the word") == ["the word"]
