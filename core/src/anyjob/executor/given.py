"""What a plugin's code gives back, looked at where it comes in: Python takes any value for any type.

Each function gives the rest of a sentence that begins with what gave it ("its health gave ..."), empty when all is as
the contract says. So a wrong value is told of its own plugin, and never met by code that believes it.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Any, Final, cast, get_args

from anyjob.executor.capabilities import Capabilities, DeadlineBy, Health, Limit, Phase
from anyjob.outcome import Cause, Evidence, Outcome, Retry, StopReport, Strength
from anyjob.problem import Problem, short

__all__ = ["capabilities_flaw", "health_flaw", "outcome_flaw", "preview_flaw", "problems_flaw", "stop_flaw"]

_STATES: Final = ("healthy", "undetected", "unhealthy")
_LIMITS: Final = get_args(Limit)


def outcome_flaw(said: Outcome) -> str:
    """Of an Outcome. Called for each run."""
    if type(said.cause) is not Cause:
        return _whose("an Outcome", "cause", said.cause, f"a Cause, as Cause.{Cause.SUCCEEDED.name}")
    if said.code is not None and type(said.code) is not int:
        return _whose("an Outcome", "code", said.code, "an int or None")
    if type(said.result) is not str:
        return _whose("an Outcome", "result", said.result, "a str")
    if said.outputs and (why := _not_json(said.outputs)):
        return f"an Outcome whose outputs are no JSON object: {why}"
    if said.evidence and (why := _evidence_flaw(said.evidence)):
        return f"an Outcome {why}"
    if said.stop is not None and (why := stop_flaw(said.stop)):
        return f"an Outcome whose stop is {why}"
    if said.retry is not None and not _is_retry(said.retry):
        return _whose("an Outcome", "retry", said.retry, "a Retry with a bool and seconds, or None")
    if said.ended is not None and not _is_number(said.ended):
        return _whose("an Outcome", "ended", said.ended, "epoch seconds or None")
    return ""


def stop_flaw(said: object) -> str:
    """Of what `stop` gave."""
    if not isinstance(said, StopReport):
        return f"a {type(said).__name__}, not a StopReport"
    if type(said.strength) is not Strength:
        return _whose("a StopReport", "strength", said.strength, f"a Strength, as Strength.{Strength.ASKED.name}")
    if type(said.by) is not str:
        return _whose("a StopReport", "by", said.by, "a str")
    if said.evidence and (why := _evidence_flaw(said.evidence)):
        return f"a StopReport {why}"
    if not _are(said.survivors, str):
        return _whose("a StopReport", "survivors", said.survivors, "a sequence of str")
    return ""


def health_flaw(said: object) -> str:
    """Of what `health` gave."""
    if not isinstance(said, Health):
        return f"a {type(said).__name__}, not a Health"
    if said.state not in _STATES:
        return _whose("a Health", "state", said.state, "healthy, undetected or unhealthy")
    return "" if type(said.why) is str else _whose("a Health", "why", said.why, "a str")


def capabilities_flaw(said: object) -> str:
    """Of what `capabilities` gave."""
    if not isinstance(said, Capabilities):
        return f"a {type(said).__name__}, not Capabilities"
    if type(said.deadline) is not DeadlineBy:
        return _whose(
            "Capabilities", "deadline", said.deadline, f"a DeadlineBy, as DeadlineBy.{DeadlineBy.WORKER.name}"
        )
    if type(said.proof) is not Strength:
        return _whose("Capabilities", "proof", said.proof, f"a Strength, as Strength.{Strength.ASKED.name}")
    limits, phases = cast("object", said.limits), cast("object", said.phases)
    if not isinstance(limits, frozenset) or not limits <= {*_LIMITS}:
        return _whose("Capabilities", "limits", said.limits, f"a frozenset of {', '.join(_LIMITS)}")
    if not isinstance(phases, frozenset) or not all(type(one) is Phase for one in cast("frozenset[object]", phases)):
        return _whose("Capabilities", "phases", said.phases, "a frozenset of Phase")
    for name in ("resumes", "maps"):
        if type(getattr(said, name)) is not bool:
            return _whose("Capabilities", name, getattr(said, name), "True or False")
    return ""


def problems_flaw(said: object) -> str:
    """Of what `check` or `preflight` gave."""
    if isinstance(said, str) or not isinstance(said, Sequence):
        return f"a {type(said).__name__}, not a list of Problems"
    wrong = next((one for one in cast("Sequence[object]", said) if not isinstance(one, Problem)), None)
    return "" if wrong is None else f"a {type(wrong).__name__} ({_short(wrong)}), not a Problem"


def preview_flaw(said: object) -> str:
    """Of what `preview` gave."""
    if not isinstance(said, Mapping):
        return f"a {type(said).__name__}, not lines under titles"
    for title, lines in cast("Mapping[object, object]", said).items():
        if not isinstance(title, str) or not _are(lines, str):
            return f"{_short(lines)} under {_short(title)}, not a list of lines"
    return ""


def _whose(what: str, field: str, value: object, wanted: str) -> str:
    return f"{what} whose {field} is {_short(value)}; write {wanted}"


def _short(value: object) -> str:
    return short(repr(value), 100)


def _evidence_flaw(said: object) -> str:
    wrong = _first_wrong(said, Evidence)
    if wrong is not None:
        return f"whose evidence holds {wrong}; write Evidence(source=..., text=...)"
    for one in cast("Sequence[Evidence]", said):
        if type(one.source) is not str or type(one.text) is not str:
            return f"whose evidence is {_short(one)}; source and text are a str each"
    return ""


def _are(said: object, kind: type) -> bool:
    return not said or _first_wrong(said, kind) is None


def _first_wrong(said: object, kind: type) -> str | None:
    if isinstance(said, (str, bytes, Mapping)) or not isinstance(said, Sequence):
        return _short(cast("object", said))
    return next((_short(one) for one in cast("Sequence[object]", said) if not isinstance(one, kind)), None)


def _not_json(said: Any) -> str:
    if not isinstance(said, Mapping):
        return f"they are a {type(said).__name__}"
    try:
        json.dumps(said if isinstance(said, dict) else dict(cast("Mapping[Any, Any]", said)))
    except (TypeError, ValueError, RecursionError) as error:
        return str(error)
    return ""


def _is_retry(said: object) -> bool:
    return isinstance(said, Retry) and type(said.again) is bool and (said.after is None or _is_number(said.after))


def _is_number(said: object) -> bool:
    return isinstance(said, (int, float)) and not isinstance(said, bool)
