"""Asks the policy of whoever calls."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from anyjob.errors import AnyJobError
from anyjob_server.trust.policy import EVERYTHING, Decision, Policy
from anyjob_server.trust.wanted import Wanted, WantedJob

if TYPE_CHECKING:
    from anyjob.job import Job
    from anyjob.plugins import PluginHost

__all__ = ["Denied", "Guard"]

_KEPT: Final = 1024


class Denied(AnyJobError):
    """The key's policy does not let its owner do this. `explicit`: a statement denies it, else none allows it."""

    def __init__(self, key: str, wanted: Wanted, decision: Decision) -> None:
        self.key, self.wanted, self.decision = key, wanted, decision
        self.explicit = decision.why.startswith("its policy says")
        where = f" in app group {wanted.group!r}" if wanted.group else ""
        super().__init__(
            f"Access key {key!r} may not {wanted.action}{where}: {decision.why}."
            " Ask its operator for a statement that allows it."
        )


class Guard:
    """One a server."""

    def __init__(self, host: PluginHost) -> None:
        self._host = host
        self._policies: dict[tuple[str, str, str], Policy] = {}

    def policy(self, text: str, namespace: str, group: str) -> Policy:
        """The policy of a key, read once. Raises BadPolicy: then nothing is allowed."""
        if not (text or namespace or group):
            return EVERYTHING
        kept = self._policies.get((text, namespace, group))
        if kept is None:
            if len(self._policies) >= _KEPT:
                self._policies.clear()
            kept = self._policies[text, namespace, group] = Policy.read(text, namespace, group)
        return kept

    def allow(self, key: str, policy: Policy, action: str, namespace: str, group: str, job: Job | None = None) -> None:
        """Raises Denied, and what dispatching the job raises where a condition asks about it."""
        if policy is EVERYTHING:
            return
        seen = None
        if job is not None:
            seen = self._seen(job) if policy.about_jobs else WantedJob(job_type=job.job_type)
        wanted = Wanted(action=action, namespace=namespace, group=group, job=seen)
        decision = policy.decide(wanted)
        if not decision.allowed:
            raise Denied(key, wanted, decision)

    def _seen(self, job: Job) -> WantedJob:
        bound = self._host.dispatch(job)
        return WantedJob(
            job_type=bound.binding.job_type,
            user=bound.common.user or "",
            launcher="" if bound.place is None else bound.place.name,
            privileges=self._host.privileges(job),
        )
