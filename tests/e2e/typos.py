"""Typos, made of a type's own schema: so a field that is added is mistyped by itself."""

from __future__ import annotations

import copy
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Any, Final, cast

__all__ = ["Field", "Typo", "fields_of", "misspelt", "typos_of"]

_Object = Mapping[str, Any]
_LONGEST: Final = 100_000
"""A longer value would not get as far as its field: requests and files have limits of their own."""
_OTHERS: Final[tuple[tuple[str, object], ...]] = (
    ("string", "maybe"),
    ("object", {"x": 1}),
    ("array", [1]),
    ("number", 5),
)
"""A value of each kind, the likeliest slip first."""


@dataclass(frozen=True)
class Field:
    """A field of a job: `path` leads to it from the job (`XAttrs`, `limits`, `memory`), `ways` are the schemas of what
    may stand there, `beside` the keys that are known at its place. Where `flat` is true it is a parameter of a call,
    which is always a text."""

    path: tuple[str | int, ...]
    ways: Sequence[_Object]
    beside: Sequence[str]
    flat: bool

    @property
    def name(self) -> str:
        return _name(self.path)

    @property
    def kinds(self) -> set[str]:
        """The JSON types of what may stand there."""
        kinds: set[str] = set()
        for way in self.ways:
            said = way.get("type", [])
            kinds |= {said} if isinstance(said, str) else set(said)
        return kinds | ({"number"} if "integer" in kinds else set())

    @property
    def words(self) -> list[str]:
        """The words that it may be."""
        return [word for way in self.ways for word in way.get("enum", [way.get("const")]) if isinstance(word, str)]


@dataclass(frozen=True)
class Typo:
    """A slip. `path` is where it stands, `value` what stands there, `right` what was meant, if it was a word."""

    kind: str
    path: tuple[str | int, ...]
    value: object
    right: str = ""
    instead_of: tuple[str | int, ...] = ()

    @property
    def name(self) -> str:
        """The field as messages name it."""
        return _name(self.path)

    def made_in(self, job: Mapping[str, Any]) -> dict[str, Any]:
        """The job with the slip."""
        made = copy.deepcopy(dict(job))
        if self.instead_of:
            _take(made, self.instead_of)
        _put(made, self.path, self.value)
        return made


def misspelt(word: str, others: Sequence[str] = ()) -> str:
    """The word with one letter less, or for short ones one too many, as none of the others is written."""
    tries = [word[:at] + word[at + 1 :] for at in range(len(word) // 2, len(word))] if len(word) > 3 else []
    tries += [word[:at] + word[at - 1] + word[at:] for at in range(len(word), 0, -1)]
    known = {other.casefold() for other in (word, *others)}
    return next(one for one in tries if one.casefold() not in known)


def fields_of(schema: _Object) -> Iterator[Field]:
    """Every field of the JSON Schema of a job, and those inside of it."""

    def inside(node: _Object, path: tuple[str | int, ...]) -> Iterator[Field]:
        known = node.get("properties", {})
        for key, what in known.items():
            ways = list(_ways(what, schema))
            yield Field((*path, key), ways, list(known), flat=not path or path[0] == "ContactInfo")
            for way in ways:
                yield from inside(way, (*path, key))
                if isinstance(way.get("items"), dict):
                    for item in _ways(way["items"], schema):
                        yield from inside(item, (*path, key, 0))

    return inside(schema, ())


def typos_of(field: Field) -> Iterator[Typo]:
    """Its key misspelt, and every kind of wrong value that its schema tells of."""
    *above, key = field.path
    spelt = misspelt(str(key), field.beside)
    yield Typo("key", (*above, spelt), "5", right=str(key), instead_of=field.path)
    if words := field.words:
        word = max(words, key=len)
        yield Typo("word", field.path, misspelt(word, words), right=word)
    for way in field.ways:
        if "minimum" in way:
            yield Typo("least", field.path, way["minimum"] - 1)
        if "exclusiveMinimum" in way:
            yield Typo("least", field.path, way["exclusiveMinimum"])
        if "maximum" in way:
            yield Typo("most", field.path, way["maximum"] + 1)
        if way.get("maxLength", _LONGEST) < _LONGEST:
            yield Typo("long", field.path, "x" * (way["maxLength"] + 1))
    if any(way.get("contentMediaType") == "application/json" for way in field.ways):
        yield Typo("json", field.path, '{"a": 1')
        yield Typo("kind", field.path, "[1]")
    elif "string" in field.kinds and field.flat:
        yield Typo("character", field.path, "a\0b")
    elif field.flat:
        yield Typo("kind", field.path, "maybe")
    elif field.kinds:
        yield from (Typo("kind", field.path, value) for kind, value in _OTHERS if kind not in field.kinds)


def _ways(node: _Object, schema: _Object) -> Iterator[_Object]:
    """What may stand at a node: references followed, alternatives one by one, but null: that counts as not given."""
    if "$ref" in node:
        found: Any = schema
        for step in node["$ref"].removeprefix("#/").split("/"):
            found = found[step]
        yield from _ways(found, schema)
    elif "anyOf" in node:
        for one in node["anyOf"]:
            yield from _ways(one, schema)
    elif node.get("type") != "null":
        yield node


def _name(path: Sequence[str | int]) -> str:
    """As messages write it: members of a list that the API knows by number are `Name.1`, others `name[0]`."""
    head, *rest = path
    numbered = head == "ContactInfo"
    steps = [(f".{s + 1}" if numbered else f"[{s}]") if isinstance(s, int) else f".{s}" for s in rest]
    return str(head) + "".join(steps)


def _put(job: dict[str, Any], path: Sequence[str | int], value: object) -> None:
    here: Any = job
    for step, after in pairwise(path):
        empty: Any = [] if isinstance(after, int) else {}
        if isinstance(step, int):
            if len(here) <= step:
                here.append(empty)
        elif not isinstance(here.get(step), type(empty)):
            here[step] = empty
        here = here[step]
    here[path[-1]] = value


def _take(job: dict[str, Any], path: Sequence[str | int]) -> None:
    here: Any = job
    for step in path[:-1]:
        if not isinstance(here, dict) or step not in here:
            return
        here = cast("dict[str | int, Any]", here)[step]
    if isinstance(here, dict):
        cast("dict[str | int, Any]", here).pop(path[-1], None)
