"""A started run in a cluster, as its handle keeps it: any later worker needs no more to follow or to stop it."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any, Final, Literal, cast

from anyjob.executor import Handle, Scope
from anyjob_k8s.objects import name_of, uid_of

if TYPE_CHECKING:
    from anyjob_k8s.objects import K8sObject
    from anyjob_k8s.plan import Plan

__all__ = ["Target"]

_KIND: Final = "k8s"


@dataclass(frozen=True, slots=True, kw_only=True)
class Target:
    """`kind`, `namespace`, `name` and `uid` are the main object's; the rest is its plan's. `pending`: seconds that a
    pod may wait. `keep`: seconds that it stays once its outcome is kept."""

    cluster: str
    namespace: str
    kind: Literal["Job", "Pod"]
    name: str
    uid: str
    container: str | None
    ours: bool
    by_remote: bool
    """The kubelet ends it at its deadline."""
    pending: float
    keep: int

    @classmethod
    def of(cls, plan: Plan, made: K8sObject) -> Target:
        """`made`: the main object as the API gave it."""
        return cls(
            cluster=plan.cluster,
            namespace=plan.namespace,
            kind=plan.kind,
            name=name_of(made),
            uid=uid_of(made),
            container=plan.container,
            ours=plan.ours,
            by_remote=plan.deadline_by_remote,
            pending=plan.pending,
            keep=plan.keep,
        )

    def handle(self) -> Handle:
        """As the worker keeps it; `read` takes it apart again."""
        return Handle(kind=_KIND, scope=Scope.REMOTE, data=asdict(self))

    @classmethod
    def read(cls, handle: Handle) -> Target:
        """Of a handle that `handle` made."""
        return cls(**cast("dict[str, Any]", dict(handle.data)))
