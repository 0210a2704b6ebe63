"""Installed distributions, made as folders with metadata on sys.path."""

from __future__ import annotations

import importlib
import textwrap
from pathlib import Path
from typing import Any

from anyjob.job import Job
from anyjob.plugins import PluginHost, PluginReport, PluginSettings

EXECUTOR = """
    from __future__ import annotations
    from typing import Annotated
    from anyjob.executor import FunctionExecutor
    from anyjob.outcome import Cause, Outcome
    from anyjob.spec import At, Spec

    class ASpec(Spec):
        text: Annotated[str, At("Content")] = ""

    class AnExecutor(FunctionExecutor[ASpec]):
        def call(self, run, spec):
            return Outcome(cause=Cause.SUCCEEDED, result=spec.text)
"""


def plugin(job_type: str, package: str, more: str = "") -> str:
    """The text of a plugin module for one type, whose executor stands in `<package>_executor`."""
    return f"""
from anyjob.plugins import ExecutorType, hookimpl

@hookimpl
def anyjob_executors():
    return [ExecutorType(
        job_type={job_type!r}, executor="{package}_executor:AnExecutor", spec="{package}_executor:ASpec"{more}
    )]
"""


class Site:
    """A folder of installed distributions. `good`, which runs JobType `good`, is always among them."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.names: list[str] = []
        self.modules: list[str] = []
        self.install("anyjob-good", "1.0", "good", plugin("good", "anyjob_good"))

    def install(self, distribution: str, version: str, name: str, text: str, *, package: str = "") -> None:
        """One distribution with one plugin `name`, whose module holds `text`."""
        package = package or distribution.replace("-", "_")
        self.metadata(distribution, version, f"[anyjob]\n{name} = {package}_plugin\n")
        self.module(f"{package}_plugin", text)
        self.module(f"{package}_executor", EXECUTOR)
        self.names.append(name)

    def metadata(self, distribution: str, version: str, entry_points: str) -> None:
        info = self.folder / f"{distribution.replace('-', '_')}-{version}.dist-info"
        info.mkdir(parents=True)
        (info / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {distribution}\nVersion: {version}\n")
        (info / "entry_points.txt").write_text(entry_points)

    def module(self, name: str, text: str) -> None:
        (self.folder / f"{name}.py").write_text(textwrap.dedent(text))
        self.modules.append(name)

    def load(self, **options: Any) -> PluginHost:
        """The host of the distributions here, and of none that happens to be installed beside them."""
        return self.load_with(PluginSettings(allow=tuple(self.names)), **options)

    def load_with(self, settings: PluginSettings, **options: Any) -> PluginHost:
        importlib.invalidate_caches()
        return PluginHost.load(settings, **options)


def reported(host: PluginHost, name: str) -> PluginReport:
    """The one report of a plugin."""
    (report,) = [item for item in host.report() if item.name == name]
    return report


def runs(host: PluginHost, job_type: str = "good") -> bool:
    """Whether a job of the type still binds and dispatches."""
    job = Job(name="still", job_type=job_type, content="x")
    return host.dispatch(job, host.bind(job)).executor is host.executor(job_type)
