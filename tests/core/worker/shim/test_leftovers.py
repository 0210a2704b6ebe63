"""What a leader leaves behind when it ends by itself, and when it was asked to."""

from __future__ import annotations

import asyncio
import os

import pytest
from tests.core.worker.shim.yard import Yard, alive, until

LEAVES = (
    "(setsid sh -c 'trap \"\" TERM; echo $$ > left; exec sleep 60' &) ; while [ ! -s left ]; do sleep 0.01; done; exit "
)


def left(yard: Yard) -> int:
    """The process that was left."""
    return int((yard.folder / "left").read_text())


@pytest.mark.parametrize(("policy", "code", "cause"), [("kill", 0, None), ("fail", 0, "leftovers"), ("fail", 4, None)])
def test_killed(any_yard: Yard, policy: str, code: int, cause: str | None) -> None:
    """A leader that failed by itself keeps its code: that came first."""

    async def main() -> None:
        async with any_yard.client() as client:
            await client.start(any_yard.sh("a", LEAVES + str(code), leftovers=policy, cwd=str(any_yard.folder)))
            ended = await client.ended("a")
        assert (os.waitstatus_to_exitcode(ended.status or 0), ended.cause) == (code, cause)
        assert not alive(left(any_yard))
        assert ended.proof.strength == "PROVEN"
        (text,) = [text for source, text in ended.evidence if source == "leftovers"]
        assert text.startswith("1 killed")
        assert str(left(any_yard)) in text

    asyncio.run(main())


def test_waited_for(any_yard: Yard) -> None:
    async def main() -> None:
        script = "(sh -c 'while [ ! -e go ]; do sleep 0.01; done; echo last' &); exit 6"
        async with any_yard.client() as client:
            started = await client.start(any_yard.sh("a", script, leftovers="wait", cwd=str(any_yard.folder)))
            await until(lambda: not alive(started.pid or 0), "the leader's end")
            future = client.ended("a")
            await client.stop("nobody", "ASK")  # a round trip: the shim has seen the leader's end
            assert not future.done()
            (any_yard.folder / "go").touch()
            ended = await future
        assert (os.waitstatus_to_exitcode(ended.status or 0), ended.proof.strength) == (6, "PROVEN")
        assert any_yard.log("a") == "last\n"

    asyncio.run(main())


def test_waiting_ends_with_the_deadline_or_a_stop(any_yard: Yard) -> None:
    from anyjob.worker.shim.kernel import boottime

    async def main() -> None:
        async with any_yard.client() as client:
            script = "(sleep 60 &); exit 0"
            await client.start(any_yard.sh("a", script, leftovers="wait", deadline=boottime() + 0.4, grace=0.1))
            await client.start(any_yard.sh("b", script, leftovers="wait", grace=0.1))
            ended = await client.ended("a")
            assert (ended.cause, ended.proof.strength) == ("timed_out", "PROVEN")
            await client.stop("b", "ASK")
            ended = await client.ended("b")
            assert (ended.cause, ended.stop_asked, ended.proof.strength) == (None, "ASK", "PROVEN")

    asyncio.run(main())


def test_allowed(any_yard: Yard) -> None:
    async def main() -> None:
        async with any_yard.client() as client:
            await client.start(any_yard.sh("a", LEAVES + "0", leftovers="allow", cwd=str(any_yard.folder)))
            ended = await client.ended("a")
            assert (ended.status, ended.cause, ended.proof.strength) == (0, None, "ASKED")
            assert any(line.startswith(f"{left(any_yard)} ") for line in ended.proof.survivors)
            assert alive(left(any_yard))
            # The next run must neither see it nor be held up by it.
            await client.start(any_yard.order("b", "true"))
            after = await client.ended("b")
            assert after.proof.strength == "PROVEN"
            assert after.evidence == ()
            assert alive(left(any_yard))

    asyncio.run(main())


def test_a_stop_lets_the_rest_tidy_up_within_the_grace(any_yard: Yard) -> None:
    """A shell dies of the signal at once; its command, in the same group, is still at work."""
    script = (
        'sh -c \'trap "while [ ! -e go ]; do sleep 0.01; done; echo tidy; exit 0" TERM;'
        " echo ready; while :; do sleep 0.01; done' & wait"
    )

    async def main() -> None:
        async with any_yard.client() as client:
            started = await client.start(any_yard.sh("a", script, grace=60.0, cwd=str(any_yard.folder)))
            await any_yard.wrote("a", "ready")
            await client.stop("a", "ASK")
            await until(lambda: not alive(started.pid or 0), "the leader's end")
            (any_yard.folder / "go").touch()
            ended = await client.ended("a")
        assert "tidy" in any_yard.log("a").splitlines()
        assert (ended.stop_asked, ended.proof.strength) == ("ASK", "PROVEN")
        assert not [source for source, _ in ended.evidence if source == "leftovers"]

    asyncio.run(main())
