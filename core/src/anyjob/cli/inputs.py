"""What the caller named: the job of a file, and the settings."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from pathlib import Path

from anyjob.cli import folders
from anyjob.job import BadJobFile, Job, parse_jobs, read_jobs
from anyjob.nearest import did_you_mean
from anyjob.problem import short
from anyjob.settings import Settings, find_settings, read_settings

__all__ = ["settings_for", "the_job"]


def the_job(file: str, sets: Sequence[str], name: str | None) -> Job:
    """The one job that is meant. Raises BadJobFile and BadJob."""
    if file == "-":
        source = "standard input"
        jobs = parse_jobs(sys.stdin.buffer.read(), source, sets)
    else:
        source = file
        jobs = read_jobs(file, sets)
    names = [job.name for job in jobs]
    listed = ", ".join(repr(short(known)) for known in names)
    if name is None:
        if len(jobs) > 1:
            raise BadJobFile(source, f"it holds {len(jobs)} jobs: {listed}; choose one with --job NAME")
        return jobs[0]
    found = [job for job in jobs if job.name == name]
    if len(found) > 1:
        raise BadJobFile(source, f"it holds {len(found)} jobs named {name!r}; give them names of their own")
    if not found:
        hint = did_you_mean(name, names) or f"it holds {listed}"
        raise BadJobFile(source, f"it holds no job named {short(name)!r}; {hint}")
    return found[0]


def settings_for(config: Path | None, state: Path | None) -> Settings:
    """The settings of a command. Without --state, the folder of all own state folders may hold a file.

    Raises BadSettings.
    """
    found = find_settings(config, state or folders.home())
    return Settings.alone() if found is None else read_settings(found)
