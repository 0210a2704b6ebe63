"""What pydantic found wrong, as Problems in plain words."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Collection, Iterator, Mapping
from dataclasses import dataclass
from types import UnionType
from typing import Annotated, Any, Final, Union, cast, get_args, get_origin

from pydantic import BaseModel, ValidationError

from anyjob.nearest import did_you_mean
from anyjob.problem import Problem, WrongValue, of_empty, shown

__all__ = ["explain"]

_LIST: Final = "write it as [...]"
_SHOWN_TEXT: Final = 100
_KINDS: Final[Mapping[str, tuple[str, str]]] = {
    "string": ("is not text", "put it in quotes"),
    "int": ("is not a whole number", "write digits only"),
    "float": ("is not a number", "write one, for example 0.5"),
    "finite_number": ("is not a finite number", "write another"),
    "bool": ("is neither true nor false", "write one of them"),
    "list": ("is not a list", _LIST),
    "sequence": ("is not a list", _LIST),
    "sequence_str": ("is not a list", _LIST),
    "tuple": ("is not a list", _LIST),
    "set": ("is not a list", _LIST),
    "frozen_set": ("is not a list", _LIST),
    "dict": ("is not an object", 'write it as {"key": value}'),
    "path": ("is no text", "write the path of a file"),
    "model": ("is not an object", 'write it as {"key": value}'),
    "dataclass": ("is not an object", 'write it as {"key": value}'),
    "mapping": ("is not an object", 'write it as {"key": value}'),
}
_MISMATCH: Final = re.compile(r"_(type|parsing|from_float|parsing_size|attributes_type|unicode|sub_type)\Z")
_BOUNDS: Final = {
    "greater_than": ("gt", "more than"),
    "greater_than_equal": ("ge", "at least"),
    "less_than": ("lt", "less than"),
    "less_than_equal": ("le", "at most"),
    "multiple_of": ("multiple_of", "a multiple of"),
}


@dataclass(frozen=True, slots=True)
class _Fault:
    """One of pydantic's errors, with its path in what was written.

    `branch` is the union's place and its member, if any.
    """

    kind: str
    path: tuple[str | int, ...]
    value: object
    context: Mapping[str, Any]
    message: str
    of_key: bool = False
    branch: tuple[int, str] | None = None

    @property
    def mismatched(self) -> bool:
        """Whether the member of a union was not meant at all."""
        return self.branch is not None and len(self.path) == self.branch[0] and _kind(self.kind) is not None


def explain(
    error: ValidationError,
    model: type[BaseModel],
    values: Mapping[str, object],
    field: Callable[[str | None], str],
    skip: Collection[str] = (),
) -> list[Problem]:
    """A Problem for everything that is wrong with `values`.

    `field` gives the name under which people know a field of the model; None asks for the whole. Fields in `skip` that
    are missing have been told of already.
    """
    faults = [_fault(dict(item), values) for item in error.errors(include_url=False)]
    faults = [f for f in faults if not (f.kind == "missing" and len(f.path) == 1 and f.path[0] in skip)]
    # A list of which one part is wrong lacks that part for pydantic, too; to tell both would be wrong.
    wrong = {f.path[:length] for f in faults for length in range(len(f.path))}
    faults = [f for f in faults if not (f.kind == "too_short" and f.path in wrong)]
    return [_problem(group, model, field) for group in _meant(faults)]


def _fault(item: Mapping[str, Any], values: Mapping[str, object]) -> _Fault:
    path: list[str | int] = []
    here: object = values
    of_key, branch = False, None
    location = cast("tuple[str | int, ...]", item["loc"])
    for number, part in enumerate(location, 1):
        if part == "[key]":
            of_key = True
        elif isinstance(here, Mapping) and part in here:
            path.append(part)
            here = cast("Mapping[object, object]", here)[part]
        elif isinstance(here, (list, tuple)) and isinstance(part, int) and part < len(cast("list[object]", here)):
            path.append(part)
            here = cast("list[object]", here)[part]
        elif item["type"] == "missing" and number == len(location):
            path.append(part)
        elif branch is None:
            branch = (len(path), str(part))
    context = cast("Mapping[str, Any]", item.get("ctx") or {})
    return _Fault(item["type"], tuple(path), item["input"], context, item["msg"], of_key=of_key, branch=branch)


def _meant(faults: list[_Fault]) -> Iterator[list[_Fault]]:
    """The faults one by one; of a union only those of the member that was meant, or all together when none was."""
    unions: dict[tuple[str | int, ...], dict[str, list[_Fault]]] = {}
    for fault in faults:
        if fault.branch is None:
            yield [fault]
        else:
            unions.setdefault(fault.path[: fault.branch[0]], {}).setdefault(fault.branch[1], []).append(fault)
    for members in unions.values():
        meant = [group for group in members.values() if not any(fault.mismatched for fault in group)]
        if meant:
            yield from ([fault] for fault in min(meant, key=len))
        else:
            yield [group[0] for group in members.values()]


def _problem(group: list[_Fault], model: type[BaseModel], field: Callable[[str | None], str]) -> Problem:
    fault = group[0]
    path = fault.path[:-1] if fault.of_key else fault.path
    name = field(str(path[0]) if path else None) + "".join(_step(part) for part in path[1:])
    if fault.kind == "missing":
        return Problem(field=name, value="", remedy="is missing; write it")
    if fault.kind == "extra_forbidden":
        return Problem(field=name, value=shown(fault.value), remedy=_unknown(model, fault.path))
    raised = fault.context.get("error")
    excerpt = raised.excerpt if isinstance(raised, WrongValue) else ""
    value = "" if not path else shown(fault.path[-1] if fault.of_key else fault.value)
    remedy = of_empty(_remedy(group), shown(fault.value)) if path and not fault.of_key else _remedy(group)
    return Problem(field=name, value=value, remedy=remedy, excerpt=excerpt)


def _step(part: str | int) -> str:
    return f"[{part}]" if isinstance(part, int) else f".{part}"


def _remedy(group: list[_Fault]) -> str:
    kinds = [kind for fault in group if (kind := _kind(fault.kind))]
    if kinds:
        found, writes = (list(dict.fromkeys(words)) for words in zip(*kinds, strict=True))
        return f"{' and '.join(found)}; {' or '.join(_as_list(text, group[0].value) for text in writes)}"
    fault = group[0]
    context = fault.context
    if fault.kind in ("value_error", "assertion_error"):
        return str(context["error"])
    if fault.kind in ("literal_error", "enum"):
        return _not_allowed(fault.value, str(context["expected"]))
    if fault.kind in _BOUNDS:
        key, words = _BOUNDS[fault.kind]
        return f"is out of range; write {words} {context[key]:g}"
    if fault.kind == "string_too_short":
        least = context["min_length"]
        return "is empty; write something" if least == 1 else f"is too short; write at least {least} characters"
    if fault.kind == "string_too_long":
        return f"is too long; write at most {context['max_length']} characters"
    if fault.kind == "string_pattern_mismatch":
        return f"does not match {context['pattern']}; write what does"
    if fault.kind == "too_short" and fault.value == "":
        return "is empty; write something"
    if fault.kind == "too_short":
        return f"holds too little; write at least {context['min_length']}"
    if fault.kind == "too_long":
        return f"holds too much; write at most {context['max_length']}"
    said = fault.message.removeprefix("Input ")
    return said[:1].lower() + said[1:]


def _as_list(writes: str, value: object) -> str:
    """The advice, for one text in place of a list with that text in it: brackets without quotes are the usual slip."""
    if writes != _LIST or not isinstance(value, str) or not 0 < len(value) <= _SHOWN_TEXT:
        return writes
    words = [word.strip(" \"'") for word in value.strip(" []").split(",")]
    return f"write it as {json.dumps([word for word in words if word] or ['...'], ensure_ascii=False)}"


def _kind(error: str) -> tuple[str, str] | None:
    return _KINDS.get(_MISMATCH.sub("", error)) if error != "model_attributes_type" else _KINDS["model"]


def _not_allowed(value: object, expected: str) -> str:
    words = re.findall(r"'([^']*)'", expected)
    hint = did_you_mean(value, words) if isinstance(value, str) else ""
    allowed = expected.replace("'", "")
    return f"is not allowed; {hint} Allowed: {allowed}" if hint else f"is not allowed; write {allowed}"


def _unknown(model: type[BaseModel], path: tuple[str | int, ...]) -> str:
    known = sorted({key for inner in _annotations(model, path[:-1]) for key in _keys(inner)})
    return f"is unknown; {did_you_mean(str(path[-1]), known) or 'known here: ' + (', '.join(known) or 'nothing')}"


def _annotations(annotation: object, path: tuple[str | int, ...]) -> Iterator[object]:
    """What may stand under `path` in a value of the annotation."""
    kind = get_origin(annotation)
    inner = get_args(annotation)
    if kind is Annotated:
        yield from _annotations(inner[0], path)
    elif kind in (Union, UnionType):
        for member in inner:
            yield from _annotations(member, path)
    elif not path:
        yield annotation
    elif isinstance(annotation, type) and issubclass(annotation, BaseModel):
        for name, info in annotation.model_fields.items():
            if path[0] in (name, info.alias):
                yield from _annotations(info.annotation, path[1:])
    elif inner:
        yield from _annotations(inner[0] if isinstance(path[0], int) else inner[-1], path[1:])


def _keys(annotation: object) -> Iterator[str]:
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        for name, info in annotation.model_fields.items():
            yield info.alias or name
