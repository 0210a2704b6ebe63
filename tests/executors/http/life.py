"""One run of an http job, through the real host and the real worker."""

from __future__ import annotations

import asyncio
import tempfile
from collections.abc import Callable, Mapping
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

PATIENCE = 30.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Ended:
    """A run that is over."""

    outcome: Outcome
    log: bytes

    @property
    def said(self) -> str:
        """Everything that the outcome tells."""
        return " | ".join([self.outcome.result, *(item.text for item in self.outcome.evidence)])


def http_job(url: str, *, parameters: str = "", xattrs: Mapping[str, Any] | None = None, **content: Any) -> Job:
    """A job with this Content."""
    wire = {"Name": "calls", "JobType": "http", "Content": {"url": url, **content}, "Parameters": parameters}
    return Job.from_wire({**wire, "XAttrs": dict(xattrs)} if xattrs else wire)


def call(
    url: str,
    *,
    settings: Mapping[str, object] | None = None,
    egress: Mapping[str, Any] | None = None,
    secrets: Mapping[str, str] | None = None,
    facts: Mapping[str, Any] | None = None,
    parameters: str = "",
    xattrs: Mapping[str, Any] | None = None,
    log: Path | None = None,
    until: Callable[[LiveRun], bool] | None = None,
    **content: Any,
) -> Ended:
    """Run a job to its end. `log`: what its log is a link to. `until`: stop it as soon as that holds."""
    job = http_job(url, parameters=parameters, xattrs=xattrs, **content)

    async def life(folder: Path) -> Ended:
        sources: dict[str, SecretSource] = {}
        for name, value in (secrets or {}).items():
            (folder / name).write_text(value)
            sources[name] = SecretSource(file=folder / name, groups=["*"])
        if log is not None:
            (folder / "state/runs/aj-1-0-1").mkdir(parents=True)
            (folder / "state/runs/aj-1-0-1/log").symlink_to(log)
        host = PluginHost.load(executor_settings={"http": settings or {}})
        rules = EgressSettings.model_validate(egress or {})
        async with Worker(host, folder / "state", WorkerSettings(force_wait=5), sources, rules) as worker:
            run = await worker.submit(RunOrder(job=job, instance=1, **(facts or {})))
            async with asyncio.timeout(PATIENCE):
                while until is not None and not until(run):
                    await asyncio.sleep(0.005)
                if until is not None:
                    run.stop()
                outcome = await run.outcome()
            written = folder / "state" / "runs" / run.name / "log"
            return Ended(outcome=outcome, log=written.read_bytes() if written.is_file() else b"")

    with tempfile.TemporaryDirectory(prefix="anyjob-http-") as folder:
        return asyncio.run(life(Path(folder)))
