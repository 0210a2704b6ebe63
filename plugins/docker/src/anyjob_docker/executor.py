"""Runs images: their own entry points, with arguments."""

from __future__ import annotations

from anyjob.executor import CommandExecutor
from anyjob.run import Run
from anyjob_docker.imagecommand import ImageCommand
from anyjob_docker.spec import DockerSpec

__all__ = ["DockerExecutor"]


class DockerExecutor(CommandExecutor[DockerSpec]):
    """A command of the launcher `docker` alone, whose options are the type's own XAttrs."""

    launcher = "docker"

    def ignores(self, spec: DockerSpec | None) -> frozenset[str]:
        del spec
        return frozenset({"launcher"})

    def command(self, run: Run, spec: DockerSpec) -> ImageCommand:
        return ImageCommand(argv=[run.fill(word) for word in spec.arguments])
