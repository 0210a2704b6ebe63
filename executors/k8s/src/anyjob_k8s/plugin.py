"""The entry point of this distribution: light to import."""

from __future__ import annotations

from collections.abc import Iterable

from anyjob.plugins import ExecutorType, LauncherType, hookimpl


@hookimpl
def anyjob_executors() -> Iterable[ExecutorType]:
    """One type: `k8s`."""
    return [
        ExecutorType(
            job_type="k8s",
            executor="anyjob_k8s.executor:K8sExecutor",
            spec="anyjob_k8s.spec:K8sSpec",
            settings="anyjob_k8s.settings:K8sSettings",
            samples="anyjob_k8s.samples:SAMPLES",
            aliases=("kubernetes",),
            title="Kubernetes Jobs and Pods",
        )
    ]


@hookimpl
def anyjob_launchers() -> Iterable[LauncherType]:
    """One launcher: `k8s`."""
    return [
        LauncherType(
            name="k8s",
            launcher="anyjob_k8s.launcher:K8sLauncher",
            options="anyjob_k8s.options:K8sOptions",
            settings="anyjob_k8s.settings:K8sSettings",
            title="Pods on Kubernetes",
        )
    ]
