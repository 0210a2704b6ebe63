"""Python jobs through the real host and worker, and wheels to install."""

from __future__ import annotations

import asyncio
import zipfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from anyjob.job import BadJob, Job
from anyjob.plugins import PluginHost
from anyjob.testing.rig import Finished, Rig
from anyjob.worker.settings import SecretSource, WorkerSettings


class Python:
    """Runs scripts to their end."""

    def __init__(self, folder: Path, **settings: Any) -> None:
        self.rig = Rig(folder, job_type="python", settings=settings)

    def job(self, script: str, **xattrs: Any) -> Job:
        return Job(name="script", job_type="python", content=script, xattrs=xattrs)

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
        PluginHost.load().bind(Job.from_wire({"Name": "script", "JobType": "python", **fields}))
    except BadJob as bad:
        return [str(problem) for problem in bad.problems]
    return []


def wheel(folder: Path, name: str, version: str = "1.0", *, source: str = "", needs: str = "") -> None:
    """Put a wheel of one module into the folder."""
    about = f"{name}-{version}.dist-info"
    metadata = f"Metadata-Version: 2.1\nName: {name}\nVersion: {version}\n"
    files = {
        f"{name}.py": source or f"VERSION = {version!r}\n",
        f"{about}/METADATA": metadata + (f"Requires-Dist: {needs}\n" if needs else ""),
        f"{about}/WHEEL": "Wheel-Version: 1.0\nGenerator: tests\nRoot-Is-Purelib: true\nTag: py3-none-any\n",
    }
    record = "".join(f"{path},,\n" for path in (*files, f"{about}/RECORD"))
    folder.mkdir(parents=True, exist_ok=True)
    with zipfile.ZipFile(folder / f"{name}-{version}-py3-none-any.whl", "w") as archive:
        for path, text in (*files.items(), (f"{about}/RECORD", record)):
            archive.writestr(path, text)
