"""Java jobs through the real host and worker."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from anyjob.job import BadJob, Job
from anyjob.plugins import PluginHost
from anyjob.testing.rig import Finished, Rig
from anyjob.worker.settings import SecretSource


class Java:
    """Runs classes of one class path on one Java to their end."""

    def __init__(self, folder: Path, java: str, class_path: Sequence[Path], **settings: Any) -> None:
        self.java, self.class_path = java, [str(entry) for entry in class_path]
        self.isolation: str | None = None
        self.settings = {"runs": 1000, **settings}
        self.rig = Rig(folder, job_type="java", settings=self.settings)

    def allow(self, *patterns: str) -> None:
        """Arguments of the JVM that jobs may give."""
        self.settings["jvm_args"] = list(patterns)

    def job(self, name: str, parameters: str = "", fields: Mapping[str, Any] | None = None, **xattrs: Any) -> Job:
        """The job of the class demo.NAME."""
        own = {"classpath": self.class_path, "javaHome": self.java, "isolation": self.isolation, **xattrs}
        return Job.from_wire(
            {
                "Name": "demo",
                "JobType": "java",
                "ClassName": f"demo.{name}",
                "Parameters": parameters,
                "XAttrs": {key: value for key, value in own.items() if value is not None},
                **(fields or {}),
            }
        )

    def run(self, job: Job, *, secrets: Mapping[str, SecretSource] | None = None, **facts: Any) -> Finished:
        """One run, in a worker's life of its own."""
        order = self.rig.order(job, **facts)

        async def life() -> Finished:
            async with self.rig.worker(secrets) as worker:
                return await self.rig.finish(await self.rig.submit(worker, order))

        return asyncio.run(life())

    def all(self, job: Job, facts: Sequence[Mapping[str, Any]]) -> list[Finished]:
        """Several runs of one instance, at one time."""

        async def life() -> list[Finished]:
            async with self.rig.worker() as worker:
                runs = [await self.rig.submit(worker, self.rig.order(job, **one)) for one in facts]
                return [await self.rig.finish(run) for run in runs]

        return asyncio.run(life())

    def stop(self, job: Job) -> Finished:
        """One run that is stopped once its log says `ready`."""

        async def life() -> Finished:
            async with self.rig.worker() as worker:
                run = await self.rig.submit(worker, self.rig.order(job))
                await self.rig.until(lambda: b"ready" in self.rig.log(run), "The class does not say ready")
                run.stop()
                return await self.rig.finish(run)

        return asyncio.run(life())

    def mapped(self, got: Finished) -> list[str]:
        """The lines of the run's map file."""
        return (self.rig.state / "runs" / got.order.name / "map").read_text().splitlines()


def said(got: Finished) -> list[str]:
    """The evidence, a line each."""
    return [f"{item.source}: {item.text}" for item in got.outcome.evidence]


def refusals(**fields: Any) -> list[str]:
    """Why a job cannot be created, a line each."""
    try:
        PluginHost.load().bind(Job.from_wire({"Name": "demo", "JobType": "java", **fields}))
    except BadJob as bad:
        return [str(problem) for problem in bad.problems]
    return []
