"""Runs single programs."""

from __future__ import annotations

from dataclasses import replace

from anyjob.executor import Command, CommandExecutor, Exit
from anyjob.outcome import Cause, Outcome
from anyjob.run import Run

from anyjob_template.spec import TemplateSpec

__all__ = ["TemplateExecutor"]


class TemplateExecutor(CommandExecutor[TemplateSpec]):
    """Says what to run; launcher and worker do the rest: log, deadline, stop and its proof, limits, life after a
    crash."""

    def command(self, run: Run, spec: TemplateSpec) -> Command:
        """Placeholders are filled after the line is split: a value with blanks or quotes in it stays one word."""
        return Command(argv=[run.fill(word) for word in spec.words])

    def outcome(self, run: Run, spec: TemplateSpec, exit: Exit) -> Outcome:
        """The usual reading, but for the codes that the job calls a success."""
        outcome = exit.outcome()
        if outcome.cause is Cause.EXIT_CODE and outcome.code in spec.ok_codes:
            return replace(outcome, cause=Cause.SUCCEEDED)
        return outcome
