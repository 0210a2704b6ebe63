"""Ends of a process of which the program itself did not tell, or could not know."""

from __future__ import annotations

import os
import stat
from dataclasses import replace
from pathlib import Path
from typing import Final

from anyjob.executor import Exit
from anyjob.outcome import Evidence, Outcome
from anyjob_go.program import find_program, has_mark

__all__ = ["CRASH", "with_crash", "without_outcome"]

CRASH: Final = "crash"
"""The file of a process's folder into which the SDK lets the Go runtime write what it says when it gives up."""

_MOST: Final = 8192


def without_outcome(outcome: Outcome, exit_: Exit, path: str | None) -> Outcome:
    """The process ended and had said nothing: a crash, os.Exit in the code, or no program of the SDK. `outcome` is what
    is known without that, `path` None: not of this node."""
    said = list(outcome.evidence)
    crash = _crash(exit_.returned.get(CRASH))
    result = outcome.result
    if crash:
        said.append(Evidence(source=CRASH, text=crash))
        result = crash.splitlines()[0]
    elif exit_.code == 0:
        text = "the code called os.Exit, or main has returned without Serve: a run ends when its function returns"
        said.append(Evidence(source="go", text=text))
    if path is not None and find_program(path) is not None and not has_mark(path):
        text = f"the Go SDK of anyjob is not in {path}: link it into the program, and let main call Serve"
        said.append(Evidence(source="go", text=text))
    return replace(outcome, evidence=said, result=result)


def with_crash(outcome: Outcome) -> Outcome:
    """The same, where a shared process gave up: what the runtime said, in place of the path of the file that has it."""
    said: list[Evidence] = []
    result = outcome.result
    for item in outcome.evidence:
        # An application words its evidence as it likes: no other file is read for it.
        crash = _crash(Path(item.text)) if item.source == CRASH and Path(item.text).name == CRASH else ""
        if crash:
            result = result or crash.splitlines()[0]
        said.append(Evidence(source=CRASH, text=crash) if crash else item)
    return replace(outcome, evidence=said, result=result)


def _crash(path: Path | None) -> str:
    """What the Go runtime said when it gave up. The job owns the place, so it may hold anything."""
    if path is None:
        return ""
    try:
        file = os.open(path, os.O_RDONLY | os.O_CLOEXEC | os.O_NOFOLLOW | os.O_NONBLOCK)
    except (OSError, ValueError):
        return ""
    with os.fdopen(file, "rb") as stream:
        if not stat.S_ISREG(os.fstat(file).st_mode):
            return ""
        return stream.read(_MOST).decode(errors="replace").strip()
