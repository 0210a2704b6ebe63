"""A user's own application, through the real worker."""

from __future__ import annotations

import asyncio
import os
import signal
import socket
import subprocess
import time
from collections.abc import Callable, Coroutine, Generator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from tests.executors.go.programs import Programs
from tests.executors.go.runs import call, evidence

from anyjob.outcome import Cause, Strength
from anyjob.testing.rig import Finished, Rig
from anyjob.worker.settings import WorkerSettings
from anyjob.worker.states import RunState
from anyjob.worker.worker import LiveRun, Worker

pytestmark = pytest.mark.needs("go")
TOKEN = "the-token-of-shop"


class Shop:
    """A worker's state folder, its socket, and the application."""

    def __init__(self, folder: Path, programs: Programs, **apps: Any) -> None:
        self.programs, self.socket = programs, folder / "sock"
        given = {"listen": [f"unix:{self.socket}"], "tokens": {"shop": TOKEN}, **apps}
        settings = WorkerSettings.model_validate({"apps": given})
        self.rig = Rig(folder / "rig", job_type="go", settings={"wait": 1}, worker=settings)

    @contextmanager
    def app(self, program: Path | None = None, **env: str) -> Generator[subprocess.Popen[bytes]]:
        told = {**os.environ, "ANYJOB_APP": f"unix:{self.socket}", "ANYJOB_APP_TOKEN": TOKEN, **env}
        process = subprocess.Popen([program or self.programs.odd], env=told, stderr=subprocess.DEVNULL)
        try:
            yield process
        finally:
            process.kill()
            process.wait()

    def live(self, case: Callable[[Worker], Coroutine[None, None, None]]) -> None:
        async def life() -> None:
            async with self.rig.worker() as worker:
                await case(worker)

        asyncio.run(life())

    async def submit(self, worker: Worker, name: str, parameters: str = "", **facts: Any) -> LiveRun:
        job = call(name, Parameters=parameters, GroupId="shop", xattrs={"grace": 2})
        return await self.rig.submit(worker, self.rig.order(job, **facts))

    async def call(self, worker: Worker, name: str, parameters: str = "", **facts: Any) -> Finished:
        return await self.rig.finish(await self.submit(worker, name, parameters, **facts))

    async def ready(self, worker: Worker, name: str, parameters: str = "") -> LiveRun:
        run = await self.submit(worker, name, parameters)
        await self.rig.until(lambda: b"ready" in self.rig.log(run), f"{name} is not ready")
        return run


@pytest.fixture
def shop(tmp_path: Path, programs: Programs) -> Generator[Shop]:
    made = Shop(tmp_path, programs)
    with made.rig:
        yield made


def test_a_call_and_what_is_known_of_the_application(shop: Shop) -> None:
    async def case(worker: Worker) -> None:
        assert (await shop.call(worker, "Hello", "w")).outcome.result == "hello w"
        health = await worker.host.dispatch(call("Hello", GroupId="shop")).executor.health()
        assert health.why.startswith("no program in the settings; 1 application: odd of shop (")

    with shop.app():
        shop.live(case)


def test_health_where_nobody_is_connected(shop: Shop) -> None:
    async def case(worker: Worker) -> None:
        await worker.serve_apps("go")
        health = await worker.host.dispatch(call("Hello", GroupId="shop")).executor.health()
        assert health.why.startswith("no program in the settings; no application is connected")
        assert health.why.endswith("or start an application with ANYJOB_APP and ANYJOB_APP_TOKEN")

    shop.live(case)


def test_a_name_that_no_application_serves_is_no_attempt(shop: Shop) -> None:
    async def case(worker: Worker) -> None:
        assert (await shop.call(worker, "Hello")).outcome.ok
        got = await shop.call(worker, "Helo")
        assert got.outcome.cause is Cause.DEPENDENCY_MISSING, got.said
        assert "did you mean Hello" in got.said

    with shop.app():
        shop.live(case)


def test_code_that_is_registered_late(shop: Shop) -> None:
    async def case(worker: Worker) -> None:
        assert (await shop.call(worker, "Late")).outcome.ok

    with shop.app():
        shop.live(case)


def test_a_wrong_token_lets_nobody_in(shop: Shop) -> None:
    async def case(worker: Worker) -> None:
        got = await shop.call(worker, "Hello")
        assert got.outcome.cause is Cause.DEPENDENCY_MISSING, got.said

    with shop.app(ANYJOB_APP_TOKEN="somebody's guess"):
        shop.live(case)


@pytest.mark.parametrize(
    "garbage",
    [b"\0\xff no json\n", b"[]\n", b'{"type":"hello"}\n', b"x" * (17 << 20)],
    ids=["bytes", "list", "half", "long"],
)
def test_garbage_on_the_socket_harms_no_application(shop: Shop, garbage: bytes) -> None:
    def say() -> None:
        with socket.socket(socket.AF_UNIX) as stranger:
            stranger.connect(str(shop.socket))
            stranger.settimeout(10)
            try:
                stranger.sendall(garbage)
                while stranger.recv(1 << 16):
                    pass
            except (BrokenPipeError, ConnectionResetError):
                pass

    async def case(worker: Worker) -> None:
        run = await shop.ready(worker, "Slow", "300")
        await asyncio.to_thread(say)
        assert (await shop.rig.finish(run)).outcome.ok
        assert (await shop.call(worker, "Hello")).outcome.ok

    with shop.app():
        shop.live(case)


