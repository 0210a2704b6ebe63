"""Shell jobs through the real host and worker."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from typing import Any

from anyjob.job import Job
from anyjob.testing.rig import Finished, Rig
from anyjob.worker.settings import SecretSource, WorkerSettings


class Shell:
    """Runs scripts to their end."""

    def __init__(self, rig: Rig) -> None:
        self.rig = rig

    def job(self, script: str, **xattrs: Any) -> Job:
        return Job(name="script", job_type="shell", content=script, xattrs=xattrs)

    def run(
        self,
        job: Job | str,
        *,
        secrets: Mapping[str, SecretSource] | None = None,
        settings: WorkerSettings | None = None,
        **facts: Any,
    ) -> Finished:
        order = self.rig.order(self.job(job) if isinstance(job, str) else job, **facts)

        async def life() -> Finished:
            async with self.rig.worker(secrets, settings) as worker:
                return await self.rig.finish(await self.rig.submit(worker, order))

        return asyncio.run(life())
