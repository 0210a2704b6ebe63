"""What a plugin's code gives back, looked at where it comes in: Python takes any value for any type.

Each function gives the rest of a sentence that begins with what gave it ("its health gave ..."), empty when all is as
the contract says. So a wrong value is told of its own plugin, and never met by code that believes it.
`theirs` awaits such code.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Mapping, Sequence
from typing import Final, TypeVar, cast, get_args

from anyjob.executor.capabilities import Capabilities, DeadlineBy, Health, Limit, Phase
from anyjob.executor.handle import Handle, Scope
from anyjob.outcome import Cause, Evidence, Outcome, Retry, StopReport, Strength
from anyjob.problem import Problem, plain

__all__ = [
    "capabilities_flaw",
    "handle_flaw",
    "health_flaw",
    "outcome_flaw",
    "preview_flaw",
    "problems_flaw",
    "stop_flaw",
    "theirs",
]

T = TypeVar("T")

_STATES: Final = ("healthy", "undetected", "unhealthy")
_LIMITS: Final = get_args(Limit)
_LARGEST: Final = 1 << 63
_LATEST: Final = 1e15
"""Seconds that calendars can still tell."""
_SHOWN: Final = 60
"""Characters of a value that is shown; of a longer one only what it is, so that no secret in it is cut in two."""


async def theirs(call: Awaitable[T]) -> T:
    """What a plugin's coroutine gives. Raises what it raises, but RuntimeError where it cancels itself or calls
    sys.exit: neither is the worker's own end."""
    try:
        return await call
    except asyncio.CancelledError as error:
        task = asyncio.current_task()
        if task is None or task.cancelling():
            raise
        raise RuntimeError("it was cancelled by its own code") from error
    except SystemExit as error:
        raise RuntimeError(f"it called sys.exit({error.code!r})") from error


def outcome_flaw(said: Outcome) -> str:
    """Of an Outcome. Called for each run."""
    if not _is(said.cause, Cause):
        return _whose("an Outcome", "cause", said.cause, f"a Cause, as Cause.{Cause.SUCCEEDED.name}")
    if said.code is not None and not (_is(said.code, int) and not _is(said.code, bool) and abs(said.code) < _LARGEST):
        return _whose("an Outcome", "code", said.code, "an int of 64 bits or None")
    if not _is(said.result, str):
        return _whose("an Outcome", "result", said.result, "a str")
    if said.outputs != {} and (why := _outputs_flaw(said.outputs)):
        return f"an Outcome whose outputs are no JSON object: {why}"
    if said.evidence != () and (why := _evidence_flaw(said.evidence)):
        return f"an Outcome {why}"
    if said.stop is not None and (why := stop_flaw(said.stop)):
        return f"an Outcome whose stop is {why}"
    if said.retry is not None and not _is_retry(said.retry):
        return _whose("an Outcome", "retry", said.retry, "a Retry with a bool and seconds from 0 on, or None")
    if said.ended is not None and not _is_number(said.ended):
        return _whose("an Outcome", "ended", said.ended, "epoch seconds or None")
    return ""


def stop_flaw(said: object) -> str:
    """Of what `stop` gave."""
    if not isinstance(said, StopReport):
        return f"a {type(said).__name__}, not a StopReport"
    if not _is(said.strength, Strength):
        return _whose("a StopReport", "strength", said.strength, f"a Strength, as Strength.{Strength.ASKED.name}")
    if not _is(said.by, str):
        return _whose("a StopReport", "by", said.by, "a str")
    if said.evidence != () and (why := _evidence_flaw(said.evidence)):
        return f"a StopReport {why}"
    if not _are(said.survivors, str):
        return _whose("a StopReport", "survivors", said.survivors, "a sequence of str")
    return ""


def handle_flaw(said: Handle) -> str:
    """Of a Handle."""
    if not _is(said.kind, str):
        return _whose("a Handle", "kind", said.kind, "a str")
    if not _is(said.scope, Scope):
        return _whose("a Handle", "scope", said.scope, f"a Scope, as Scope.{Scope.REMOTE.name}")
    why = _outputs_flaw(said.data)
    return f"a Handle whose data are no JSON object: {why}" if why else ""


