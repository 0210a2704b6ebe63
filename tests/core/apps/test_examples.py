"""The examples of the executables in contrib do what their pages say."""

from __future__ import annotations

import asyncio
import re
from pathlib import Path

import pytest
from tests.core.apps.yard import host

from anyjob.job import read_job
from anyjob.outcome import Outcome
from anyjob.worker.order import RunOrder
from anyjob.worker.worker import Worker

HERE = Path(__file__).parents[3] / "contrib/executables"


def example(folder: Path, name: str) -> Outcome:
    (file,) = (HERE / name / "examples").iterdir()
    (shown,) = re.findall(r"```yaml\n(.*?)```", (HERE / name / "README.md").read_text(), re.DOTALL)
    assert file.read_text() == shown

    async def life() -> Outcome:
        async with Worker(host(HERE / name), folder) as worker:
            return await (await worker.submit(RunOrder(job=read_job(file), instance=1))).outcome()

    return asyncio.run(asyncio.wait_for(life(), 60))


@pytest.mark.needs("jq")
def test_bash(tmp_path: Path) -> None:
    outcome = example(tmp_path, "bash")
    assert outcome.ok
    assert outcome.outputs == {"checked": "/"}


@pytest.mark.needs("node")
def test_node(tmp_path: Path) -> None:
    outcome = example(tmp_path, "node")
    assert outcome.ok
    assert outcome.outputs == {"count": 168}
