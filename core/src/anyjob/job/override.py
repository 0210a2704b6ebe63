"""Fields given on the command line, over those of a file."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import cast

from pydantic import JsonValue

from anyjob.job.errors import BadJob
from anyjob.job.job import JOB_FIELDS
from anyjob.jsontext import BadJson, copy_json, parse_json
from anyjob.nearest import did_you_mean
from anyjob.problem import Problem, WrongValue, shown

__all__ = ["override"]

_NAMES = [item.name for item in JOB_FIELDS]


def override(fields: Mapping[str, object], assignments: Iterable[str]) -> dict[str, object]:
    """A copy of a job's wire fields with each `Field=value` set, in order, before any check.

    `XAttrs.limits.memory=1Mi` goes into XAttrs and makes the objects on the way; there a value is JSON where it reads
    as JSON (`10`, `true`, `["a"]`), else text. A key with a dot in it is set with its whole object
    (`XAttrs.labels={"a.b":"c"}`). Elsewhere a value is the text after the first `=`. Raises BadJob with every
    assignment that cannot be made.
    """
    made, problems = dict(fields), list[Problem]()
    for assignment in assignments:
        path, equals, value = assignment.partition("=")
        name, *inner = path.split(".")
        try:
            if not equals:
                raise WrongValue("is not an assignment; write Field=value")
            if name not in _NAMES:
                raise WrongValue(f"sets no field of a job; {did_you_mean(name, _NAMES) or 'write Field=value'}")
            if not inner:
                made[name] = value
            elif name != "XAttrs" or "" in inner:
                raise WrongValue("is no path; only XAttrs has parts, as in XAttrs.limits.memory=1Mi")
            else:
                made[name] = _with(_attributes(made.get(name)), inner, value)
        except WrongValue as wrong:
            problems.append(wrong.problem("--set", assignment))
    if problems:
        raise BadJob(problems, shown(fields.get("Name") or ""))
    return made


def _attributes(value: object) -> dict[str, JsonValue]:
    if value is None or value == "":
        return {}
    read = parse_json(value) if isinstance(value, str) else copy_json(value)
    if not isinstance(read, dict):
        raise WrongValue("cannot be set: XAttrs is not an object here")
    return read


def _with(attributes: dict[str, JsonValue], path: list[str], value: str) -> dict[str, JsonValue]:
    place = attributes
    for depth, key in enumerate(path[:-1], 1):
        inner = place.setdefault(key, {})
        if not isinstance(inner, dict):
            raise WrongValue(f"cannot be set: XAttrs.{'.'.join(path[:depth])} is {shown(inner)}, not an object")
        place = cast("dict[str, JsonValue]", inner)
    try:
        place[path[-1]] = parse_json(value)
    except BadJson:
        place[path[-1]] = value
    return attributes
