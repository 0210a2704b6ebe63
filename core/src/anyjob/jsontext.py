"""JSON as a person writes it into a field or a file: strict, and with the place of a mistake.

Source: RFC 8259, 4 (names are unique) and 6 (numbers).
"""

from __future__ import annotations

import json
import math
import re
from collections.abc import Mapping
from typing import Final, NoReturn, cast

from pydantic import JsonValue

from anyjob.excerpt import excerpt, line_and_column
from anyjob.problem import WrongValue, short

__all__ = ["BadJson", "copy_json", "dump_json", "parse_json"]

_MAX_DEPTH: Final = 64
_TOKEN: Final = re.compile(r'"(?:[^"\\]|\\.)*"|[{}\[\],]', re.DOTALL)


class BadJson(WrongValue):
    """A text that is not JSON, or JSON that says one thing twice. `line` and `column` count from 1."""

    def __init__(self, text: str, offset: int, says: str) -> None:
        """`offset`: characters into the text; `says`: what is wrong there."""
        self.line, self.column = line_and_column(text, offset)
        self.says = says
        super().__init__(f"is not JSON: line {self.line}, column {self.column}: {says}", excerpt=excerpt(text, offset))


def parse_json(text: str) -> JsonValue:
    """The value of a JSON text. Raises BadJson.

    Stricter than the standard library, because what it lets through other languages refuse or read otherwise: a key
    twice in an object, NaN and Infinity, numbers beyond a double's range, more than 64 levels.
    """
    twice = False

    def an_object(pairs: list[tuple[str, JsonValue]]) -> dict[str, JsonValue]:
        nonlocal twice
        made = dict(pairs)
        twice = twice or len(made) != len(pairs)
        return made

    try:
        value: JsonValue = json.loads(
            text, object_pairs_hook=an_object, parse_float=_finite, parse_int=_whole, parse_constant=_no_constant
        )
        copy_json(value)
    except json.JSONDecodeError as wrong:
        raise BadJson(text, *_explained(wrong)) from None
    except RecursionError:
        raise BadJson(text, 0, f"it is nested more than {_MAX_DEPTH} levels deep") from None
    except WrongValue as wrong:
        raise BadJson(text, 0, f"it {wrong.remedy}") from None
    if twice:
        raise BadJson(text, *_repeated_key(text))
    return value


def copy_json(value: object, *, depth: int = 0) -> JsonValue:
    """A copy of a value of Python, checked to be one that JSON can carry. Raises WrongValue, which says what cannot be
    carried."""
    if value is None or isinstance(value, (bool, str)):
        if isinstance(value, str) and not value.isascii():
            _no_surrogate(value)
        return value
    if isinstance(value, int):
        if abs(value) >= 2**63:
            raise WrongValue("holds a whole number of more than 64 bits; write it as text, in quotes")
        return value
    if isinstance(value, float):
        if not math.isfinite(value):
            raise WrongValue("holds a number that is not finite; JSON has none")
        return value
    if depth >= _MAX_DEPTH:
        raise WrongValue(f"is nested more than {_MAX_DEPTH} levels deep")
    if isinstance(value, Mapping):
        entries = cast("Mapping[object, object]", value)
        for key in entries:
            if not isinstance(key, str):
                raise WrongValue(f"holds the key {short(repr(key))}; a key is text")
            _no_surrogate(key)
        return {cast("str", key): copy_json(inner, depth=depth + 1) for key, inner in entries.items()}
    if isinstance(value, (list, tuple)):
        return [copy_json(inner, depth=depth + 1) for inner in cast("list[object]", value)]
    raise WrongValue(f"holds a {type(value).__name__}, which JSON does not have; write it as text")


def dump_json(value: JsonValue | Mapping[str, JsonValue]) -> str:
    """The shortest JSON text of a value, in Unicode, as it goes over the wire."""
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"), allow_nan=False)


def _no_surrogate(text: str) -> None:
    try:
        text.encode()
    except UnicodeEncodeError as half:
        raise WrongValue(
            f"holds half of a surrogate pair at character {half.start + 1} of a text; it is not Unicode"
        ) from None


def _finite(text: str) -> float:
    number = float(text)
    if not math.isfinite(number):
        raise WrongValue(f"holds the number {text[:30]}, which is out of range; write it as text, in quotes")
    return number


def _whole(text: str) -> int:
    if len(text) > 20:
        raise WrongValue(f"holds the number {text[:20]}..., which has more than 64 bits; write it as text, in quotes")
    return int(text)


def _no_constant(name: str) -> NoReturn:
    raise WrongValue(f"holds {name}, which JSON does not have; write it as text, in quotes")


def _explained(wrong: json.JSONDecodeError) -> tuple[int, str]:
    """Place and words. The words do not depend on the version of Python, whose own change from one to the next."""
    text, at, said = wrong.doc, wrong.pos, wrong.msg
    here, before = text[at : at + 1], text[:at].rstrip()[-1:]
    if "trailing comma" in said or (here and here in "}]" and before == ","):
        return (text.rindex(",", 0, at + 1), "this comma has nothing after it; take it away")
    for mark, says in (
        ("Unterminated string", "this quote is not closed; close it"),
        (
            "Invalid control character",
            "a line break or control character stands inside a text; write it as an escape, \\n",
        ),
        ("Invalid \\", "this backslash starts no escape of JSON; write it twice"),
        ("Extra data", "the JSON has ended before this; take the rest away"),
    ):
        if mark in said:
            return at, says
    if not text.strip():
        return at, "there is nothing in it; write a value"
    if not here:
        return at, "the text ends, and a bracket or quote is not closed; close it"
    if here == "'":
        return at, "JSON has double quotes only; write them instead"
    if "property name" in said:
        return at, "a key is expected; write it in double quotes"
    if "':'" in said:
        return at, "a colon is expected after the key; write one"
    if "','" in said:
        return at, "a comma or a closing bracket is expected; write one"
    return at, "a value is expected; write text in double quotes, a number, true, false, null, {...} or [...]"


def _repeated_key(text: str) -> tuple[int, str]:
    """The place of the second of two equal keys of one object, in a text that is JSON. Only asked when there is one."""
    open_objects: list[dict[str, int] | None] = []
    key_next = False
    for token in _TOKEN.finditer(text):
        word = token.group()
        if word in "{[":
            open_objects.append({} if word == "{" else None)
        elif word in "}]":
            open_objects.pop()
        elif word != "," and key_next and open_objects and (keys := open_objects[-1]) is not None:
            key = cast("str", json.loads(word))
            if key in keys:
                first = line_and_column(text, keys[key])[0]
                return (
                    token.start(),
                    f'the key "{short(key)}" stands twice, first in line {first}; keep one of the two',
                )
            keys[key] = token.start()
        key_next = word in "{,"
    return 0, "a key stands twice; keep one of the two"
