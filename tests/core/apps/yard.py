"""Workers whose job types are executables: `good`, and `bad` in the part that a test gives it."""

from __future__ import annotations

import json
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from anyjob.job import Job
from anyjob.outcome import Outcome
from anyjob.plugins import PluginHost, PluginSettings
from anyjob.worker.order import RunOrder
from anyjob.worker.settings import SecretSource, WorkerSettings
from anyjob.worker.worker import Worker

ACTOR = Path(__file__).with_name("actor.py")
PATIENCE = {"answer": 2, "grace": 2, "tries": 3}


def register(
    folder: Path, job_type: str, part: str, tables: Mapping[str, Mapping[str, Any]], program: Path = ACTOR
) -> Path:
    """A TOML file in a folder of its own."""
    place = folder / f"{job_type}-executable"
    place.mkdir()
    lines = [f"job_type = {json.dumps(job_type)}", f"command = {json.dumps([sys.executable, str(program), part])}"]
    given: dict[str, Mapping[str, Any]] = {
        "fields.what": {"at": "Content", "default": "done"},
        "capabilities": {"proof": "REPORTED", "resumes": True},
        "patience": PATIENCE,
        **tables,
    }
    for name, table in given.items():
        lines.append(f"[{name}]")
        lines += [f"{key} = {json.dumps(value)}" for key, value in table.items()]
    file = place / "executor.toml"
    file.write_text("\n".join(lines))
    return file


def host(*files: Path) -> PluginHost:
    return PluginHost({}, settings=PluginSettings(executables=files))


class Yard:
    """The two types on one state folder."""

    def __init__(self, folder: Path, part: str, tables: Mapping[str, Mapping[str, Any]] | None = None) -> None:
        self.state = folder / "state"
        self.files = register(folder, "good", "", {}), register(folder, "bad", part, tables or {})

    def worker(self, secrets: Mapping[str, SecretSource] | None = None) -> Worker:
        return Worker(host(*self.files), self.state, WorkerSettings(force_wait=2), secrets)

    @property
    def folder(self) -> Path:
        """What the executable `bad` keeps."""
        return self.state / "executors" / "bad"

    def lines(self, name: str) -> list[str]:
        path = self.folder / name
        return path.read_text().split("\n")[:-1] if path.exists() else []


def order(job_type: str, what: str = "", *, instance: int = 1, **fields: Any) -> RunOrder:
    return RunOrder(job=Job(name="j", job_type=job_type, content=what, **fields), instance=instance)


def told(outcome: Outcome) -> str:
    return " | ".join(item.text for item in outcome.evidence)
