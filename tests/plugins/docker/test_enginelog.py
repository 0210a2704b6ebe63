"""Where the entry helper is not: output by the engine's own log, and what that loses."""

from __future__ import annotations

import asyncio
from collections.abc import Generator, Mapping
from pathlib import Path

import pytest
from tests.grounds.docker.engine import Engine
from tests.plugins.docker.conftest import Ground, ground

from anyjob.outcome import Cause, Json
from anyjob.testing.crash import doomed
from anyjob.testing.marks import die
from anyjob.testing.rig import Finished
from anyjob.worker.settings import SecretSource

pytestmark = pytest.mark.needs("docker")


LIMITED: Mapping[str, Json] = {"limits": {"memory": "32Mi"}}


@pytest.fixture
def bare(tmp_path: Path, engine: Engine) -> Generator[Ground]:
    with ground(tmp_path, engine, entry="off") as made:
        yield made


def test_output_and_ends_without_the_entry_helper(bare: Ground) -> None:
    jobs = [
        bare.script("echo out; echo err >&2; printf 'a\\377\\0b'; exit 3"),
        bare.script("head -c 10000 /dev/zero | tr '\\0' x; echo; yes 0123456789abcde | head -n 20000"),
        bare.words("/no/such/command"),
        bare.words("/etc/passwd"),
        bare.script("kill -9 $$"),
        bare.words("dd", "if=/dev/zero", "of=/dev/null", "bs=100000000", "count=1", xattrs=LIMITED),
    ]

    async def life() -> list[Finished]:
        async with bare.worker() as worker:
            runs = [await bare.submit(worker, bare.order(job)) for job in jobs]
            return [await bare.finish(run) for run in runs]

    mixed, flood, missing, denied, killed, hungry = asyncio.run(life())
    assert (mixed.outcome.cause, mixed.outcome.code) == (Cause.EXIT_CODE, 3)
    assert sorted(mixed.log.split(b"\n")) == sorted(b"out\nerr\na\xff\0b".split(b"\n"))
    assert flood.log == b"x" * 10_000 + b"\n" + b"0123456789abcde\n" * 20_000
    assert missing.outcome.cause is Cause.DEPENDENCY_MISSING
    assert missing.outcome.result.startswith("'/no/such/command' is not in the image")
    assert denied.outcome.cause is Cause.BAD_CONFIG
    assert (killed.outcome.cause, killed.outcome.code) == (Cause.EXIT_CODE, 137)
    assert "nobody can tell exit(137) from signal 9" in killed.said
    assert hungry.outcome.cause is Cause.OUT_OF_MEMORY


def test_the_log_goes_on_after_a_death_without_the_entry_helper(bare: Ground) -> None:
    order = bare.order(bare.script("n=0; while [ $n -lt 250 ]; do n=$((n + 1)); echo $n; sleep 0.02; done"))

    async def doom() -> None:
        async with bare.worker() as worker:
            run = await bare.submit(worker, order)
            await bare.until(lambda: len(bare.log(run).split()) > 20, "it has not begun to count")
            die()

    async def next_life() -> Finished:
        async with bare.worker() as worker:
            return await bare.resumed(worker, order)

    with doomed(doom, bare.patience) as process:
        assert process.wait()
    got = asyncio.run(next_life())
    assert got.outcome.ok, got.said
    assert got.log.split() == [b"%d" % n for n in range(1, 251)]


def test_a_secret_in_the_environment_is_refused_where_everybody_could_see_it(bare: Ground) -> None:
    (bare.folder / "token").write_text("s3cret")
    xattrs: Mapping[str, Json] = {"secrets": {"TOKEN": "token"}, "env": {"BY_ENV": {"secret": "TOKEN"}}}
    secrets = {"token": SecretSource(file=bare.folder / "token", groups=["*"])}
    got = bare.says(bare.script("true", xattrs), secrets)
    assert got.outcome.cause is Cause.BAD_CONFIG
    assert got.outcome.result.startswith("XAttrs.env.BY_ENV holds a secret, which `docker inspect` would show")


def test_what_is_lost_is_said(bare: Ground) -> None:
    async def life() -> str:
        async with bare.worker() as worker:
            await bare.finish(await bare.submit(worker, bare.order(bare.script("true"))))
            return (await worker.host.launcher("docker").health()).why

    assert (
        'output by the engine\'s log, which loses some when the engine restarts: [launchers.docker] entry is "off"'
        in (asyncio.run(life()))
    )
