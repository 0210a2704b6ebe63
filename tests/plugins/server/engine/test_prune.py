"""Old instances and logs go; never those of what has not ended."""

from __future__ import annotations

import asyncio
import os
import time
from pathlib import Path

from tests.plugins.server.engine.play import field
from tests.plugins.server.store.place import Place

from anyjob_server.engine.prune import Pruner, instance_of
from anyjob_server.settings import LogSettings, ServerSettings


def test_a_job_keeps_its_newest_instances_and_all_that_run(place: Place) -> None:
    async def go() -> None:
        async with field(place, history=3) as here:
            job = await here.job(MaxConcurrency=9)
            held = await here.engine.manual.execute(await here.job("held", Content="hold"))
            for number in range(6):
                await here.engine.manual.execute(job)
                await here.ended(job, number + 1)
            ids = [row.id for row in here.of(job)]
            folders = [place.state / f"worker/runs/aj-{one:x}-0-1" for one in [*ids, held]]
            for folder in folders:
                folder.mkdir(exist_ok=True)
            await here.engine.pruner.history()
            assert [row.id for row in here.of(job)] == ids[-3:]
            assert [folder.exists() for folder in folders] == [False] * 3 + [True] * 4

    asyncio.run(go())


def test_logs_go_by_age_and_then_by_size_but_not_those_of_what_runs(tmp_path: Path) -> None:
    now = time.time()
    for number, (age, size) in enumerate([(40, 10), (40, 10), (3, 40_000), (2, 40_000), (1, 40_000)], 1):
        folder = tmp_path / f"aj-{number:x}-0-1"
        folder.mkdir()
        (folder / "log").write_bytes(b"x" * size)
        os.utime(folder / "log", (now - age * 86_400, now - age * 86_400))
    (tmp_path / "something else").mkdir()
    settings = ServerSettings(logs=LogSettings(days=30, size=100_000))
    Pruner(None, tmp_path, settings, lambda: 0, lambda instance: instance == 2).logs()  # type: ignore[arg-type]
    left = sorted(path.name for path in tmp_path.iterdir())
    assert left == ["aj-2-0-1", "aj-4-0-1", "aj-5-0-1", "something else"]


def test_the_instance_of_a_runs_name() -> None:
    assert instance_of("aj-ff-0-1") == 255
    assert [instance_of(name) for name in ("aj-x-0-1", "shim", "aj-1", "aj-1-0-1-2")] == [None] * 4
