"""From the shim's word about an ended process to an Exit."""

from __future__ import annotations

import json
import os
import stat
from pathlib import Path
from typing import Any

from anyjob.executor.command import Exit
from anyjob.outcome import Cause, Evidence, Json, StopReport, Strength
from anyjob.worker.local.shimvalues import Ended
from anyjob.worker.log import last_line

__all__ = ["RESULT_LIMIT", "read_exit"]

RESULT_LIMIT = 1 << 20
"""Bytes of the result file that are read; a longer one is not taken."""


def read_exit(ended: Ended, work: str, log: str, returns: frozenset[str], encoding: str) -> Exit:
    """What the process left behind: its status, the files it returned in `work`, the last line of its `log`."""
    code = signal = None
    if ended.status is not None:
        status = os.waitstatus_to_exitcode(ended.status)
        code, signal = (status, None) if status >= 0 else (None, -status)
    evidence = [Evidence(source=source, text=text) for source, text in ended.evidence]
    if ended.limits_by is not None:
        evidence.append(Evidence(source="limits", text=f"enforced by {ended.limits_by}"))
    returned = {name: Path(work, name) for name in returns if os.path.lexists(f"{work}/{name}")}
    outputs: dict[str, Json] = {}
    if "result" in returned:
        outputs, problem = _outputs(returned["result"])
        if problem:
            evidence.append(Evidence(source="ANYJOB_RESULT", text=problem))
    proof = ended.proof
    return Exit(
        code=code,
        signal=signal,
        cause=None if ended.cause is None else Cause(ended.cause),
        evidence=evidence,
        returned=returned,
        outputs=outputs,
        stop=StopReport(
            strength=Strength(proof.strength),
            by=proof.by,
            evidence=[Evidence(source=source, text=text) for source, text in proof.evidence],
            survivors=tuple(proof.survivors),
        ),
        last_line=last_line(log, encoding),
        ended=ended.ended,
    )


def _outputs(path: Path) -> tuple[dict[str, Any], str]:
    """The JSON object a job wrote, or why there is none."""
    try:
        # The job owns the place: what lies there may be a link to somebody else's file, or a pipe that never ends.
        file = os.open(path, os.O_RDONLY | os.O_CLOEXEC | os.O_NOFOLLOW | os.O_NONBLOCK)
        try:
            if not stat.S_ISREG(os.fstat(file).st_mode):
                return {}, "it is no regular file and was not read"
            data = os.read(file, RESULT_LIMIT + 1)
        finally:
            os.close(file)
        if len(data) > RESULT_LIMIT:
            return {}, f"the file holds over {RESULT_LIMIT} bytes and was not read; write less"
        said: object = json.loads(data)
    except (OSError, ValueError, RecursionError) as error:
        return {}, f"the file was not read: {error}"
    if not isinstance(said, dict):
        return {}, f"the file holds a JSON {type(said).__name__}; write an object"
    return said, ""  # pyright: ignore[reportUnknownVariableType] - JSON has only str keys
