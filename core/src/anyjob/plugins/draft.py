"""The draft of a run: what a policy may look at, change or refuse before the run starts."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from anyjob.spec import Limits

if TYPE_CHECKING:
    from anyjob.job import Job

__all__ = ["DraftChange", "RunDraft"]


@dataclass(frozen=True, slots=True, kw_only=True)
class DraftChange:
    """One change by a policy.

    `policy` is the plugin's name. `what` is `user`, `limits.memory`, `labels.<name>` or `environment.<name>`; `before`
    and `after` are its values, None: not set.
    """

    policy: str
    what: str
    before: object
    after: object


@dataclass(slots=True, kw_only=True)
class RunDraft:
    """A run before it starts, as `anyjob_prepare_run` gets it.

    `job` and `launcher` are fixed since the job was bound, and changing them refuses the run. `user` is whose the run
    is, also where the job names nobody. `user`, `limits`,
    `labels` and `environment` (what is added to the run's environment) are the policy's to change. `changes` and
    `refused` are kept by the host.
    """

    job: Job
    launcher: str | None = None
    user: str | None = None
    limits: Limits = field(default_factory=Limits)
    labels: dict[str, str] = field(default_factory=dict[str, str])
    environment: dict[str, str] = field(default_factory=dict[str, str])
    changes: list[DraftChange] = field(default_factory=list[DraftChange])
    refused: str | None = None

    def refuse(self, why: str) -> None:
        """The run must not start. No further policy is asked; `why` reaches whoever looks at the instance."""
        self.refused = why
