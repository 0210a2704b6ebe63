"""From the shim's word about an ended process to an Exit.

Source: Linux man-pages, wait(2), the wait status.
"""

from __future__ import annotations

import os

from anyjob.executor.command import Exit
from anyjob.executor.returned import read_returned
from anyjob.outcome import Cause, Evidence, StopReport, Strength
from anyjob.worker.local.shimvalues import Ended
from anyjob.worker.log import last_line

__all__ = ["read_exit"]


def read_exit(ended: Ended, work: str, log: str, returns: frozenset[str], encoding: str) -> Exit:
    """What the process left behind: its status, the files it returned in `work`, the last line of its `log`."""
    code = signal = None
    if ended.status is not None:
        status = os.waitstatus_to_exitcode(ended.status)
        code, signal = (status, None) if status >= 0 else (None, -status)
    evidence = [Evidence(source=source, text=text) for source, text in ended.evidence]
    if ended.limits_by is not None:
        evidence.append(Evidence(source="limits", text=f"enforced by {ended.limits_by}"))
    if ended.status is not None and not os.path.lexists(log):
        # A script can do that, where it runs as the worker's user. An empty log must not pass for a silent script.
        evidence.append(Evidence(source="log", text="it was removed while the run went on; what it held is lost"))
    returned = read_returned(work, returns)
    proof = ended.proof
    return Exit(
        code=code,
        signal=signal,
        cause=None if ended.cause is None else Cause(ended.cause),
        evidence=[*evidence, *returned.evidence],
        returned=returned.files,
        outputs=returned.outputs,
        stop=StopReport(
            strength=Strength(proof.strength),
            by=proof.by,
            evidence=[Evidence(source=source, text=text) for source, text in proof.evidence],
            survivors=tuple(proof.survivors),
        ),
        last_line=last_line(log, encoding),
        ended=ended.ended,
    )
