"""Log quotas, and the floor of free disk."""

from __future__ import annotations

import asyncio
import contextlib
import os
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from tests.core.worker.shim.yard import Yard, until

from anyjob.worker.local.shimclient import Ended
from anyjob.worker.shim.quota import punch

KIBI = 1024
LINES = "i=0; while [ $i -lt {count} ]; do printf '%09d\\n' $i; i=$((i+1)); done"


def line(number: int) -> bytes:
    """What LINES prints: ten bytes each, so that a line's place tells its number."""
    return b"%09d\n" % number


def test_head_and_tail_stay_at_their_offsets(any_yard: Yard) -> None:
    quota, count = 8 * KIBI, 4000

    async def main() -> None:
        async with any_yard.client() as client:
            await client.start(any_yard.sh("a", LINES.format(count=count), quota=quota))
            ended = await client.ended("a")
        whole = b"".join(map(line, range(count)))
        data = (any_yard.folder / "a.log").read_bytes()
        assert (ended.log.size, len(data)) == (len(whole), len(whole))
        start, end = quota // 2, len(whole) - quota // 2
        assert ended.log.gap == (start, end)
        assert data[:start] == whole[:start]
        assert data[end:] == whole[end:]
        assert set(data[start:end]) == {0}
        assert (any_yard.folder / "a.log").stat().st_blocks * 512 < len(whole)

    asyncio.run(main())


def test_a_log_within_its_quota_is_left_alone(any_yard: Yard) -> None:
    async def main() -> None:
        async with any_yard.client() as client:
            await client.start(any_yard.sh("a", LINES.format(count=100), quota=1000))
            ended = await client.ended("a")
        assert (ended.log.size, ended.log.gap) == (1000, None)
        assert (any_yard.folder / "a.log").read_bytes() == b"".join(map(line, range(100)))

    asyncio.run(main())


def test_a_living_log_is_kept_short(any_yard: Yard) -> None:
    """It writes for ever: the disk must get its middle back while it does, and the place of the quiet ones is
    watched too.
    """
    quota = 256 * KIBI

    async def main() -> None:
        async with any_yard.client() as client:
            for number in range(40):
                await client.start(any_yard.order(f"quiet{number}", "sleep", "60", quota=quota))
            script = "while [ ! -e go ]; do sleep 0.02; done; yes 123456789"
            await client.start(any_yard.sh("flood", script, quota=quota, cwd=str(any_yard.folder)))
            await asyncio.sleep(1.5)  # long enough to count as quiet; were it too short, the test would only be easier
            (any_yard.folder / "go").touch()
            path = any_yard.folder / "flood.log"
            await until(lambda: path.exists() and path.stat().st_size > 20 << 20, "20 MB")
            await until(lambda: path.stat().st_blocks * 512 < path.stat().st_size // 2, "the middle given back")
            await client.stop("flood", "FORCE")
            ended = await client.ended("flood")
        assert ended.log.gap == (quota // 2, ended.log.size - quota // 2)
        assert path.stat().st_blocks * 512 <= quota + 16 * KIBI
        with path.open("rb") as file:
            assert file.read(quota // 2) == (b"123456789\n" * quota)[: quota // 2]

    asyncio.run(main())


def test_punch_by_itself(tmp_path: Path) -> None:
    path = tmp_path / "log"
    path.write_bytes(b"h" * 50_000 + b"m" * 100_000 + b"t" * 50_000)
    with path.open("r+b") as file:
        assert punch(file.fileno(), 200_000) is None
        assert punch(file.fileno(), 100_000) == (50_000, 150_000)
        assert punch(file.fileno(), 100_000) == (50_000, 150_000)
    assert path.read_bytes() == b"h" * 50_000 + b"\0" * 100_000 + b"t" * 50_000


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """A disk of 32 MB."""
    folder = tmp_path / "disk"
    folder.mkdir()
    subprocess.run(["mount", "-t", "tmpfs", "-o", "size=32m", "anyjob-test", folder], check=True)
    yield folder
    subprocess.run(["umount", folder], check=True)


@pytest.mark.needs("root")
def test_below_the_floor_nothing_starts_and_the_largest_log_loses_its_middle(
    new_yard: Callable[..., Yard], small_disk: Path
) -> None:
    yard = new_yard(floor=8 << 20)

    async def main() -> None:
        async with yard.client() as client:
            log = str(small_disk / "large.log")
            script = "head -c 20000000 /dev/zero | tr '\\0' x; echo; echo last; sleep 60"
            await client.start(yard.sh("large", script, log=log))
            await until(lambda: os.path.exists(log) and os.path.getsize(log) > 20_000_000, "a large log")
            # Still room above the floor.
            assert not isinstance(
                await client.start(yard.order("b", "sleep", "60", log=str(small_disk / "b.log"))), Ended
            )
            (small_disk / "foreign").write_bytes(b"x" * (6 << 20))
            await asyncio.sleep(0.1)  # the free space of a disk is believed for a moment
            # Room is made by the log's middle.
            assert not isinstance(
                await client.start(yard.order("c", "sleep", "60", log=str(small_disk / "c.log"))), Ended
            )
            (small_disk / "foreign2").write_bytes(b"x" * (20 << 20))
            await asyncio.sleep(0.1)
            got = await client.start(yard.order("d", "sleep", "60", log=str(small_disk / "d.log")))
            assert isinstance(got, Ended)
            assert got.cause == "start_failed"
            assert str(8 << 20) in got.evidence[0][1]
            await client.stop("large", "FORCE")
            ended = await client.ended("large")
            assert ended.log.gap is not None
            assert [source for source, _ in ended.evidence if source == "disk"]
            with open(log, "rb") as file:
                data = file.read()
            assert data.endswith(b"\nlast\n")
            for name in ("b", "c"):
                await client.stop(name, "FORCE")

    asyncio.run(main())
    yard.end()


@pytest.mark.needs("root")
def test_on_a_full_disk_nothing_starts_and_no_end_is_kept_back(new_yard: Callable[..., Yard], small_disk: Path) -> None:
    """Without a journal a start could be repeated by mistake, so it is refused; what runs is reported all the same."""
    yard = new_yard(floor=0)
    yard.shim_folder.symlink_to(small_disk)
    small_disk.chmod(0o700)

    async def main() -> None:
        async with yard.client() as client:
            await client.start(yard.sh("a", "while [ ! -e go ]; do sleep 0.02; done; exit 5", cwd=str(yard.folder)))
            fill = small_disk / "fill"
            with fill.open("wb", buffering=0) as file, contextlib.suppress(OSError):
                while file.write(b"x" * 4096):
                    pass
            journal = small_disk / "journal.jsonl"
            filled = journal.stat().st_size
            number = 0
            # The last page of the journal has room for some more.
            while not isinstance(got := await client.start(yard.order(f"b{number}", "true")), Ended):
                assert number < 100
                number += 1
            assert got.cause == "start_failed"
            assert "journal" in got.evidence[0][1]
            assert journal.stat().st_size - filled < 8192
            (yard.folder / "go").touch()
            assert os.waitstatus_to_exitcode((await client.ended("a")).status or 0) == 5
            fill.unlink()
            await client.start(yard.order("c", "true"))
            assert (await client.ended("c")).status == 0
        # What could not be written then has been since.
        async with yard.client() as client:
            os.kill(client.facts["pid"], 9)
            await client.start(yard.order("d", "true"))
        async with yard.client() as client:
            known = client.known["a"]
            assert isinstance(known, Ended)
            assert os.waitstatus_to_exitcode(known.status or 0) == 5

    asyncio.run(main())
    yard.end()
    yard.shim_folder.unlink()
