"""The engine goes in the middle of runs, and comes back: with and without live-restore."""

# docker's own types are not whole.
# pyright: reportUnknownMemberType=false, reportUnknownVariableType=false, reportUnknownArgumentType=false

from __future__ import annotations

import asyncio
import os
import signal
from collections.abc import Generator

import docker
import pytest
from tests.grounds.docker.engine import Engine
from tests.plugins.docker.conftest import Ground

from anyjob.outcome import Cause
from anyjob.testing.crash import doomed
from anyjob.testing.rig import Finished
from anyjob.worker.worker import Worker

pytestmark = pytest.mark.needs("docker")

COUNTS = "n=0; while [ $n -lt $ANYJOB_PARAMETERS ]; do n=$((n + 1)); echo $n; sleep 0.02; done; exit 7"


@pytest.fixture
def live(engine: Engine) -> Generator[Engine]:
    """The engine with live-restore; afterwards as it was."""
    engine.kill(signal.SIGTERM)
    engine.start(live_restore=True)
    yield engine
    engine.kill(signal.SIGTERM)
    engine.start()


@pytest.fixture
def plain(engine: Engine) -> Generator[Engine]:
    """The engine without live-restore, running afterwards."""
    yield engine
    engine.start()


@pytest.mark.parametrize("how", [signal.SIGTERM, signal.SIGKILL], ids=["stopped", "killed"])
def test_runs_outlive_an_engine_with_live_restore(rig: Ground, live: Engine, how: signal.Signals) -> None:
    """One ends while the engine is away, one after it is back: no byte and no code is lost."""

    async def life() -> list[Finished]:
        async with rig.worker() as worker:
            runs = [
                await rig.submit(worker, rig.order(rig.script(COUNTS, Parameters=number))) for number in ("60", "300")
            ]
            for run in runs:
                await rig.until(lambda run=run: len(rig.log(run).split()) > 10, "it has not begun to count")
            await asyncio.to_thread(live.kill, how)
            await rig.until(lambda: rig.log(runs[0]).endswith(b"\n60\n"), "the short one has not gone on")
            await asyncio.sleep(0.3)
            assert runs[0].record.outcome is None  # nobody has said yet that it is over
            await asyncio.to_thread(live.start, live_restore=True)
            return [await rig.finish(run) for run in runs]

    for got, number in zip(asyncio.run(life()), (60, 300), strict=True):
        assert (got.outcome.cause, got.outcome.code) == (Cause.EXIT_CODE, 7), got.said
        assert got.log.split() == [b"%d" % n for n in range(1, number + 1)]


def test_the_worker_dies_with_the_engine(rig: Ground, live: Engine) -> None:
    """Both are gone while the run ends; the next worker finds its whole end by what the entry helper wrote."""
    order = rig.order(rig.script(COUNTS, Parameters="60"))

    async def doom() -> None:
        async with rig.worker() as worker:
            run = await rig.submit(worker, order)
            await rig.until(lambda: len(rig.log(run).split()) > 10, "it has not begun to count")
            live.kill()
            os.kill(os.getpid(), signal.SIGKILL)

    async def next_life() -> Finished:
        async with rig.worker() as worker:
            await asyncio.sleep(0.5)  # it looks for an engine that is not there
            await asyncio.to_thread(live.start, live_restore=True)
            return await rig.resumed(worker, order)

    with doomed(doom, rig.patience) as process:
        assert process.wait()
    got = asyncio.run(next_life())
    assert (got.outcome.cause, got.outcome.code) == (Cause.EXIT_CODE, 7), got.said
    assert got.log.split() == [b"%d" % n for n in range(1, 61)]


