"""A job read through a spec: values collected from their places, checked, every fault a Problem."""

from __future__ import annotations

from collections.abc import Mapping
from functools import lru_cache
from types import NoneType
from typing import TYPE_CHECKING, Final, TypeVar, cast

from pydantic import ValidationError

from anyjob.jsontext import parse_json
from anyjob.outcome import Json
from anyjob.problem import Problem, WrongValue, short, shown
from anyjob.spec.model import Spec
from anyjob.spec.place import TEXTS, Place, layout, whole_content
from anyjob.spec.wording import explain

if TYPE_CHECKING:
    from anyjob.job import Job

__all__ = ["read_spec"]

S = TypeVar("S", bound=Spec)

_ABSENT: Final = object()


def read_spec(model: type[S], job: Job) -> tuple[S | None, list[Problem]]:
    """The spec of a job, or None and every Problem at once.

    A text that is empty and a JSON null count as absent. Raises TypeError when the model's own places are wrong.
    """
    keys = _keys_of_xattrs(model)
    if keys is not None and keys.isdisjoint(job.xattrs) and (usual := _default(model)) is not None:
        return cast("S", usual), []  # nothing of it is there, as with most jobs and most models
    source = _Source(job, content_may_be_text=whole_content(model))
    values: dict[str, object] = {}
    clashes: dict[str, Problem] = {}
    unread: set[str] = set()
    for name, places in layout(model).items():
        found = [(place, value) for place in places if (value := source.at(place)) is not _ABSENT]
        if found:
            values[name] = found[0][1]
            clash = _clash(found)
            if clash:
                clashes[name] = clash
        elif source.problems and any(source.unreadable(place) for place in places):
            unread.add(name)
    problems = [*source.problems.values(), *clashes.values()]
    try:
        spec = model.model_validate(values)
    except ValidationError as error:
        missing = {
            str(e["loc"][0]) for e in error.errors(include_url=False) if e["type"] == "missing" and len(e["loc"]) == 1
        }
        problems += [_missing(model, name) for name in layout(model) if name in missing - unread]
        problems += explain(error, model, values, lambda name: _field(model, name, source), skip=missing)
        return None, problems
    return (None, problems) if problems else (spec, [])


@lru_cache(maxsize=256)
def _keys_of_xattrs(model: type[Spec]) -> frozenset[str] | None:
    """The keys of XAttrs under which a model reads; None where it reads elsewhere, too."""
    places = [place for options in layout(model).values() for place in options]
    inside = all(place.root == "XAttrs" and place.keys for place in places)
    return frozenset(place.keys[0] for place in places) if inside else None


@lru_cache(maxsize=256)
def _default(model: type[Spec]) -> Spec | None:
    """The model without any value; None where it needs one, or where its values could be changed by their reader."""
    try:
        made = model.model_validate({})
    except ValidationError:
        return None
    fixed = all(isinstance(value, (bool, int, float, str, NoneType)) for _, value in made)
    return made if fixed and model.model_config.get("frozen") else None


class _Source:
    """A job's values by place. Keeps what is wrong with the places themselves, once each."""

    def __init__(self, job: Job, *, content_may_be_text: bool) -> None:
        self.job, self.content_may_be_text = job, content_may_be_text
        self.problems: dict[str, Problem] = {}
        self._content: object = None

    def at(self, place: Place) -> object:
        """The value at the place, or `_ABSENT`."""
        if not place.keys:
            return getattr(self.job, TEXTS[place.root]) or _ABSENT
        value: object = self.job.xattrs if place.root == "XAttrs" else self._json()
        for depth, key in enumerate(place.keys):
            if not isinstance(value, Mapping):
                if value is not _ABSENT:
                    self._not_an_object(Place(place.root, place.keys[:depth]), value)
                return _ABSENT
            value = cast("Mapping[str, object]", value).get(key)
            if value is None:
                return _ABSENT
        return value

    def unreadable(self, place: Place) -> bool:
        """Whether a Problem already says why nothing was found there."""
        return any(Place(place.root, place.keys[:depth]).field in self.problems for depth in range(len(place.keys)))

    def _json(self) -> object:
        if self._content is None:
            try:
                self._content = parse_json(self.job.content) if self.job.content.strip() else _ABSENT
            except WrongValue as wrong:
                if not self.content_may_be_text:
                    self.problems["Content"] = wrong.problem("Content", self.job.content)
                self._content = _ABSENT
            if self._content is None:
                self._content = _ABSENT
        return self._content

    def _not_an_object(self, place: Place, value: object) -> None:
        if place.field == "Content" and self.content_may_be_text:
            return
        remedy = 'is not an object; write it as {"key": value}'
        self.problems[place.field] = Problem(field=place.field, value=shown(value), remedy=remedy)


def _clash(found: list[tuple[Place, object]]) -> Problem | None:
    (first, value), *others = found
    for other, differing in others:
        depth = min(len(first.keys), len(other.keys))
        inside = first.root == other.root and first.keys[:depth] == other.keys[:depth]  # one lies inside the other
        if differing != value and not inside:
            remedy = (
                f'differs from {other.field}, which says "{short(shown(cast("Json", differing)))}"; keep one of the two'
            )
            return Problem(field=first.field, value=shown(cast("Json", value)), remedy=remedy)
    return None


def _missing(model: type[Spec], name: str) -> Problem:
    first, *others = layout(model)[name]
    what = model.model_fields[name].description or "it"
    elsewhere = "".join(f" or in {place.field}" for place in others)
    remedy = f"is {'missing' if first.keys else 'empty'}; write {what} here{elsewhere}"
    return Problem(field=first.field, value="", remedy=remedy)


def _field(model: type[Spec], name: str | None, source: _Source) -> str:
    """The place that a field's value came from; for a rule over the whole model, the roots that it reads."""
    places = layout(model)
    if name is None:
        return " and ".join(dict.fromkeys(place.root for options in places.values() for place in options)) or "The job"
    return next((place.field for place in places[name] if source.at(place) is not _ABSENT), places[name][0].field)