def health_flaw(said: object) -> str:
    """Of what `health` gave."""
    if not isinstance(said, Health):
        return f"a {type(said).__name__}, not a Health"
    if said.state not in _STATES:
        return _whose("a Health", "state", said.state, "healthy, undetected or unhealthy")
    return "" if _is(said.why, str) else _whose("a Health", "why", said.why, "a str")


def capabilities_flaw(said: object) -> str:
    """Of what `capabilities` gave."""
    if not isinstance(said, Capabilities):
        return f"a {type(said).__name__}, not Capabilities"
    if not _is(said.deadline, DeadlineBy):
        return _whose(
            "Capabilities", "deadline", said.deadline, f"a DeadlineBy, as DeadlineBy.{DeadlineBy.WORKER.name}"
        )
    if not _is(said.proof, Strength):
        return _whose("Capabilities", "proof", said.proof, f"a Strength, as Strength.{Strength.ASKED.name}")
    limits, phases = cast("object", said.limits), cast("object", said.phases)
    if not isinstance(limits, frozenset) or not limits <= {*_LIMITS}:
        return _whose("Capabilities", "limits", said.limits, f"a frozenset of {', '.join(_LIMITS)}")
    if not isinstance(phases, frozenset) or not all(_is(one, Phase) for one in cast("frozenset[object]", phases)):
        return _whose("Capabilities", "phases", said.phases, "a frozenset of Phase")
    for name in ("resumes", "maps"):
        if not _is(getattr(said, name), bool):
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


def _is(said: object, kind: type) -> bool:
    return isinstance(said, kind)


def _whose(what: str, field: str, value: object, wanted: str) -> str:
    return f"{what} whose {field} is {_short(value)}; write {wanted}"


def _short(value: object) -> str:
    try:
        text = repr(value)
    except Exception:  # noqa: BLE001 - a plugin's code may raise anything
        text = ""
    return plain(text) if 0 < len(text) <= _SHOWN else f"a {type(value).__name__}"


def _evidence_flaw(said: object) -> str:
    wrong = _first_wrong(said, Evidence)
    if wrong is not None:
        return f"whose evidence holds {wrong}; write Evidence(source=..., text=...)"
    for one in cast("Sequence[Evidence]", said):
        if not (_is(one.source, str) and _is(one.text, str)):
            return f"whose evidence is {_short(one)}; source and text are a str each"
    return ""


def _are(said: object, kind: type) -> bool:
    return _first_wrong(said, kind) is None


def _first_wrong(said: object, kind: type) -> str | None:
    if isinstance(said, (str, bytes, Mapping)) or not isinstance(said, Sequence):
        return _short(cast("object", said))
    return next((_short(one) for one in cast("Sequence[object]", said) if not isinstance(one, kind)), None)


def _outputs_flaw(said: object) -> str:
    if not isinstance(said, Mapping):
        return f"they are a {type(said).__name__}"
    try:
        return _no_json(cast("Mapping[object, object]", said))
    except RecursionError:
        return "they are nested too deeply"


def _no_json(said: object) -> str:
    """Why a value is none that JSON can hold. A tuple is a list there."""
    if isinstance(said, Mapping):
        for key, value in cast("Mapping[object, object]", said).items():
            if not isinstance(key, str):
                return f"the key {_short(key)} is a {type(key).__name__}, not a str"
            if why := _no_json(value):
                return why
    elif isinstance(said, (list, tuple)):
        for value in cast("Sequence[object]", said):
            if why := _no_json(value):
                return why
    elif said is not None and not isinstance(said, (str, int, float)):
        return f"{_short(said)} is a {type(said).__name__}"
    return ""


def _is_retry(said: object) -> bool:
    return (
        isinstance(said, Retry)
        and _is(said.again, bool)
        and (said.after is None or (_is_number(said.after) and said.after >= 0))
    )


def _is_number(said: object) -> bool:
    """One with which times can be reckoned."""
    return (
        isinstance(said, (int, float)) and not isinstance(said, bool) and -_LATEST < said < _LATEST
    )  # no nan is less than anything
