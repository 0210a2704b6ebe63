"""The examples of the executables in contrib do what their pages say."""

from __future__ import annotations

import asyncio
import tomllib
from pathlib import Path

import pytest
from tests.core.apps.yard import host
from tests.docs.fences import blocks

from anyjob.job import read_job
from anyjob.outcome import Outcome
from anyjob.worker.order import RunOrder
from anyjob.worker.worker import Worker

HERE = Path(__file__).parents[3] / "contrib/executables"


def example(folder: Path, name: str, jobs: list[str]) -> Outcome:
    (file,) = (HERE / name / "examples").iterdir()
    assert jobs == [file.read_text()]

    async def life() -> Outcome:
        async with Worker(host(HERE / name), folder) as worker:
            return await (await worker.submit(RunOrder(job=read_job(file), instance=1))).outcome()

    return asyncio.run(asyncio.wait_for(life(), 60))


def test_the_settings_of_the_page_bring_all_of_them() -> None:
    (settings,) = blocks("contrib/executables/README.md", "toml")
    (folder,) = tomllib.loads(settings)["plugins"]["executables"]
    found = {offer.kind.job_type for offer in host(HERE.parents[1] / folder).types()}
    assert found == {folder.name for folder in HERE.iterdir() if folder.is_dir()}


@pytest.mark.needs("jq")
def test_bash(tmp_path: Path) -> None:
    outcome = example(tmp_path, "bash", blocks("contrib/executables/bash/README.md", "yaml"))
    assert outcome.ok
    assert outcome.outputs == {"checked": "/"}


@pytest.mark.needs("node")
def test_node(tmp_path: Path) -> None:
    outcome = example(tmp_path, "node", blocks("contrib/executables/node/README.md", "yaml"))
    assert outcome.ok
    assert outcome.outputs == {"count": 168}
