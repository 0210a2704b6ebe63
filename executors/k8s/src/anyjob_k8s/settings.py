"""What an operator sets for Kubernetes: the parts [executors.k8s] and [launchers.k8s] of the settings."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Final, Self

from pydantic import BaseModel, ConfigDict, Field, model_validator

from anyjob.nearest import did_you_mean
from anyjob.problem import Problem
from anyjob.spec import AbsolutePath
from anyjob_k8s.words import DnsLabel

__all__ = ["VOLUMES", "Allowed", "ClusterSettings", "K8sSettings"]

VOLUMES: Final = (
    "configMap",
    "csi",
    "downwardAPI",
    "emptyDir",
    "ephemeral",
    "image",
    "persistentVolumeClaim",
    "projected",
    "secret",
)
"""Kinds of volumes that stay within the cluster's own storage and the run's namespace."""


class _Part(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True, defer_build=True)


class ClusterSettings(_Part):
    """A cluster by the operator's name of it."""

    kubeconfig: Annotated[
        AbsolutePath | None,
        Field(
            description="the file; default: the ambient one (KUBECONFIG, ~/.kube/config, else the pod's own "
            "service account)"
        ),
    ] = None
    context: Annotated[
        Annotated[str, Field(min_length=1)] | None, Field(description="one of its contexts; default: its current one")
    ] = None
    namespace: Annotated[
        DnsLabel | None, Field(description="the namespace of jobs that name none; default: the context's")
    ] = None


class Allowed(_Part):
    """What jobs may have of a cluster, beyond what its own rules allow the worker."""

    namespaces: Annotated[tuple[str, ...], Field(description="patterns with `*`")] = ("*",)
    images: Annotated[
        tuple[str, ...],
        Field(
            description="patterns with `*`, compared with the full name (`docker.io/library/busybox:latest`); one "
            "without a tag allows every tag"
        ),
    ] = ("*",)
    service_accounts: Annotated[tuple[str, ...], Field(description="patterns with `*`")] = ("*",)
    privileged: Annotated[bool, Field(description="privileged containers")] = False
    host_path: Annotated[
        tuple[AbsolutePath, ...], Field(description="folders of nodes that may be mounted, each with all below it")
    ] = ()
    host_network: Annotated[bool, Field(description="the node's network")] = False
    host_pid: Annotated[bool, Field(description="the node's processes")] = False
    host_ipc: Annotated[bool, Field(description="the node's shared memory")] = False
    host_ports: Annotated[bool, Field(description="ports of the node")] = False
    capabilities: Annotated[
        tuple[str, ...], Field(description="what may be added beside those that a container has anyway; `*` is all")
    ] = ()
    volumes: Annotated[tuple[str, ...], Field(description="kinds of volumes; `hostPath` need not be among them")] = (
        VOLUMES
    )
    unconfined: Annotated[
        bool,
        Field(
            description="seccomp, AppArmor, SELinux types, unmasked /proc, sysctls that reach beyond the pod, "
            "probes of foreign hosts"
        ),
    ] = False


class K8sSettings(_Part):
    """What an operator sets. Without any, the ambient kubeconfig serves and its contexts are the clusters."""

    clusters: Annotated[
        Mapping[str, ClusterSettings],
        Field(description="clusters by the operator's names; with them, jobs reach no other"),
    ] = Field(default_factory=dict[str, ClusterSettings])
    default: Annotated[
        str | None, Field(description="the cluster of jobs that name none; needed where there are several")
    ] = None
    allowed: Annotated[Allowed, Field(description="what jobs may have")] = Allowed()
    pending: Annotated[
        float,
        Field(gt=0),
        Field(
            description="seconds that a pod may wait to be placed or to get its image; a job's `pendingLimit` "
            "overrules it"
        ),
    ] = 300
    keep: Annotated[
        int,
        Field(ge=0, le=2**31 - 1),
        Field(
            description="seconds that an ended Job stays in the cluster for people to look at; 0: removed as soon "
            "as its outcome is kept"
        ),
    ] = 0
    poll: Annotated[
        float,
        Field(ge=0.5, le=3600),
        Field(description="seconds between two looks at runs of which the watch says nothing"),
    ] = 30
    patience: Annotated[
        float,
        Field(gt=0),
        Field(description="seconds that a start or a removal goes on trying while the API does not answer"),
    ] = 120
    timeout: Annotated[float, Field(gt=0), Field(description="seconds for one request")] = 30
    threads: Annotated[int, Field(ge=1, le=256), Field(description="requests at one time")] = 8

    @model_validator(mode="after")
    def _known_default(self) -> Self:
        if self.default is not None and self.default not in self.clusters:
            known = ", ".join(sorted(self.clusters)) or "none"
            raise ValueError(f"default {self.default!r} is none of the clusters; write one of: {known}")
        return self

    def cluster_of(self, named: str | None, field: str = "XAttrs.cluster") -> str | Problem:
        """The cluster of a job that names this one, as `connection` takes it; or what is wrong with `field`."""
        if not self.clusters:
            return named or ""
        known = sorted(self.clusters)
        if named is None:
            chosen = self.default or (known[0] if len(known) == 1 else None)
            remedy = f"is missing, and the worker's settings name no default; write one of: {', '.join(known)}"
            return Problem(field=field, value="", remedy=remedy) if chosen is None else chosen
        if named in self.clusters:
            return named
        hint = did_you_mean(named, known) or f"write one of: {', '.join(known)}"
        return Problem(field=field, value=named, remedy=f"is no cluster of the worker's settings; {hint}")

    def connection(self, cluster: str) -> ClusterSettings:
        """How to reach what `cluster_of` gave. Raises KeyError for a cluster that the settings no longer know."""
        if not self.clusters:
            return ClusterSettings(context=cluster or None)
        return self.clusters[cluster]
