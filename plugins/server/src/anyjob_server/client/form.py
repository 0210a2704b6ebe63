"""Values of Python as the parameters of a call.

Source: SchedulerX API, SDK, how lists and booleans travel.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping

from anyjob.outcome import Json

__all__ = ["parameters_of"]


def parameters_of(fields: Mapping[str, Json]) -> dict[str, str]:
    """`fields` by the names of the API, flat as the wire has them.

    A list becomes `Name.1`, `Name.2`, an object in a list `Name.1.Member`, other objects JSON text. None is left out.
    """
    return {name: text for field, value in fields.items() for name, text in _flat(field, value)}


def _flat(name: str, value: Json) -> Iterator[tuple[str, str]]:
    match value:
        case None:
            return
        case bool():
            yield name, str(value).lower()
        case str():
            yield name, value
        case list():
            for number, entry in enumerate(value, 1):
                members = entry.items() if isinstance(entry, dict) else [("", entry)]
                for member, inner in members:
                    yield from _flat(f"{name}.{number}{'.' if member else ''}{member}", inner)
        case dict():
            yield name, json.dumps(value, ensure_ascii=False)
        case _:
            yield name, str(value)
