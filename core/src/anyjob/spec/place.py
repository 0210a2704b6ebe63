"""The places of a spec's fields: parsed once for a model, looked up in a job."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import Final

from anyjob.spec.model import At, Spec

__all__ = ["TEXTS", "Place", "layout", "whole_content"]

TEXTS: Final[Mapping[str, str]] = {
    "Content": "content",
    "ClassName": "class_name",
    "Parameters": "parameters",
    "Template": "template",
    "GroupId": "owner",
}
"""The fields of a job that a spec may read as text, with their attributes of Job. GroupId is the job's own: a spec only
looks at it, for settings that differ by app group, and reads `Job.owner`, the one word that tells the groups of two
namespaces apart."""

_JSON: Final = ("Content", "XAttrs")


@dataclass(frozen=True, slots=True)
class Place:
    """One place: a text field of the job (`keys` empty), or the value under `keys` in the JSON of Content or XAttrs."""

    root: str
    keys: tuple[str, ...] = ()

    @property
    def field(self) -> str:
        """As people and Problems write it: `XAttrs.limits`."""
        return ".".join((self.root, *self.keys))


@lru_cache(maxsize=512)
def layout(model: type[Spec]) -> Mapping[str, tuple[Place, ...]]:
    """Every field of the model with its places, in the order in which they are asked.

    Raises TypeError when the model itself is at fault: a field without At, a place that no job has, an alias.
    """
    return {name: _places(model, name) for name in model.model_fields}


@lru_cache(maxsize=512)
def whole_content(model: type[Spec]) -> bool:
    """Whether the model reads Content as one text, so that it need not be JSON."""
    return any(place == Place("Content") for places in layout(model).values() for place in places)


def _places(model: type[Spec], name: str) -> tuple[Place, ...]:
    info = model.model_fields[name]
    where = [item for item in info.metadata if isinstance(item, At)]
    who = f"{model.__name__}.{name}"
    if len(where) != 1:
        raise TypeError(f"{who} has {len(where) or 'no'} At; write one, for example Annotated[str, At('Content')]")
    if info.alias or info.validation_alias:
        raise TypeError(f"{who} has an alias; its place alone names it in a job")
    return tuple(_parsed(text, who) for text in where[0].places)


def _parsed(text: str, who: str) -> Place:
    if text in TEXTS:
        return Place(text)
    root, dollar, path = text.partition(".$.")
    keys = tuple(path.split("."))
    if root not in _JSON or not dollar or not all(keys):
        raise TypeError(f"{who} lives at {text!r}; a place is {', '.join(TEXTS)}, Content.$.key or XAttrs.$.key")
    return Place(root, keys)
