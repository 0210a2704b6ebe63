"""One run of a dataworks job, through the real host and the real worker."""

from __future__ import annotations

import asyncio
import json
import tempfile
from collections.abc import Callable, Mapping
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from anyjob.egress import EgressSettings
from anyjob.job import Job
from anyjob.outcome import Outcome
from anyjob.plugins import PluginHost
from anyjob.worker.order import RunOrder
from anyjob.worker.settings import SecretSource, WorkerSettings
from anyjob.worker.worker import LiveRun, Worker
from anyjob_dataworks.peer import Peer

PATIENCE = 30.0
QUICK: Mapping[str, Any] = {"timeout": 1.0, "patience": 1.0, "search": 1.0, "poll": 0.1}
API = ("2020-05-18", "2024-05-18")


@dataclass(frozen=True, slots=True, kw_only=True)
class Ended:
    """A run that is over."""

    outcome: Outcome
    log: str
    progress: tuple[int, int] | None

    @property
    def said(self) -> str:
        """Everything that the outcome tells."""
        return " | ".join([self.outcome.result, *(f"{item.source}: {item.text}" for item in self.outcome.evidence)])


def flow_job(
    peer: Peer,
    flow: str,
    *,
    xattrs: Mapping[str, Any] | None = None,
    group: str = "",
    parameters: str = "",
    **content: Any,
) -> Job:
    """A job that starts this flow."""
    said = {"region": peer.region, "projectName": "practice", "flowName": flow, **content}
    said = {name: value for name, value in said.items() if value is not None}
    wire = {"Name": "nightly", "JobType": "dataworks", "Content": json.dumps(said), "Parameters": parameters}
    return Job.from_wire({**wire, "GroupId": group, "XAttrs": dict(xattrs or {})})


def opened(
    folder: Path, settings: Mapping[str, Any], secrets: Mapping[str, str], egress: Mapping[str, Any]
) -> AbstractAsyncContextManager[Worker]:
    """A worker's life."""
    sources: dict[str, SecretSource] = {}
    for name, value in secrets.items():
        (folder / name).write_text(value)
        sources[name] = SecretSource(file=folder / name, groups=["*"])
    host = PluginHost.load(executor_settings={"dataworks": {**QUICK, **settings}})
    rules = EgressSettings.model_validate(egress)
    return Worker(host, folder / "state", WorkerSettings(force_wait=2), sources, rules)


def finish(
    job: Job,
    *,
    settings: Mapping[str, Any] | None = None,
    secrets: Mapping[str, str] | None = None,
    egress: Mapping[str, Any] | None = None,
    facts: Mapping[str, Any] | None = None,
    until: Callable[[LiveRun, str], bool] | None = None,
    meanwhile: Callable[[LiveRun], None] = lambda run: run.stop(),
) -> Ended:
    """Run a job to its end. `until`: do `meanwhile` (stop it) as soon as that holds of the run and its log."""

    async def life(folder: Path) -> Ended:
        async with opened(folder, settings or {}, secrets or {}, egress or {}) as worker:
            run = await worker.submit(RunOrder(job=job, instance=1, **(facts or {})))
            file = folder / "state" / "runs" / run.name / "log"

            def log() -> str:
                return file.read_bytes().decode(errors="replace") if file.is_file() else ""

            async with asyncio.timeout(PATIENCE):
                while until is not None and not until(run, log()):
                    await asyncio.sleep(0.005)
                if until is not None:
                    meanwhile(run)
                outcome = await run.outcome()
            return Ended(outcome=outcome, log=log(), progress=run.progress)

    with tempfile.TemporaryDirectory(prefix="anyjob-dataworks-") as folder:
        return asyncio.run(life(Path(folder)))
