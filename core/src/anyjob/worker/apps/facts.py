"""What a program is told of a run."""

from __future__ import annotations

from collections.abc import Mapping
from typing import cast

from anyjob.executor.said import run_facts
from anyjob.outcome import Json
from anyjob.run import RUN_FOLDER, Run

__all__ = ["facts", "secrets"]


def facts(run: Run) -> dict[str, Json]:
    """The run as JSON, with its environment. That lacks the names of files: only a command has a run folder."""
    environment: dict[str, Json] = {name: v for name, v in run.environment().items() if RUN_FOLDER not in v}
    return {**run_facts(run), "environment": environment}


def secrets(run: Run) -> dict[str, str]:
    """The secrets that the job names, by its own names. Raises SecretMissing."""
    named = cast("Mapping[str, str]", run.job.xattrs.get("secrets") or {})  # CommonXAttrs has checked it
    return {name: run.secret(name) for name in named}
