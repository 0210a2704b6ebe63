"""The worker dies at moments that only containers have, and deadlines are kept without it."""

from __future__ import annotations

import asyncio
import time

import docker
import pytest
from tests.plugins.docker.conftest import Ground

from anyjob.outcome import Cause
from anyjob.testing.crash import doomed
from anyjob.testing.marks import Moment, at, die
from anyjob.testing.rig import Finished
from anyjob.worker.order import RunOrder
from anyjob_docker.client import EngineClient

pytestmark = pytest.mark.needs("docker")


def next_life(rig: Ground, order: RunOrder) -> Finished:
    async def life() -> Finished:
        async with rig.worker() as worker:
            return await rig.resumed(worker, order)

    return asyncio.run(life())


def order_with_effects(rig: Ground, text: str = "") -> RunOrder:
    job = rig.script(
        f'echo "$ANYJOB_RUN" >> "$ANYJOB_PARAMETERS"; {text or "true"}',
        {"mounts": [{"source": str(rig.folder), "target": str(rig.folder)}]},
        Parameters=str(rig.folder / "effects"),
    )
    return rig.order(job)


def effects(rig: Ground) -> int:
    path = rig.folder / "effects"
    return len(path.read_text().splitlines()) if path.exists() else 0


@pytest.mark.parametrize("call", ["create", "start"])
@pytest.mark.parametrize("when", ["before", "after"])
def test_killed_between_create_and_start(rig: Ground, monkeypatch: pytest.MonkeyPatch, call: str, when: str) -> None:
    """Before and after each of the two calls of a start: the run happens once, in one container."""
    order = order_with_effects(rig)
    real = getattr(EngineClient, call)

    def cut(*arguments: object) -> object:
        if when == "after":
            real(*arguments)
        die()
        raise AssertionError

    async def doom() -> None:
        async with rig.worker() as worker:
            monkeypatch.setattr(EngineClient, call, cut)
            await rig.finish(await rig.submit(worker, order))

    with doomed(doom, rig.patience) as process:
        assert process.wait()
    monkeypatch.undo()
    got = next_life(rig, order)
    assert got.outcome.ok, got.said
    assert effects(rig) == 1


def test_a_container_that_was_removed_before_its_handle_was_kept_is_not_started_again(
    rig: Ground, client: docker.DockerClient
) -> None:
    order = order_with_effects(rig, "sleep 300")

    async def doom() -> None:
        async with rig.worker() as worker:
            at(worker, Moment.STARTED, die)
            await rig.finish(await rig.submit(worker, order))

    with doomed(doom, rig.patience) as process:
        assert process.wait()
    until = time.monotonic() + rig.patience
    while not effects(rig):
        assert time.monotonic() < until
        time.sleep(0.02)
    client.containers.get(order.name).remove(force=True)
    got = next_life(rig, order)
    assert got.outcome.cause is Cause.UNKNOWN, got.said
    assert "somebody else has removed it" in got.said
    assert effects(rig) == 1


def test_a_container_that_was_pruned_after_its_end_keeps_its_end(rig: Ground, client: docker.DockerClient) -> None:
    """The entry helper has written it down, so that a `docker container prune` loses nothing."""
    order = rig.order(rig.script("echo all of it; exit 7"))

    async def doom() -> None:
        async with rig.worker() as worker:
            at(worker, Moment.RUNNING, die)
            await rig.finish(await rig.submit(worker, order))

    with doomed(doom, rig.patience) as process:
        assert process.wait()
    container = client.containers.get(order.name)
    container.wait()
    container.remove()
    got = next_life(rig, order)
    assert (got.outcome.cause, got.outcome.code) == (Cause.EXIT_CODE, 7), got.said
    assert got.log == b"all of it\n"
    assert "before that the entry helper had written down: exit 7" in got.said


def test_the_deadline_is_kept_without_a_worker_grace_included(rig: Ground, client: docker.DockerClient) -> None:
    text = "trap 'sleep 1; echo tidied up; exit 5' TERM; echo ready; while :; do sleep 0.05; done"
    order = rig.order(rig.script(text, {"grace": 30}), deadline=time.time() + 3)

    async def guarded() -> None:
        async with rig.worker() as worker:
            run = await rig.submit(worker, order)
            await rig.until(lambda: b"ready" in rig.log(run), "it has not begun")
            die()

    with doomed(guarded, rig.patience) as process:
        assert process.wait()
    client.containers.get(order.name).wait(timeout=60)  # nobody but the shim is there
    assert time.time() > (order.deadline or 0)
    got = next_life(rig, order)
    assert got.outcome.cause is Cause.TIMED_OUT, got.said
    assert got.log.endswith(b"tidied up\n")  # the grace was its own
    assert got.outcome.stop is not None
    assert got.outcome.stop.strength == "REPORTED"


def test_runs_stay_with_their_engine_when_the_settings_name_another(rig: Ground) -> None:
    """The handle knows where the container is."""
    order = rig.order(rig.script("echo ready; sleep 1; echo done"))

    async def doom() -> None:
        async with rig.worker() as worker:
            run = await rig.submit(worker, order)
            await rig.until(lambda: b"ready" in rig.log(run), "it has not begun")
            die()

    with doomed(doom, rig.patience) as process:
        assert process.wait()
    rig._launchers = {"docker": {"host": "unix:///no/such/socket"}}  # pyright: ignore[reportPrivateUsage]
    got = next_life(rig, order)
    assert got.outcome.ok, got.said
    assert got.log == b"ready\ndone\n"
