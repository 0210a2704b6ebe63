"""Reading a log while the quota takes its middle: the job's bytes and nothing else, at their own offsets."""

from __future__ import annotations

import os
import resource
from pathlib import Path

import pytest

from anyjob.worker.log import RunLog, read_log
from anyjob.worker.shim.quota import punch


def numbered(path: Path, lines: int) -> bytes:
    content = b"".join(b"line %09d\n" % number for number in range(lines))
    path.write_bytes(content)
    return content


@pytest.mark.parametrize("quota", [100, 4096, 10_000, 65_536, 100_000])
@pytest.mark.parametrize("limit", [1 << 20, 1000])
def test_head_and_tail_are_the_jobs_own_bytes(tmp_path: Path, quota: int, limit: int) -> None:
    path = tmp_path / "log"
    content = numbered(path, 100_000)
    file = os.open(path, os.O_RDWR)
    punch(file, quota)
    os.close(file)
    offset = taken = 0
    while True:
        missing, data = read_log(path, offset, limit)
        if not data:
            break
        offset += missing
        taken += missing
        assert data == content[offset : offset + len(data)]
        offset += len(data)
    assert offset == len(content)
    assert taken > 0
    # Every byte of the quota is there, at most a block more at each edge.
    assert quota <= len(content) - taken <= quota + 2 * 4096


def test_a_log_without_a_gap_is_read_whole_and_from_any_offset(tmp_path: Path) -> None:
    path = tmp_path / "log"
    content = numbered(path, 1000) + b"\0\0zeros of its own\0\0"
    path.write_bytes(content)
    assert read_log(path, 0) == (0, content)
    assert read_log(path, 500) == (0, content[500:])
    assert read_log(path, len(content)) == (0, b"")
    (tmp_path / "empty").touch()
    assert read_log(tmp_path / "empty", 0) == (0, b"")


def test_what_is_fed_again_after_a_full_disk_stands_once(tmp_path: Path) -> None:
    kept: dict[str, tuple[str, int]] = {}
    log = RunLog(
        str(tmp_path / "log"), quota=None, cursors=kept, keep=lambda name, at, size: kept.update({name: (at, size)})
    )
    log.feed(b"first\n", "pod", "1")
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (10, before[1]))
    try:
        with pytest.raises(OSError, match="File too large"):
            log.feed(b"second line\n", "pod", "2")
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)
    assert log.cursor("pod") == "1"
    log.feed(b"second line\n", "pod", "2")
    log.close()
    assert (tmp_path / "log").read_bytes() == b"first\nsecond line\n"
