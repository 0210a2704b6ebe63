"""What a job says of its progress reaches whoever shows the run."""

from __future__ import annotations

import asyncio
from pathlib import Path

from anyjob.job import Job
from anyjob.plugins import PluginHost
from anyjob.worker.order import RunOrder
from anyjob.worker.settings import WorkerSettings
from anyjob.worker.worker import Worker

SCRIPT = """
echo "1 3" >> "$ANYJOB_PROGRESS"
while [ ! -e "$ANYJOB_PARAMETERS" ]; do sleep 0.05; done
printf '2 3\\n3 3\\ngarbage' >> "$ANYJOB_PROGRESS"
"""


def test_the_last_whole_line_of_the_progress_file_counts(tmp_path: Path) -> None:
    go_on = tmp_path / "go-on"
    job = Job(name="j", job_type="shell", content=SCRIPT, parameters=str(go_on))

    async def go() -> tuple[object, object]:
        async with Worker(PluginHost.load(), tmp_path / "state", WorkerSettings(shim_idle=1)) as worker:
            run = await worker.submit(RunOrder(job=job, instance=1))
            async with asyncio.timeout(30):
                while run.progress is None:
                    await asyncio.sleep(0.02)
                early = run.progress
                go_on.touch()
                await run.outcome()
            return early, run.progress

    assert asyncio.run(go()) == ((1, 3), (3, 3))
