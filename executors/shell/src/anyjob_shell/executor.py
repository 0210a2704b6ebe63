"""Runs shell scripts."""

from __future__ import annotations

from anyjob.executor import Command, CommandExecutor
from anyjob.run import RUN_FOLDER, Run
from anyjob_shell.spec import ShellSpec

__all__ = ["ShellExecutor"]


class ShellExecutor(CommandExecutor[ShellSpec]):
    """The script is a file of the run's folder, given to its interpreter; a shard's number and text are arguments 1
    and 2."""

    def command(self, run: Run, spec: ShellSpec) -> Command:
        shard = [] if run.shard is None else [str(run.shard.id), run.shard.parameter]
        return Command(argv=[spec.command, f"{RUN_FOLDER}/script", *shard], files={"script": spec.text(run).encode()})
