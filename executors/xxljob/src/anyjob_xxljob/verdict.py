"""What an executor's words mean for a run.

Source: XXL-JOB, XxlJobContext, HANDLE_CODE_SUCCESS, HANDLE_CODE_FAIL and HANDLE_CODE_TIMEOUT.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Final, cast

from anyjob.outcome import Cause, Evidence, Json, Outcome, StopReport, Strength
from anyjob_xxljob.message import OK, Answer, Callback
from anyjob_xxljob.ticket import Part

__all__ = ["ended", "folded", "refused"]

_KILLED: Final = "scheduling center kill job"
_DESTROYED: Final = "web container destroy and kill"
_CHANGED: Final = "change jobhandler or glue type"
_NO_HANDLER: Final = ("job handler [", "glueType[", "glue is disabled", "glueEnabled")
_KEPT: Final = 4000


def ended(callback: Callback, part: Part, *, bean: bool, stopping: bool, covered: bool) -> Outcome:
    """The end of a run, by its callback.

    With executorTimeout 0 a handler's callback comes when the handler has returned; a script's children may go on.
    """
    text = callback.text.strip()
    evidence = [Evidence(source=f"callback of {part.place.address}", text=f"{callback.code} {text}"[:_KEPT].strip())]
    stop = _stop_report(callback, evidence[0], bean=bean)
    if callback.code == OK:
        cause = Cause.SUCCEEDED
    elif _DESTROYED in text:
        cause = Cause.NODE_LOST
    elif _CHANGED in text:
        cause = Cause.REJECTED
    elif _KILLED in text and covered:
        cause = Cause.REJECTED
        evidence.append(Evidence(source="blockStrategy", text="COVER_EARLY: a later run of the job took its place"))
    elif _KILLED in text:
        cause = Cause.STOPPED
        if not stopping:
            evidence.append(Evidence(source="worker", text="somebody else than this worker had it killed"))
    else:
        cause = Cause.FAILED
    told = stopping or cause in (Cause.NODE_LOST, Cause.STOPPED)
    return Outcome(
        cause=cause,
        code=callback.code,
        result=text,
        outputs=_outputs(text) if cause is Cause.SUCCEEDED else {},
        evidence=evidence,
        stop=stop if told else None,
    )


def _stop_report(callback: Callback, said: Evidence, *, bean: bool) -> StopReport:
    """How surely a run is over that has called back."""
    by = f"callback {callback.code}"
    if bean:
        return StopReport(strength=Strength.REPORTED, by=by, evidence=[said])
    text = "processes that the script has started"
    return StopReport(strength=Strength.ASKED, by=by, evidence=[said], survivors=[text])


def refused(answer: Answer, address: str) -> Outcome:
    """The executor did not take the run: it says so, and has done nothing."""
    cause = Cause.DEPENDENCY_MISSING if answer.text.startswith(_NO_HANDLER) else Cause.REJECTED
    text = answer.text.strip().splitlines()[0][:_KEPT] if answer.text.strip() else "it said nothing"
    evidence = [Evidence(source=f"answer of {address}", text=f"{answer.code} {answer.text}"[:_KEPT].strip())]
    return Outcome(cause=cause, code=answer.code, result=text, evidence=evidence)


def folded(outcomes: Mapping[int, Outcome], parts: Sequence[Part]) -> Outcome:
    """What the parts of a broadcast make of the run."""
    if len(parts) == 1:
        return outcomes[0]
    failed = [part for part in parts if not outcomes[part.index].ok]
    evidence: list[Evidence] = []
    for part in failed:
        outcome = outcomes[part.index]
        said = "; ".join(item.text for item in outcome.evidence) or outcome.result
        evidence.append(
            Evidence(source=f"shard {part.index} at {part.place.address}", text=f"{outcome.cause}: {said}"[:_KEPT])
        )
    stops = [outcome.stop for outcome in outcomes.values() if outcome.stop is not None]
    stop = next((stop for stop in stops if stop.strength is Strength.ASKED), stops[0] if stops else None)
    if not failed:
        return Outcome(cause=Cause.SUCCEEDED, code=OK, result=f"{len(parts)} executors succeeded", stop=stop)
    first = outcomes[failed[0].index]
    unsure = next((part for part in failed if outcomes[part.index].cause is Cause.UNKNOWN), None)
    where = ", ".join(part.place.address for part in failed[:3]) + (", ..." if len(failed) > 3 else "")
    return Outcome(
        cause=first.cause if unsure is None else Cause.UNKNOWN,
        code=first.code,
        result=f"{len(failed)} of {len(parts)} executors failed: {where}",
        evidence=evidence,
        stop=stop,
    )


def _outputs(text: str) -> Mapping[str, Json]:
    if not text.startswith("{"):
        return {}
    try:
        said = json.loads(text)
    except (ValueError, RecursionError):
        return {}
    return cast("dict[str, Json]", said) if isinstance(said, dict) else {}
