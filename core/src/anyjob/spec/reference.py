"""The fields of a spec, or of a part of the settings, one by one: where each lives, what it takes, what it means."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from typing import Any, Final, cast

from pydantic import BaseModel

from anyjob.job import job_schema
from anyjob.size import parse_size
from anyjob.spec.commonxattrs import CommonXAttrs
from anyjob.spec.model import Spec
from anyjob.spec.place import layout

__all__ = ["FieldRow", "job_rows", "settings_rows", "spec_rows"]

_Object = Mapping[str, Any]
_DEEPEST: Final = 3
"""Objects within objects that are taken apart; what is deeper is told of as a whole."""
_LONGEST: Final = 80
"""Characters of a default that is shown; a longer one is for the description to tell."""
_PLAIN: Final = {"string", "integer", "number", "boolean"}


@dataclass(frozen=True, slots=True, kw_only=True)
class FieldRow:
    """One field. `places`: `Content.url`, the first that counts and others; `kind`: what may be written, in words;
    `default`: as JSON, empty where nothing is assumed; `about`: what it means."""

    places: tuple[str, ...]
    kind: str
    default: str
    needed: bool
    about: str


def spec_rows(model: type[Spec]) -> list[FieldRow]:
    """Every field of a spec in the order of its class, the fields of its objects right behind it.

    What a spec only looks at, as GroupId or a common key in its common meaning, is not among them.
    """
    places = {name: tuple(place.field for place in found) for name, found in layout(model).items()}
    rows = [row for row in _rows(model, places) if row.places != ("GroupId",)]
    return rows if model is CommonXAttrs else [row for row in rows if (row.places, row.about) not in _common()]


@cache
def _common() -> set[tuple[tuple[str, ...], str]]:
    return {(row.places, row.about) for row in spec_rows(CommonXAttrs)}


def settings_rows(model: type[BaseModel]) -> list[FieldRow]:
    """The same for a part of the settings; the places are the keys in its table."""
    return [*_rows(model, {name: (name,) for name in model.model_fields})]


def job_rows() -> list[FieldRow]:
    """The fields that every job has, by their names in the API."""
    schema = cast("_Object", job_schema())
    needed = set(cast("list[str]", schema["required"]))
    fields = cast("_Object", schema["properties"])
    return [row for name, one in fields.items() for row in _Field(one, {}).rows((name,), needed=name in needed, deep=0)]


def _rows(model: type[BaseModel], places: Mapping[str, tuple[str, ...]]) -> Iterator[FieldRow]:
    schema = model.model_json_schema()
    shared = cast("_Object", schema.get("$defs", {}))
    needed = set(cast("list[str]", schema.get("required", [])))
    for name, field in cast("_Object", schema["properties"]).items():
        yield from _Field(field, shared).rows(places[name], needed=name in needed, deep=0)


@dataclass(frozen=True, slots=True)
class _Field:
    """One field's JSON Schema, with the definitions that it may refer to."""

    schema: _Object
    shared: _Object

    def rows(self, places: tuple[str, ...], *, needed: bool, deep: int) -> Iterator[FieldRow]:
        body, path = self._object()
        about = str(self.schema.get("description", ""))
        default = "" if body is not None else self._default()
        yield FieldRow(places=places, kind=self._kind(), default=default, needed=needed, about=about)
        if body is None or deep == _DEEPEST:
            return
        inner = set(cast("list[str]", body.get("required", [])))
        for name, field in cast("_Object", body["properties"]).items():
            if "description" in field:
                below = tuple(f"{place}{path}.{name}" for place in places)
                yield from _Field(field, self.shared).rows(below, needed=name in inner, deep=deep + 1)

    def _kind(self) -> str:
        return _one_of(_ways(self.schema, self.shared), self.shared)

    def _default(self) -> str:
        default = self.schema.get("default")
        if isinstance(default, int) and any("examples" in one for one in _ways(self.schema, self.shared)):
            return _size(default)
        told = "" if default in (None, "", []) or isinstance(default, dict) else json.dumps(default, ensure_ascii=False)
        return told if len(told) <= _LONGEST else ""

    def _object(self) -> tuple[_Object | None, str]:
        """The object with described fields of its own that it is or holds, and the step that leads into it."""
        for one in _ways(self.schema, self.shared):
            for step, held in (("", one), ("[]", one.get("items")), (".*", one.get("additionalProperties"))):
                for way in _ways(cast("_Object", held), self.shared) if isinstance(held, Mapping) else []:
                    if any("description" in field for field in way.get("properties", {}).values()):
                        return way, step
        return None, ""


