"""Jobs in containers of the tests' own engine."""

# docker's own types are not whole.
# pyright: reportUnknownMemberType=false, reportUnknownVariableType=false, reportUnknownArgumentType=false

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Generator, Iterator, Mapping
from contextlib import closing, suppress
from pathlib import Path
from typing import Any, TypeAlias

import docker
import pytest
from docker.errors import NotFound
from tests.grounds.docker.engine import Engine

from anyjob.job import Job
from anyjob.outcome import Json
from anyjob.samples import Sample
from anyjob.testing.rig import Finished, Rig
from anyjob.worker.settings import SecretSource
from anyjob_docker.samples import jobs

IMAGE = "busybox:test"
_OF_RUNS = {"label": "anyjob.run"}

RigFactory: TypeAlias = Callable[..., Rig]


class Ground(Rig):
    """A rig whose jobs are scripts in containers."""

    def script(self, text: str, xattrs: Mapping[str, Json] | None = None, **fields: Json) -> Job:
        """A docker job whose image's shell gets the text."""
        return self.words("sh", "-c", text, xattrs=xattrs, **fields)

    def words(self, *words: str, xattrs: Mapping[str, Json] | None = None, **fields: Json) -> Job:
        """A docker job with these arguments."""
        return self.job(Sample({"Content": [*words]}), xattrs=xattrs, **fields)

    def says(self, job: Job, secrets: Mapping[str, SecretSource] | None = None, **facts: Any) -> Finished:
        """The run of a job from its start to its end."""

        async def life() -> Finished:
            async with self.worker(secrets) as worker:
                return await self.finish(await self.submit(worker, self.order(job, **facts)))

        return asyncio.run(life())


def ground(folder: Path, engine: Engine, **settings: object) -> Ground:
    """A rig on the engine, with these settings of the launcher beside the usual ones of the tests."""
    usual: dict[str, object] = {"host": engine.url, "mounts": "*", "networks": "*", "pull_policy": "Never"}
    return Ground(
        folder,
        job_type="docker",
        launchers={"docker": usual | settings},
        samples=jobs(IMAGE),
        xattrs={"image": IMAGE},
        patience=120,
    )


@pytest.fixture
def rig(tmp_path: Path, engine: Engine) -> Iterator[Ground]:
    with ground(tmp_path, engine) as made:
        yield made


@pytest.fixture
def client(engine: Engine) -> Generator[docker.DockerClient]:
    with closing(engine.client()) as made:
        yield made


@pytest.fixture(autouse=True)
def nothing_left(request: pytest.FixtureRequest) -> Generator[None]:
    """No container of a run outlives its test."""
    yield
    if "engine" not in request.fixturenames:
        return
    engine: Engine = request.getfixturevalue("engine")
    with closing(engine.client()) as made:
        end = time.monotonic() + 10
        while left := [one["Names"][0].lstrip("/") for one in made.api.containers(all=True, filters=_OF_RUNS)]:
            if time.monotonic() > end:
                break
            time.sleep(0.1)  # the engine may be about to remove it
        for name in left:
            with suppress(NotFound):
                made.containers.get(name).remove(force=True)
    assert not left, f"containers were left behind: {left}"
