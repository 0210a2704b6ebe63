"""A run's way from order to end, by each way to hold it."""

from __future__ import annotations

import asyncio
import os
import resource
import signal
from pathlib import Path

import pytest
from tests.core.worker.shim.yard import Yard

from anyjob.worker.local.shimclient import Ended, Started, StartOrder


def test_exit_code_log_and_usage_of_a_run(any_yard: Yard) -> None:
    async def main() -> None:
        async with any_yard.client() as client:
            started = await client.start(any_yard.sh("a", "echo out; echo err >&2; exit 7"))
            ended = await client.ended("a")
        assert isinstance(started, Started)
        assert os.waitstatus_to_exitcode(ended.status or 0) == 7
        assert (ended.pid, ended.cause, ended.stop_asked, ended.evidence) == (started.pid, None, None, ())
        assert ended.proof.strength == "PROVEN"
        assert any_yard.log("a") == "out\nerr\n"
        assert ended.log.size == 8
        assert ended.cpu is not None
        assert ended.cpu > 0
        assert ended.started is not None
        assert ended.started <= ended.ended

    asyncio.run(main())


@pytest.mark.parametrize("said", ["plain", "grüß dich, 任务", "half a pair \udcff"])
def test_the_words_of_an_order_come_through_in_any_script(yard: Yard, said: str) -> None:
    async def main() -> None:
        async with yard.client() as client:
            await client.start(
                yard.order("a", "sh", "-c", 'printf %s "$SAID"; printf %s "$1"', "sh", said, env={"SAID": said})
            )
            ended = await client.ended("a")
        assert ended.status == 0

    asyncio.run(main())
    assert (yard.folder / "a.log").read_bytes() == 2 * os.fsencode(said)


def test_a_signal_is_told_apart_from_a_code(any_yard: Yard) -> None:
    async def main() -> None:
        async with any_yard.client() as client:
            await client.start(any_yard.sh("a", "kill -s USR1 $$"))
            ended = await client.ended("a")
        assert os.waitstatus_to_exitcode(ended.status or 0) == -signal.SIGUSR1
        assert ended.cause is None

    asyncio.run(main())


def test_start_time_is_the_kernels(any_yard: Yard) -> None:
    async def main() -> None:
        async with any_yard.client() as client:
            for number in range(20):
                started = await client.start(any_yard.order(str(number), "sleep", "60"))
                assert isinstance(started, Started)
                fields = Path(f"/proc/{started.pid}/stat").read_text().rpartition(")")[2].split()
                assert started.start == int(fields[19])

    asyncio.run(main())


def test_what_a_child_is_born_with(any_yard: Yard, tmp_path: Path) -> None:
    script = (
        "grep -E '^Sig(Ign|Blk)' /proc/self/status; ulimit -n; umask; ls -l /proc/self/fd; cat; pwd; ps -osid= -p$$"
    )

    async def main() -> None:
        async with any_yard.client() as client:
            started = await client.start(any_yard.sh("a", script, cwd=str(tmp_path)))
            await client.ended("a")
        assert isinstance(started, Started)
        lines = any_yard.log("a").splitlines()
        own = 0b11 << 31  # signals 32 and 33 are the C library's own; its posix_spawn leaves them ignored
        assert [int(line.split()[1], 16) & ~own for line in lines[:2]] == [0, 0]
        assert lines[2] == str(resource.getrlimit(resource.RLIMIT_NOFILE)[0])
        assert int(lines[3], 8) == _umask()
        targets = [line.split(" -> ")[1] for line in lines if " -> " in line]
        assert len(targets) == 4  # stdin, stdout, stderr, and the folder that `ls` reads
        assert {target for target in targets if not target.startswith("/proc/")} == {
            "/dev/null",
            str(any_yard.folder / "a.log"),
        }
        assert lines[-2] == str(tmp_path)
        assert int(lines[-1]) == started.pid

    asyncio.run(main())


def _umask() -> int:
    own = os.umask(0)
    os.umask(own)
    return own


def _failure(yard: Yard, order: StartOrder) -> Ended:
    async def main() -> Ended:
        async with yard.client() as client:
            got = await client.start(order)
            assert isinstance(got, Ended)
            assert await client.ended(order.run) == got
            return got

    return asyncio.run(main())


