"""Go jobs through the real host and worker."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from tests.executors.go.programs import Programs

from anyjob.job import BadJob, Job
from anyjob.plugins import PluginHost
from anyjob.testing.rig import Finished, Rig
from anyjob.worker.settings import SecretSource, WorkerSettings


def call(name: str, *, xattrs: Mapping[str, Any] | None = None, **fields: Any) -> Job:
    wire = {"Name": "call", "JobType": "go", "Content": json.dumps({"jobName": name}), **fields}
    return Job.from_wire({**wire, "XAttrs": dict(xattrs)} if xattrs else wire)


class Go:
    """Runs calls to their end."""

    def __init__(self, folder: Path, programs: Programs, **settings: Any) -> None:
        self.programs = programs
        self.rig = Rig(folder, job_type="go", settings=settings)

    def job(self, name: str, parameters: str = "", *, program: Path | None = None, **xattrs: Any) -> Job:
        return call(name, xattrs={"binary": str(program or self.programs.odd), **xattrs}, Parameters=parameters)

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


def refusals(**fields: Any) -> list[str]:
    """Why a job cannot be created, a line each."""
    try:
        PluginHost.load().bind(Job.from_wire({"Name": "call", "JobType": "go", **fields}))
    except BadJob as bad:
        return [str(problem) for problem in bad.problems]
    return []


def evidence(got: Finished) -> str:
    return "\n".join(f"{item.source}: {item.text}" for item in got.outcome.evidence)
