"""Runs shell scripts as anyjob jobs."""

from anyjob_shell.executor import ShellExecutor
from anyjob_shell.spec import ShellSpec

__all__ = ["ShellExecutor", "ShellSpec"]
