"""Whether an answer is success, by the job's rule.

Source: SchedulerX user guide, HTTP jobs, how the response is judged.
"""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING, Final, cast

from anyjob.egress import CallEnded
from anyjob.problem import plain, short
from anyjob_http.answer import first_bytes
from anyjob_http.checks import status_matches
from anyjob_http.match import is_found

if TYPE_CHECKING:
    from anyjob.egress import Call
    from anyjob.outcome import Json
    from anyjob_http.answer import Answer
    from anyjob_http.spec import HttpSpec

__all__ = ["at_path", "judge", "plain_value", "result_of", "value_at"]

_STEP: Final = re.compile(r"([^.\[\]]+)|\[(\d+)\]")
_ABSENT: Final = object()


def judge(spec: HttpSpec, answer: Answer, call: Call) -> str:
    """Why the answer is no success; empty: it is one.

    The status is looked at in every mode. Values of JSON are compared as texts, as SchedulerX has it: `true` and
    "true", 200 and "200" are the same. A pattern that is not decided within the time of the call is not met. Raises
    CallEnded when a stop comes before it is known.
    """
    if not status_matches(spec.status, answer.status):
        return f"the status is none of {spec.status}"
    if spec.mode == "text":
        if answer.whole and answer.text == spec.text:
            return ""
        return f"the answer is {_shown(answer)}, not {spec.text!r}"
    if spec.mode == "regex":
        try:
            found = is_found(cast("str", spec.regex), answer.text, call)
        except CallEnded as ended:
            if ended.why != "deadline":
                raise
            # The answer is here: the time went into the pattern, and the other side has nothing to do with it.
            return f"the pattern respRegex {spec.regex!r} was not decided within the call's time; write a simpler one"
        if found:
            return ""
        return f"the pattern {spec.regex!r} is not found in {_shown(answer)}"
    return _json(spec, answer) if spec.mode == "json" else ""


def result_of(spec: HttpSpec, answer: Answer) -> str:
    """What people read first: the value that the job names, else the beginning of the answer."""
    found = None if spec.result is None else value_at(answer, spec.result)
    return answer.result if found is None else first_bytes(plain_value(found[0]))


def value_at(answer: Answer, path: str) -> list[Json] | None:
    """The value at `path` of an answer that is JSON, alone in a list; None: nothing stands there, or it is none."""
    try:
        return at_path(answer.json, path)
    except ValueError:
        return None


def _json(spec: HttpSpec, answer: Answer) -> str:
    assert spec.key is not None
    if not answer.whole:
        return f"the answer has more than the {len(answer.kept)} bytes that may be judged, so it was not read as JSON"
    try:
        found = at_path(answer.json, spec.key)
    except ValueError:
        return f"the answer is no JSON: {_shown(answer)}"
    if found is None:
        return f"the answer has no {spec.key!r}: {_shown(answer)}"
    if spec.value is None:
        return ""
    wanted = [plain_value(one) for one in (spec.value if isinstance(spec.value, list) else [spec.value])]
    said = plain_value(found[0])
    return "" if said in wanted else f"{spec.key} is {short(said)!r}, not {' or '.join(map(repr, wanted))}"


def at_path(said: Json, path: str) -> list[Json] | None:
    """The value at `path`, alone in a list; None: nothing stands there.

    A key as it is written comes first, dots and all; else `data.items[0].state`, with or without `$.` before it.
    """
    if isinstance(said, dict) and path in said:
        return [said[path]]
    here: object = said
    for name, number in _STEP.findall(path.removeprefix("$")):
        if isinstance(here, dict):
            here = cast("dict[str, object]", here).get(name, _ABSENT)
        elif isinstance(here, list) and number and int(number) < len(cast("list[object]", here)):
            here = cast("list[object]", here)[int(number)]
        else:
            return None
        if here is _ABSENT:
            return None
    return [cast("Json", here)]


def plain_value(value: Json) -> str:
    """As texts are compared."""
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)


def _shown(answer: Answer) -> str:
    return repr(short(plain(answer.text[:200]))) if answer.kept else "empty"