def _ways(schema: _Object, shared: _Object) -> list[_Object]:
    """The schemas of which a value has to fit one, without null, which means: not given."""
    if "$ref" in schema:
        return _ways(cast("_Object", shared[str(schema["$ref"]).rsplit("/", 1)[1]]), shared)
    if "anyOf" in schema:
        return [way for one in cast("list[_Object]", schema["anyOf"]) for way in _ways(one, shared)]
    return [] if schema.get("type") == "null" else [schema]


def _one_of(ways: list[_Object], shared: _Object) -> str:
    kinds = {str(way.get("type")) for way in ways if "enum" not in way}
    rest = [way for way in ways if str(way.get("type")) not in _PLAIN] if kinds >= _PLAIN else ways
    words = [*(["text, number, true or false"] if kinds >= _PLAIN else []), *(_words(way, shared) for way in rest)]
    return " or ".join(dict.fromkeys(words))


def _words(schema: _Object, shared: _Object) -> str:
    if "enum" in schema:
        return ", ".join(dict.fromkeys(f"`{one}`" for one in cast("list[object]", schema["enum"])))
    if "const" in schema:
        return f"`{schema['const']}`"
    kind = schema.get("type")
    if isinstance(kind, list):
        kinds = cast("list[str]", kind)
        size = kinds == ["integer", "string"] and "Mi" in str(schema.get("examples"))
        return "size, as `256Mi`" if size else " or ".join(_words({**schema, "type": one}, shared) for one in kinds)
    match kind:
        case "boolean":
            return "`true`, `false`"
        case "integer":
            return f"whole number{_range(schema)}"
        case "number":
            return f"number{_range(schema)}"
        case "array":
            return f"list{_of(schema.get('items'), shared)}"
        case "object":
            return "object" if "properties" in schema else f"object{_of(schema.get('additionalProperties'), shared)}"
        case "string" if schema.get("format") == "path":
            return "path"
        case "string":
            longest = schema.get("maxLength")
            return "text" if longest is None else f"text, at most {_number(longest)} characters"
        case _:
            return "any value"


def _of(schema: object, shared: _Object) -> str:
    """What a list or an object holds."""
    if not isinstance(schema, Mapping):
        return ""
    held = _one_of(_ways(cast("_Object", schema), shared), shared)
    first = held.partition(",")[0] if held.startswith("text, at most") else held
    plural = {"text": "texts", "path": "paths", "object": "objects", "list of texts": "lists of texts"}
    return "" if held in ("any value", "") else f" of {plural.get(first, first)}"


def _range(schema: _Object) -> str:
    low, high, above = (schema.get(key) for key in ("minimum", "maximum", "exclusiveMinimum"))
    if low is not None and high is not None:
        return f", {_number(low)} to {_number(high)}"
    least = f", at least {_number(low)}" if low is not None else f" above {_number(above)}" if above is not None else ""
    return least if high is None else f"{least}, at most {_number(high)}"


def _number(value: float) -> str:
    return f"{int(value):,}".replace(",", " ") if value == int(value) else str(value)


def _size(value: int) -> str:
    for unit in ("Gi", "Mi", "Ki"):
        factor = parse_size(f"1{unit}")
        if value and value % factor == 0:
            return f"{value // factor}{unit}"
    return str(value)
