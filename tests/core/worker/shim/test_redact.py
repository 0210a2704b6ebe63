"""Secrets do not reach logs, journals, or anybody's arguments and environment."""

from __future__ import annotations

import asyncio
import base64
import json
import os
import random
import re
import signal
from urllib.parse import quote, quote_plus

import pytest
from tests.core.worker.shim.yard import Yard, alive, until

from anyjob.worker.local.shimclient import Started
from anyjob.worker.shim import process
from anyjob.worker.shim.redact import SHOWN, Sieve

SECRET = 'p&ss/w0rd "é\\ +='
RAW = SECRET.encode()


def sieved(secrets: list[bytes], *chunks: bytes) -> bytes:
    """What is shown of a stream."""
    sieve = Sieve(secrets)
    return b"".join([*map(sieve.feed, chunks), sieve.feed(b"", last=True)])


def _spread(data: bytes, seed: int) -> list[bytes]:
    cut = random.Random(seed)
    chunks: list[bytes] = []
    while data:
        size = cut.choice((1, 1, 2, 3, 7, 20))
        chunks.append(data[:size])
        data = data[size:]
    return chunks


FORMS = {
    "raw": RAW,
    "url": quote(SECRET, safe="").encode(),
    "url, slashes kept": quote(SECRET).encode(),
    "url, lower case": re.sub("%..", lambda found: found[0].lower(), quote(SECRET, safe="")).encode(),
    "form": quote_plus(SECRET).encode(),
    "json": json.dumps(SECRET)[1:-1].encode(),
    "json, not ascii": json.dumps(SECRET, ensure_ascii=False)[1:-1].encode(),
    "json in json": json.dumps(json.dumps(SECRET)[1:-1])[1:-1].encode(),
    "json in json, not ascii": json.dumps(json.dumps(SECRET, ensure_ascii=False)[1:-1], ensure_ascii=False)[
        1:-1
    ].encode(),
    "python": repr(SECRET)[1:-1].encode(),
    "python, bytes": repr(RAW)[2:-1].encode(),
    "base64": base64.b64encode(RAW),
    "base64, url safe": base64.urlsafe_b64encode(RAW),
}


@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize("seed", range(5))
def test_each_form_is_found_wherever_the_chunks_are_cut(form: str, seed: int) -> None:
    text = b"before " + FORMS[form] + b" after " + FORMS[form] + b"\nend\n"
    shown = sieved([RAW], *_spread(text, seed))
    assert shown == b"before " + SHOWN + b" after " + SHOWN + b"\nend\n"


