"""The job types of the SchedulerX API, and the distribution that brings each.

Source: SchedulerX API, CreateJob, "JobType".
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

__all__ = ["PACKAGES"]

PACKAGES: Final[Mapping[str, str]] = {
    "java": "anyjob-java",
    "python": "anyjob-python",
    "shell": "anyjob-shell",
    "go": "anyjob-go",
    "golang": "anyjob-go",
    "http": "anyjob-http",
    "xxljob": "anyjob-xxljob",
    "dataworks": "anyjob-dataworks",
    "k8s": "anyjob-k8s",
    "springschedule": "anyjob-springschedule",
    "docker": "anyjob-docker",
}