@pytest.mark.parametrize(
    ("argv", "cause", "words"),
    [
        (("no-such-program",), "dependency_missing", ("no-such-program", "PATH", "ENOENT")),
        (("/no/such/program",), "dependency_missing", ("/no/such/program", "ENOENT")),
        (("{folder}/plain",), "dependency_missing", ("plain", "EACCES")),
        (("{folder}/bare",), "dependency_missing", ("bare", "ENOEXEC", "#!")),
        (("{folder}/orphaned",), "dependency_missing", ("orphaned", "interpreter", "/no/such/interpreter")),
        (("true", "x" * 3_000_000), "start_failed", ("E2BIG",)),
        (("true", "a\0b"), "bad_config", ("null",)),
        ((), "bad_config", ("empty",)),
    ],
)
def test_a_command_that_cannot_be_executed(
    any_yard: Yard, argv: tuple[str, ...], cause: str, words: tuple[str, ...]
) -> None:
    for name, text, mode in (
        ("plain", "", 0o600),
        ("bare", "echo", 0o700),
        ("orphaned", "#!/no/such/interpreter\n", 0o700),
    ):
        path = any_yard.folder / name
        path.write_text(text)
        path.chmod(mode)
    ended = _failure(any_yard, any_yard.order("a", *(part.replace("{folder}", str(any_yard.folder)) for part in argv)))
    said = " ".join(text for _, text in ended.evidence)
    assert ended.cause == cause, said
    assert all(word in said for word in words), said
    assert (ended.pid, ended.status, ended.proof.strength) == (None, None, "PROVEN")


def test_a_failure_with_more_to_say_than_fits_anywhere(any_yard: Yard) -> None:
    ended = _failure(any_yard, any_yard.order("a", "no-such-program", env={"PATH": "/nowhere:" * 20_000}))
    assert ended.cause == "dependency_missing"
    assert "no-such-program: not found on PATH /nowhere:/nowhere" in ended.evidence[0][1]


def test_a_folder_that_is_not_there(any_yard: Yard) -> None:
    ended = _failure(any_yard, any_yard.order("a", "true", cwd="/no/such/folder"))
    assert ended.cause == "bad_config"
    assert "/no/such/folder" in ended.evidence[0][1]


def test_a_log_that_cannot_be_opened(yard: Yard) -> None:
    ended = _failure(yard, yard.order("a", "true", log="no/such/folder/log"))
    assert ended.cause == "start_failed"
    assert "no/such/folder/log" in ended.evidence[0][1]


def test_the_job_has_its_own_path_and_its_relative_programs(any_yard: Yard) -> None:
    tool = any_yard.folder / "bin" / "tool"
    tool.parent.mkdir()
    tool.write_text("#!/bin/sh\necho tool\n")
    tool.chmod(0o755)

    async def main() -> None:
        async with any_yard.client() as client:
            await client.start(any_yard.order("a", "tool", env={"PATH": str(tool.parent)}))
            await client.start(any_yard.order("b", "bin/tool", cwd=str(any_yard.folder)))
            await client.ended("a")
            await client.ended("b")
        assert any_yard.log("a") + any_yard.log("b") == "tool\ntool\n"

    asyncio.run(main())


def test_names_that_are_no_text_come_through(yard: Yard) -> None:
    async def main() -> None:
        async with yard.client() as client:
            await client.start(yard.order("a", "printf", "%s", os.fsdecode(b"\xff\xfe")))
            await client.ended("a")
        assert (yard.folder / "a.log").read_bytes() == b"\xff\xfe"

    asyncio.run(main())


def test_a_run_is_never_started_twice(any_yard: Yard) -> None:
    async def main() -> None:
        order = any_yard.sh("a", "echo begun; sleep 60")
        async with any_yard.client() as client:
            first = await client.start(order)
            await any_yard.wrote("a", "begun")
            assert await client.start(order) == first
            await client.stop("a", "FORCE")
            ended = await client.ended("a")
            assert await client.start(order) == ended
            async with any_yard.client() as other:
                assert await other.start(order) == ended
        assert any_yard.log("a") == "begun\n"

    asyncio.run(main())


def test_two_hundred_at_once(any_yard: Yard) -> None:
    async def main() -> None:
        async with any_yard.client() as client:
            names = [f"run{number}" for number in range(200)]
            for number, name in enumerate(names):
                client.start(any_yard.sh(name, f"sleep 0.2; exit {number}"))
            ends = await asyncio.gather(*(client.ended(name) for name in names))
        assert [os.waitstatus_to_exitcode(end.status or 0) for end in ends] == list(range(200))
        assert {end.proof.strength for end in ends} == {"PROVEN"}

    asyncio.run(main())