@pytest.mark.parametrize("how", [signal.SIGTERM, signal.SIGKILL], ids=["stopped", "killed"])
def test_an_engine_without_live_restore_ends_its_runs_and_that_is_said(
    rig: Ground, plain: Engine, client: docker.DockerClient, how: signal.Signals
) -> None:
    """What the engine ends is lost with it; what ends by its own word keeps that."""
    sleeps, obeys = rig.script("echo ready; sleep 300"), rig.script("trap 'exit 3' TERM; echo ready; sleep 300 & wait")

    async def life() -> list[Finished]:
        async with rig.worker() as worker:
            runs = [await rig.submit(worker, rig.order(job)) for job in (sleeps, obeys)]
            for run in runs:
                await rig.until(lambda run=run: b"ready" in rig.log(run), "it has not begun")
            await asyncio.to_thread(plain.kill, how)
            await asyncio.to_thread(plain.start)
            got = [await rig.finish(run) for run in runs]
            for run in runs:  # one that was stopped is told before its engine is back to remove it
                await rig.until(lambda run=run: not _there(client, run.name), "the container is still there")
            return got

    lost, own = asyncio.run(life())
    assert lost.outcome.cause is Cause.NODE_LOST, lost.said
    assert "the engine" in lost.said
    assert lost.outcome.stop is not None
    assert lost.outcome.stop.strength == "REPORTED"
    assert (own.outcome.cause, own.outcome.code) == (Cause.EXIT_CODE, 3), own.said


def test_an_engine_that_comes_back_in_the_middle_of_a_start(rig: Ground, plain: Engine) -> None:
    """The start waits for it, and the run happens once."""
    effects = rig.folder / "effects"
    job = rig.script(
        'echo "$ANYJOB_RUN" >> "$ANYJOB_PARAMETERS"',
        {"mounts": [{"source": str(rig.folder), "target": str(rig.folder)}]},
        Parameters=str(effects),
    )

    async def life() -> list[Finished]:
        async with rig.worker() as worker:
            runs = [await rig.submit(worker, rig.order(job)) for _ in range(6)]
            await rig.until(lambda: any(run.record.handle for run in runs), "none has begun")
            await asyncio.to_thread(plain.kill)
            await asyncio.sleep(0.5)
            await asyncio.to_thread(plain.start)
            return [await rig.finish(run) for run in runs]

    for got in asyncio.run(life()):
        done = effects.read_text().splitlines().count(got.order.name)
        if got.outcome.cause is Cause.SUCCEEDED:
            assert done == 1
        else:
            assert got.outcome.cause in (Cause.NODE_LOST, Cause.SIGNAL, Cause.DEPENDENCY_MISSING), got.said
            assert done <= 1


@pytest.mark.parametrize("who", ["the same worker", "the next worker"])
def test_what_could_not_be_removed_is_removed_later(
    rig: Ground, plain: Engine, client: docker.DockerClient, monkeypatch: pytest.MonkeyPatch, who: str
) -> None:
    """The engine goes between a run's end and the removal of its container."""
    names: list[str] = []

    async def life(worker: Worker) -> None:
        from anyjob_docker.client import EngineClient

        remove = EngineClient.remove

        def away(self: EngineClient, container: str) -> bool:
            monkeypatch.setattr(EngineClient, "remove", remove)
            plain.kill()
            return self.remove(container)

        monkeypatch.setattr(EngineClient, "remove", away)
        got = await rig.finish(await rig.submit(worker, rig.order(rig.script("echo hi"))))
        assert got.outcome.ok
        names.append(got.order.name)

    async def first() -> None:
        async with rig.worker() as worker:
            await life(worker)
            if who == "the same worker":
                await asyncio.to_thread(plain.start)
                await rig.until(lambda: not _there(client, names[0]), "the container is still there")

    async def second() -> None:
        async with rig.worker() as worker:
            await rig.finish(await rig.submit(worker, rig.order(rig.script("echo hi"))))  # served with the first run
            await rig.until(lambda: not _there(client, names[0]), "the container is still there")

    asyncio.run(first())
    if who == "the next worker":
        plain.start()
        assert _there(client, names[0])
        asyncio.run(second())


def _there(client: docker.DockerClient, name: str) -> bool:
    return bool(client.api.containers(all=True, filters={"name": name}))
