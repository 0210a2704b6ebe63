"""Logs that executors feed show no secret, and lose nothing by it."""

from __future__ import annotations

from pathlib import Path

from anyjob.worker.log import RunLog

Cursors = dict[str, tuple[str, int]]


def open_log(path: Path, durable: Cursors) -> RunLog:
    def keep(source: str, cursor: str, size: int) -> None:
        durable[source] = (cursor, size)

    return RunLog(str(path), quota=None, cursors=durable, keep=keep, secrets=["s3cret"])


def test_a_secret_is_hidden_across_the_edges_of_writes(tmp_path: Path) -> None:
    log = open_log(tmp_path / "log", {})
    for piece in (b"it is s3", b"cre", b"t, and s3", b"crypt; czNjcmV0\n", b"ends in s3cre"):
        log.write(piece)
    log.close()
    assert (tmp_path / "log").read_bytes() == b"it is [secret], and s3crypt; [secret]\nends in s3cre"


def test_what_is_held_back_is_fed_again_after_a_crash(tmp_path: Path) -> None:
    durable: Cursors = {}
    said = b"one\ntwo s3cret\nthree\n"
    first = open_log(tmp_path / "log", durable)
    first.feed(said[:4], "pod", "4")
    first.feed(said[4:10], "pod", "10")
    assert first.cursor("pod") == "10", "this worker goes on where it is"
    assert durable == {"pod": ("4", 4)}, "a later one must read what is held back once more"
    # The worker dies here; nothing is flushed.
    second = open_log(tmp_path / "log", durable)
    at = int(second.cursor("pod") or 0)
    second.feed(said[at:], "pod", str(len(said)))
    second.close()
    assert (tmp_path / "log").read_bytes() == b"one\ntwo [secret]\nthree\n"
    assert durable["pod"][0] == str(len(said))


def test_two_sources_wait_for_each_other(tmp_path: Path) -> None:
    durable: Cursors = {}
    log = open_log(tmp_path / "log", durable)
    log.feed(b"a s3", "a", "1")
    assert durable == {}
    log.feed(b" no secret\n", "b", "2")
    assert {source: cursor for source, (cursor, _) in durable.items()} == {"a": "1", "b": "2"}
    log.close()
