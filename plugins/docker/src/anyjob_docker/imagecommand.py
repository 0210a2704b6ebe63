"""A command that is the image's own."""

from __future__ import annotations

from dataclasses import dataclass

from anyjob.executor import Command

__all__ = ["ImageCommand"]


@dataclass(frozen=True, slots=True, kw_only=True)
class ImageCommand(Command):
    """`argv` are arguments for the image's entry point; without any, the image's own. Only the launcher `docker` knows
    what to do with it."""
