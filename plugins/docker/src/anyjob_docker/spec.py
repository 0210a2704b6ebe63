"""What a docker job reads out of a job, beside the launcher's options."""

from __future__ import annotations

from typing import Annotated, TypeAlias

from pydantic import BeforeValidator, Field, WithJsonSchema

from anyjob.jsontext import parse_json
from anyjob.problem import WrongValue
from anyjob.spec import At, Spec, Text

__all__ = ["DockerSpec"]

_LEGAL = 'write a JSON list of texts, as ["--verbose", "input.csv"], or leave it empty'


def _arguments(value: object) -> object:
    if not isinstance(value, str):
        return value
    if not value.strip():
        return ()
    try:
        found = parse_json(value)
    except WrongValue as wrong:
        raise ValueError(f"{wrong.remedy}; {_LEGAL}") from None
    if not isinstance(found, list) or not all(isinstance(word, str) for word in found):
        raise ValueError(f"is no list of texts; {_LEGAL}")
    return tuple(found)


_Arguments: TypeAlias = Annotated[
    tuple[Text, ...], BeforeValidator(_arguments), WithJsonSchema({"type": "array", "items": {"type": "string"}})
]


class DockerSpec(Spec):
    """Content: arguments for the image's own entry point; empty: the image's own command."""

    arguments: Annotated[
        _Arguments, Field(description="the arguments for the image's own entry point"), At("Content")
    ] = ()