@pytest.mark.parametrize("lead", range(6))
@pytest.mark.parametrize("rest", range(3))
def test_base64_at_any_place_of_a_longer_text(lead: int, rest: int) -> None:
    secret = b"correct-horse-battery"
    text = base64.b64encode(b"x" * lead + secret + b"y" * rest)
    shown = sieved([secret], *_spread(b"token=" + text + b"\n", lead))
    # The characters at both edges also hold bits of the neighbours, and no whole byte of the secret.
    before, _, after = shown.partition(SHOWN)
    assert len(before.removeprefix(b"token=")) <= -(-lead * 8 // 6)
    assert len(after.strip()) <= len(text) - (lead + len(secret)) * 8 // 6


def test_only_a_possible_beginning_is_held_back() -> None:
    sieve = Sieve([b"secret-value"])
    assert sieve.feed(b"a line\n") == b"a line\n"
    assert sieve.feed(b"progress 5%") == b"progress 5%"
    assert sieve.feed(b" secret-v") == b" "
    assert sieve.feed(b"x") == b"secret-vx"


@pytest.mark.parametrize("seed", range(20))
def test_secrets_that_overlap_leave_nothing_between_them(seed: int) -> None:
    secrets = [b"hello-x", b"x-world", b"o-x-w"]
    assert sieved(secrets, *_spread(b"<hello-x-world>", seed)) == b"<" + SHOWN + b">"


@pytest.mark.parametrize("seed", range(20))
def test_the_longer_of_two_wins(seed: int) -> None:
    assert sieved([b"abcd", b"abcdefgh"], *_spread(b"1 abcd 2 abcdefgh 3 abcdefg", seed)) == b"1 %b 2 %b 3 %befg" % (
        (SHOWN,) * 3
    )


def test_a_secret_that_repeats_itself() -> None:
    assert sieved([b"aaaa"], b"aaa", b"aaa", b"b") == SHOWN + b"b"


def test_empty_secrets_redact_nothing() -> None:
    assert sieved([b""], b"text\n") == b"text\n"


def test_a_run_with_secrets(any_yard: Yard) -> None:
    script = (
        'printf "a %s b" "$S"; sleep 0.05; printf "%s" "${S%???}"; sleep 0.05; printf "%s\\n" "${S#"${S%???}"}"; exit 3'
    )

    async def main() -> None:
        async with any_yard.client() as client:
            order = any_yard.sh("a", script, env={"S": SECRET}, redact=[RAW], quota=1000)
            started = await client.start(order)
            assert isinstance(started, Started)
            ended = await client.ended("a")
            said = [path.read_bytes() for path in any_yard.shim_folder.iterdir() if path.is_file()]
        shown = b"a [secret] b[secret]\n"
        assert (any_yard.folder / "a.log").read_bytes() == shown
        assert (os.waitstatus_to_exitcode(ended.status or 0), ended.log.size) == (3, len(shown))
        for form in (RAW, base64.b64encode(RAW), json.dumps(SECRET)[1:-1].encode()):
            assert not any(form in text for text in said)

    asyncio.run(main())


def test_a_redactor_shows_nobody_the_secret_and_sits_in_no_group(yard: Yard) -> None:
    async def main() -> None:
        async with yard.client() as client:
            started = await client.start(yard.order("a", "sleep", "60", redact=[b"correct-horse"]))
            assert isinstance(started, Started)
            (redactor,) = redactors(client.facts["pid"])
            for name in ("cmdline", "environ"):
                assert b"correct-horse" not in (process.read(f"/proc/{redactor}/{name}") or b"")
            assert process.group_of(redactor) == process.group_of(client.facts["keeper"])
            assert process.group_of(started.pid) != process.group_of(redactor)
            proof = await client.stop("a", "FORCE")
            assert proof.strength == "PROVEN"
            await until(lambda: not alive(redactor), "the redactor's end")

    asyncio.run(main())


def redactors(parent: int) -> list[int]:
    """Redactor processes below a process."""
    return [
        pid
        for pid in process.children(parent)
        if (process.read(f"/proc/{pid}/comm") or b"").startswith(b"anyjob-redactor")
    ]


def test_the_redactor_outlives_the_shim(any_yard: Yard) -> None:
    async def main() -> None:
        async with any_yard.client() as client:
            script = 'echo begun; while [ ! -e go ]; do sleep 0.02; done; yes "$S" | head -n 2000'
            await client.start(
                any_yard.sh(
                    "a", script, env={"S": "correct-horse"}, redact=[b"correct-horse"], cwd=str(any_yard.folder)
                )
            )
            await any_yard.wrote("a", "begun")
            os.kill(client.facts["pid"], signal.SIGKILL)
            (any_yard.folder / "go").touch()
            ended = await client.ended("a")
        # The end is told only when the log is complete.
        assert any_yard.log("a") == "begun\n" + "[secret]\n" * 2000
        assert ended.status == 0
        assert ended.log.size == len(any_yard.log("a"))

    asyncio.run(main())


def test_a_holder_of_the_pipe_cannot_delay_the_end_for_ever(yard: Yard) -> None:
    """What is allowed to stay keeps the output open; the run ends all the same, and says that more may come."""

    async def main() -> None:
        async with yard.client() as client:
            await client.start(yard.sh("a", "sleep 60 & echo out", redact=[b"correct-horse"], leftovers="allow"))
            ended = await asyncio.wait_for(client.ended("a"), 30)
        assert ended.status == 0
        assert yard.log("a") == "out\n"
        assert any(source == "redactor" for source, _ in ended.evidence)

    asyncio.run(main())


def test_a_flood_goes_through_whole(yard: Yard) -> None:
    async def main() -> None:
        async with yard.client() as client:
            await client.start(yard.sh("a", "yes correct-horse | head -n 300000", redact=[b"correct-horse"]))
            ended = await asyncio.wait_for(client.ended("a"), 60)
        assert ended.log.size == 300_000 * (len(SHOWN) + 1)

    asyncio.run(main())
