"""Who reads which key of XAttrs and of a JSON Content; a key that nobody reads is a mistake of its writer."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from functools import lru_cache
from typing import TYPE_CHECKING, cast

from anyjob.jsontext import parse_json
from anyjob.nearest import did_you_mean
from anyjob.outcome import Json
from anyjob.problem import Problem, WrongValue, shown
from anyjob.spec.model import Spec
from anyjob.spec.place import Place, layout, whole_content

if TYPE_CHECKING:
    from anyjob.job import Job

__all__ = ["check_owners", "owned_keys"]


def owned_keys(*models: type[Spec]) -> set[str]:
    """The keys that the models read, by the names that people write: `XAttrs.limits`, `Content.url`."""
    return {place.field for place in _keyed(models)}


def check_owners(job: Job, models: Iterable[type[Spec]]) -> list[Problem]:
    """A Problem for every key of XAttrs that none of the models reads, with the nearest that one does.

    Keys of Content are checked where it is read as JSON, unless a model also takes it as text or sets `extra="ignore"`.
    What lies inside a value that a model reads is that model's to check.
    """
    models = tuple(models)
    places = _places(models)
    problems = list(_unread("XAttrs", job.xattrs, places, job.job_type))
    if _content_is_owned(models):
        try:
            content = parse_json(job.content) if job.content.strip() else None
        except WrongValue:  # reading the spec has told of it
            content = None
        if isinstance(content, dict):
            problems += _unread("Content", content, places, job.job_type)
    return problems


@lru_cache(maxsize=256)
def _places(models: tuple[type[Spec], ...]) -> frozenset[Place]:
    return frozenset(_keyed(models))


def _keyed(models: Iterable[type[Spec]]) -> Iterator[Place]:
    return (place for model in models for places in layout(model).values() for place in places if place.keys)


def _content_is_owned(models: Iterable[type[Spec]]) -> bool:
    readers = [
        model for model in models if any(place.root == "Content" for ps in layout(model).values() for place in ps)
    ]
    return bool(readers) and not any(whole_content(m) or m.model_config.get("extra") != "forbid" for m in readers)


def _unread(root: str, value: Mapping[str, Json], places: frozenset[Place], job_type: str) -> Iterator[Problem]:
    def walk(value: Mapping[str, Json], above: tuple[str, ...]) -> Iterator[Problem]:
        for key, inner in value.items():
            here = (*above, key)
            if Place(root, here) in places:
                continue
            if any(place.root == root and place.keys[: len(here)] == here for place in places):
                if isinstance(inner, Mapping):
                    yield from walk(cast("Mapping[str, Json]", inner), here)
                continue
            known = [
                place.keys[len(above)] for place in places if place.root == root and place.keys[: len(above)] == above
            ]
            hint = did_you_mean(key, sorted(set(known)))
            remedy = f"is read by nobody; {hint or f'take it out: `anyjob schema {job_type}` lists the keys'}"
            yield Problem(field=Place(root, here).field, value=shown(inner), remedy=remedy)

    yield from walk(value, ())
