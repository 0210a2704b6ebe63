"""What the caller named: the job of a file, and the settings."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from anyjob.cli import folders
from anyjob.errors import BadSettings
from anyjob.job import BadJob, BadJobFile, Job, parse_jobs, read_jobs
from anyjob.nearest import did_you_mean
from anyjob.problem import short
from anyjob.settings import Settings, find_settings, read_anyway

if TYPE_CHECKING:
    from anyjob.plugins import PluginHost

__all__ = ["settings_for", "the_job"]


def the_job(file: str, sets: Sequence[str], name: str | None, host: PluginHost) -> Job:
    """The one job that is meant.

    Raises BadJobFile, and BadJob with everything that is wrong, also by the job's type.
    """
    source = "standard input" if file == "-" else file
    try:
        jobs = parse_jobs(sys.stdin.buffer.read(), source, sets) if file == "-" else read_jobs(file, sets)
    except BadJob as error:
        raise host.more_problems(error) from None
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


def settings_for(config: Path | None, state: Path | None, *, served: bool = False) -> Settings:
    """The settings of a command. Without --state, the folder of all own state folders may hold a file.

    `served`: jobs come from others than the caller, so without a file they may not do what he may. Raises BadSettings.
    """
    found = find_settings(config, state or folders.home())
    if found is None:
        return Settings() if served else Settings.alone()
    settings, problems = read_anyway(found)
    if problems:
        from anyjob.cli.hosting import all_problems

        raise BadSettings(settings.source, [*problems, *all_problems(settings)])
    return settings
