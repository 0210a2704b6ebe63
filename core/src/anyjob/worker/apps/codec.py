"""Lines and the values that stand on them."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import replace
from typing import Any, TypeVar

from pydantic import JsonValue, ValidationError

from anyjob.jsontext import parse_json
from anyjob.problem import Problem, WrongValue
from anyjob.spec.wording import explain
from anyjob.worker.apps.faults import PROGRAM, BadMessage, NotAMessage
from anyjob.worker.apps.messages import Message

__all__ = ["Body", "decode", "encode", "read"]

Body = Mapping[str, JsonValue]

M = TypeVar("M", bound=Message)


def encode(kind: str, body: Mapping[str, Any]) -> bytes:
    """The line of a message, in ASCII, with its end."""
    return json.dumps({"type": kind, **body}, separators=(",", ":"), allow_nan=False).encode() + b"\n"


def decode(who: str, line: bytes, remedy: str = PROGRAM.line, *, quote: bool = True) -> tuple[str, Body]:
    """Type and fields of a line. `quote`: a fault shows its beginning. Raises NotAMessage."""
    shown = line[:1000].decode(errors="replace") if quote else ""
    try:
        body = parse_json(line.decode())
    except UnicodeDecodeError as error:
        raise NotAMessage(who, shown, f"is not UTF-8 at byte {error.start + 1}", remedy) from None
    except WrongValue as wrong:
        raise NotAMessage(who, shown, wrong.remedy if quote else "is not JSON", remedy) from None
    kind = body.get("type") if isinstance(body, dict) else None
    if not isinstance(body, dict) or not isinstance(kind, str):
        raise NotAMessage(who, shown, 'is no object with a text "type"', remedy)
    return kind, body


def read(who: str, model: type[M], body: Body, kind: str = "", *, quote: bool = True) -> M:
    """The message that the fields make. Raises BadMessage, which names the first field that is wrong; `quote`: with its
    value."""
    try:
        return model.model_validate(dict(body))
    except ValidationError as error:
        problems = explain(error, model, body, lambda name: name or kind or model.kind)
        problem = problems[0] if problems else Problem(field=kind, value="", remedy="cannot be read")
        raise BadMessage(who, kind or model.kind, problem if quote else replace(problem, value="")) from None
