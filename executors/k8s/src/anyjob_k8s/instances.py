"""Starts of containers: each has a log of its own, and what the API still gives of it changes with the next start."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from anyjob_k8s.objects import K8sObject, container_statuses, name_of, part, text

__all__ = ["Instance", "instances_of"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Instance:
    """One start of one container, as a pod's status tells of it.

    `ended`: it is over. `previous`: the API calls it the container's previous one.
    """

    pod: str
    container: str
    id: str
    ended: bool
    previous: bool

    @property
    def source(self) -> str:
        """Its log's name among a run's sources."""
        return f"{self.pod}/{self.container}/{self.id.rpartition('//')[2][:12]}"


def instances_of(pod: K8sObject) -> Iterator[Instance]:
    """All that the API can still give logs of, the oldest of each container first."""
    name = name_of(pod)
    for status in container_statuses(pod):
        container = text(status, "name")
        running = bool(part(status, "state").get("running"))
        now = text(status, "containerID") if running else text(status, "state", "terminated", "containerID")
        last = text(status, "lastState", "terminated", "containerID")
        if last and last != now:
            # While none is there the API takes the last one for the present.
            yield Instance(pod=name, container=container, id=last, ended=True, previous=bool(now))
        if now:
            yield Instance(pod=name, container=container, id=now, ended=not running, previous=False)
