"""What is written down of ended processes, and how long it stays."""

from __future__ import annotations

import os
from pathlib import Path

from anyjob.worker.shim import exits


def test_a_leader_that_was_left_behind_is_known_by_its_mark_before_and_after_its_end(tmp_path: Path) -> None:
    own = exits.new_file(str(tmp_path))
    notes, known = exits.Notes(own), exits.Exits(str(tmp_path), own)
    notes.leave(7, 100, "here/run")
    assert known.left("here/run") == (7, 100)
    assert known.foreign(7, 100, "here/another")
    assert not known.foreign(7, 100, "here/run")
    assert known.find(7, 100) is None
    with open(own, "ab") as file:  # the keeper, which does not know whose it is
        file.write(b'{"pid":7,"start":100,"status":768,"group":"/","at":1.5}\n')
    assert known.left("here/run") is None
    assert known.lines()[7, 100]["mark"] == "here/run"
    assert known.find(7, 100) == 768


def test_a_long_file_gives_its_beginning_back(tmp_path: Path) -> None:
    own = exits.new_file(str(tmp_path))
    notes, reads_on = exits.Notes(own), exits.Exits(str(tmp_path), own)
    for number in range(50_000):
        notes.add(number, number, 0, "here/run")
        if number == 1000:
            assert reads_on.find(1000, 1000) == 0
    size = os.stat(own).st_size
    reads_on.trim()
    assert os.stat(own).st_size == size, "whoever reads on knows an offset"
    assert os.stat(own).st_blocks * 512 < size / 2
    notes.add(1, 1_000_000, 256, "here/last")
    late = exits.Exits(str(tmp_path), own)
    for seen in (reads_on, late):
        assert seen.find(49_999, 49_999) == 0
        assert seen.find(1, 1_000_000) == 256
    assert late.find(2000, 2000) is None


def test_there_is_nothing_to_give_back(tmp_path: Path) -> None:
    own = exits.new_file(str(tmp_path))
    known = exits.Exits(str(tmp_path), own)
    known.trim()
    exits.Notes(own).add(1, 2, 0, "here/run")
    known.trim()
    assert known.find(1, 2) == 0
