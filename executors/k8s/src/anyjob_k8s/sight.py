"""What is known of a run in Kubernetes at one moment, and what it amounts to."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from typing import Literal

from anyjob.outcome import Cause, Evidence
from anyjob_k8s.objects import K8sObject

__all__ = ["Sight", "Verdict"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Sight:
    """All that a worker has seen of one run.

    `main` is the Job or Pod; once it is gone, the last that was seen of it, or None if nothing was. `pods` holds the
    pods of the run, of those that are gone the last that was seen; `vanished` has the uids of those. `events` are about
    main and pods, and may be missing at first. `now` is in epoch seconds, `pending_limit` the seconds that a pod may
    wait for its start. `gone`: somebody else than anyjob has deleted `main`. `container` is the container whose end
    counts where somebody named one; None: the first. `ours`: anyjob wrote the manifest, so nothing in it is tried
    again. `asked`: anyjob was asked to stop the run, so a deletion may be its own.
    """

    kind: Literal["Job", "Pod"]
    main: K8sObject | None
    now: float
    pending_limit: float
    pods: Sequence[K8sObject] = ()
    vanished: Collection[str] = frozenset()
    events: Sequence[K8sObject] = ()
    gone: bool = False
    container: str | None = None
    ours: bool = False
    asked: bool = False

    @property
    def deleted(self) -> str:
        """What is said of a deletion."""
        return "deleted, as the run was to stop" if self.asked else "somebody deleted it"


@dataclass(frozen=True, slots=True, kw_only=True)
class Verdict:
    """The end of a run. `code` is the exit code of the container that counts, `signal` is set where Kubernetes says
    that a signal ended it, `ended` is in epoch seconds."""

    cause: Cause
    evidence: Sequence[Evidence]
    code: int | None = None
    signal: int | None = None
    ended: float | None = None
