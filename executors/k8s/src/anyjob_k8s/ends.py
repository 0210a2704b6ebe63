"""The end of a run in a cluster, as outcome and as exit."""

from __future__ import annotations

from typing import TYPE_CHECKING

from anyjob.executor import Exit
from anyjob.outcome import Cause, Evidence, Outcome

if TYPE_CHECKING:
    from anyjob.run import Run
    from anyjob_k8s.follow import Ended
    from anyjob_k8s.runs import Refused

__all__ = ["exit_of", "outcome_of", "refused_exit", "refused_outcome"]


def _line(run: Run, ended: Ended) -> str:
    if ended.line is None:
        return run.log.last_line()
    encoding = run.common.encoding
    for line in reversed(ended.line.replace(b"\r", b"\n").split(b"\n")):
        if line.strip(b" \t\0"):
            return line.decode(encoding, "replace").strip()
    return ""


def _evidence(ended: Ended) -> list[Evidence]:
    return [*ended.verdict.evidence, *(Evidence(source="pod log", text=line) for line in ended.missing)]


def outcome_of(run: Run, ended: Ended) -> Outcome:
    """Of a k8s job."""
    verdict = ended.verdict
    return Outcome(
        cause=verdict.cause,
        code=verdict.code,
        result=_line(run, ended),
        evidence=_evidence(ended),
        stop=ended.stop,
        ended=verdict.ended,
    )


def exit_of(run: Run, ended: Ended) -> Exit:
    """Of a command. Its code alone says what plain ends mean: the executor reads it."""
    verdict = ended.verdict
    plain = verdict.cause in (Cause.SUCCEEDED, Cause.EXIT_CODE) and verdict.code is not None
    return Exit(
        code=verdict.code,
        signal=verdict.signal,
        cause=None if plain else verdict.cause,
        evidence=_evidence(ended),
        stop=ended.stop,
        last_line=_line(run, ended),
        ended=verdict.ended,
    )


def refused_outcome(refused: Refused) -> Outcome:
    """The outcome of a run that the cluster refused to begin."""
    text = refused.evidence[0].text if refused.evidence else ""
    return Outcome(cause=refused.cause, result=text, evidence=refused.evidence, stop=refused.stop)


def refused_exit(refused: Refused) -> Exit:
    """The exit of a command that the cluster refused to begin."""
    text = refused.evidence[0].text if refused.evidence else ""
    return Exit(code=None, cause=refused.cause, evidence=refused.evidence, stop=refused.stop, last_line=text)
