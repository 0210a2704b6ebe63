"""The entry point of this distribution: light to import."""

from __future__ import annotations

from collections.abc import Iterable

from anyjob.plugins import ExecutorType, LauncherType, hookimpl


@hookimpl
def anyjob_executors() -> Iterable[ExecutorType]:
    """One type: `docker`, an image's own command."""
    return [
        ExecutorType(
            job_type="docker",
            executor="anyjob_docker.executor:DockerExecutor",
            spec="anyjob_docker.spec:DockerSpec",
            samples="anyjob_docker.samples:samples",
            title="Images of containers",
        )
    ]


@hookimpl
def anyjob_launchers() -> Iterable[LauncherType]:
    """One launcher: `docker`, any command in a container."""
    return [
        LauncherType(
            name="docker",
            launcher="anyjob_docker.launcher:DockerLauncher",
            options="anyjob_docker.options:DockerOptions",
            settings="anyjob_docker.settings:DockerSettings",
            title="Commands in containers of a Docker engine",
        )
    ]