def test_a_stop_is_reported(shop: Shop) -> None:
    async def case(worker: Worker) -> None:
        run = await shop.ready(worker, "Waits")
        run.stop()
        got = await shop.rig.finish(run)
        assert got.outcome.cause is Cause.STOPPED, got.said
        assert got.outcome.stop is not None
        assert got.outcome.stop.strength is Strength.REPORTED

    with shop.app():
        shop.live(case)


def test_code_that_ignores_its_context_is_only_asked(shop: Shop) -> None:
    async def case(worker: Worker) -> None:
        run = await shop.ready(worker, "Ignores")
        run.stop()
        got = await shop.rig.finish(run)
        assert got.outcome.cause is Cause.STOPPED, got.said
        assert got.outcome.stop is not None
        assert got.outcome.stop.strength is Strength.ASKED
        assert list(got.outcome.stop.survivors) == [
            "goroutine of odd: Process has not returned, and nothing outside can end it"
        ]

    with shop.app():
        shop.live(case)


def test_a_deadline(shop: Shop) -> None:
    async def case(worker: Worker) -> None:
        assert (await shop.call(worker, "Hello")).outcome.ok  # it has dialled in
        got = await shop.call(worker, "Deadline", deadline=time.time() + 2)
        assert got.outcome.cause is Cause.TIMED_OUT, got.said
        assert got.outcome.stop is not None
        assert got.outcome.stop.strength is Strength.REPORTED

    with shop.app():
        shop.live(case)


def _connected(worker: Worker) -> list[str]:
    return [app.id for app in worker.apps.of("go").seen() if app.connected]


def test_redeployed_in_the_middle_of_a_run(shop: Shop) -> None:
    """The old one ends its run first, and the new one takes the next."""

    async def case(worker: Worker) -> None:
        with shop.app() as old:
            run = await shop.ready(worker, "Waits")
            (first,) = _connected(worker)
            with shop.app():
                old.send_signal(signal.SIGTERM)
                got = await shop.rig.finish(run)
                assert got.outcome.cause is Cause.EVICTED, got.said
                assert got.outcome.stop is not None
                assert got.outcome.stop.strength is Strength.REPORTED
                assert await asyncio.to_thread(old.wait, 20) == 0
                # A call that is sent before the worker has seen the end would wait for the old one to come back.
                await shop.rig.until(lambda: first not in _connected(worker), "the end of the old one is not seen")
                assert (await shop.call(worker, "Hello")).outcome.ok

    shop.live(case)


def test_a_call_that_comes_while_the_old_one_drains_is_the_new_ones(shop: Shop) -> None:
    """The old one holds a run that does not listen, and is the one with the fewest."""

    async def case(worker: Worker) -> None:
        with shop.app() as old:
            await shop.ready(worker, "Ignores")
            with shop.app():
                await shop.rig.until(lambda: len(_connected(worker)) == 2, "the new one has not dialled in")
                kept, ends, also = [await shop.ready(worker, "Waits") for _ in range(3)]
                old.send_signal(signal.SIGTERM)
                got = await shop.rig.finish(ends)  # the first went to the new one, this one to the old one
                assert got.outcome.cause is Cause.EVICTED, got.said
                assert len(_connected(worker)) == 2, "it drains"
                got = await shop.call(worker, "Hello")
                assert got.outcome.ok, got.said
                for run in (kept, also):
                    run.stop()
                    await shop.rig.finish(run)

    shop.live(case)


def test_an_application_that_is_killed_leaves_its_runs_unknown(tmp_path: Path, programs: Programs) -> None:
    shop = Shop(tmp_path, programs, reconnect=0.5)

    async def case(worker: Worker) -> None:
        with shop.app() as app:
            run = await shop.ready(worker, "Waits")
            app.kill()
            got = await shop.rig.finish(run)
            assert got.outcome.cause is Cause.UNKNOWN, got.said
            assert evidence(got)

    with shop.rig:
        shop.live(case)


def test_a_run_goes_on_without_its_worker_and_is_begun_once(shop: Shop) -> None:
    orders: list[Any] = []

    async def first(worker: Worker) -> None:
        run = await shop.ready(worker, "Slow", "1000")
        await shop.rig.until(lambda: run.record.state is RunState.RUNNING, "it is not running")
        orders.append(run.record.order)

    async def second(worker: Worker) -> None:
        got = await shop.rig.resumed(worker, orders[0])
        assert (got.outcome.cause, got.outcome.result) == (Cause.SUCCEEDED, "slow"), got.said
        assert got.log == b"ready\nover\n"
        assert (await shop.call(worker, "Counts")).outcome.result == "1"

    with shop.app():
        shop.live(first)
        shop.live(second)


def test_an_unchanged_program_of_the_public_worker(shop: Shop) -> None:
    async def case(worker: Worker) -> None:
        assert (await shop.call(worker, "HelloWorld", "w")).outcome.result == "hello w"
        got = await shop.call(worker, "Nil")
        assert (got.outcome.cause, got.outcome.result) == (Cause.FAILED, "result can't be null")

    with shop.app(shop.programs.user):
        shop.live(case)
