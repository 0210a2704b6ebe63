"""The labels and annotations by which the objects of a run are found, by us and by people.

Source: Kubernetes, labels, syntax and character set.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final

from anyjob_k8s.objects import LABEL_RUN
from anyjob_k8s.words import label_value

if TYPE_CHECKING:
    from anyjob.run import RunFacts

__all__ = ["LABEL_INSTANCE", "LABEL_JOB", "LABEL_MANAGED", "LABEL_NAME", "annotations_for", "labels_for"]

LABEL_MANAGED: Final = "anyjob.dev/managed"
LABEL_JOB: Final = "anyjob.dev/job-id"
LABEL_INSTANCE: Final = "anyjob.dev/instance"
LABEL_NAME: Final = "anyjob.dev/name"
"""How the manifest calls itself: the object has the run's name, so that several runs may be there at one time."""

_JOB_NAME: Final = "anyjob.dev/job"
_OWN_LABEL: Final = "label.anyjob.dev/"
_KEY: Final = re.compile(r"[A-Za-z0-9]([-A-Za-z0-9_.]{0,61}[A-Za-z0-9])?\Z")
_OF_KUBERNETES: Final = ("job-name", "controller-uid")


def labels_for(run: RunFacts, name: str = "") -> dict[str, str]:
    """The labels of every object of the run. `name`: what its manifest is called."""
    own = {key: value for key, value in run.common.labels.items() if _fits(key, value)}
    made = {
        **own,
        LABEL_RUN: run.name,
        LABEL_MANAGED: "true",
        LABEL_JOB: str(run.job_id),
        LABEL_INSTANCE: str(run.instance),
    }
    return {**made, LABEL_NAME: short} if (short := label_value(name)) else made


def annotations_for(run: RunFacts, name: str = "") -> dict[str, str]:
    """What is for people, and what no label can hold."""
    made = {_JOB_NAME: run.job.name}
    if name and label_value(name) != name:
        made[LABEL_NAME] = name
    for key, value in run.common.labels.items():
        if not _fits(key, value) and _KEY.match(key):
            made[_OWN_LABEL + key] = value
    return made


def _fits(key: str, value: str) -> bool:
    return bool(_KEY.match(key)) and key not in _OF_KUBERNETES and label_value(value) == value
