"""Ends of a run's own process of which the program itself did not tell, or could not know."""

from __future__ import annotations

import os
import stat
from dataclasses import replace
from pathlib import Path
from typing import Final

from anyjob.executor import Exit
from anyjob.executor.said import without_word
from anyjob.outcome import Evidence, Outcome
from anyjob_go.program import find_program, has_mark

__all__ = ["without_outcome"]

_MOST: Final = 8192


def without_outcome(exit_: Exit, path: str | None) -> Outcome:
    """The process ended, and no outcome is there: a crash, os.Exit in the code, or no program of the SDK."""
    outcome = without_word(exit_)
    said = list(outcome.evidence)
    crash = _crash(exit_.returned.get("crash"))
    result = outcome.result
    if crash:
        said.append(Evidence(source="crash", text=crash))
        result = crash.splitlines()[0]
    elif exit_.code == 0:
        text = "the code called os.Exit, or main has returned without Serve: a run ends when its function returns"
        said.append(Evidence(source="go", text=text))
    if path is not None and find_program(path) is not None and not has_mark(path):
        text = f"the Go SDK of anyjob is not in {path}: link it into the program, and let main call Serve"
        said.append(Evidence(source="go", text=text))
    return replace(outcome, evidence=said, result=result)


def _crash(path: Path | None) -> str:
    """What the Go runtime said when it gave up. The job owns the place, so it may hold anything."""
    if path is None:
        return ""
    try:
        file = os.open(path, os.O_RDONLY | os.O_CLOEXEC | os.O_NOFOLLOW | os.O_NONBLOCK)
    except OSError:
        return ""
    with os.fdopen(file, "rb") as stream:
        if not stat.S_ISREG(os.fstat(file).st_mode):
            return ""
        return stream.read(_MOST).decode(errors="replace").strip()
