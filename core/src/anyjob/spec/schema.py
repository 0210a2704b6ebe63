"""The JSON Schema of a job with everything that is known about its places.

Source: JSON Schema 2020-12, Core and Validation.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final, cast

from pydantic.json_schema import JsonSchemaMode, models_json_schema

from anyjob.job import job_schema
from anyjob.outcome import Json
from anyjob.spec.model import Spec
from anyjob.spec.place import layout

__all__ = ["spec_schema"]

_Object = dict[str, Any]
_MODE: Final[JsonSchemaMode] = "validation"


def spec_schema(*models: type[Spec]) -> dict[str, Json]:
    """JSON Schema 2020-12 of a job that the models read: its type's spec, core's common keys, its launcher's options.

    Every field of a job by its API name; a field of a model stands at each of its places. XAttrs and a Content that is
    read as JSON may also be written as their JSON text. Places are required only where a field has no other.
    """
    found, definitions = models_json_schema([(model, _MODE) for model in models])
    shared = cast("_Object", definitions.get("$defs", {}))
    names = {model: cast("str", found[(model, _MODE)]["$ref"]).rsplit("/", 1)[1] for model in models}
    objects: dict[str, _Object] = {}
    texts: dict[str, _Object] = {}
    required: set[str] = set()
    for model, described in names.items():
        _spread(model, shared[described], objects, texts, required)
    schema = cast("_Object", job_schema())
    properties = cast("_Object", schema["properties"])
    for root in {**texts, **objects}:
        about = texts.get(root, {}).get("description") or properties[root]["description"]
        properties[root] = {**_alternatives(root, objects, texts), "description": about}
    schema["required"] = [*schema["required"], *sorted(required)]
    schema["$defs"] = {
        **{name: body for name, body in shared.items() if name not in names.values()},
        **{f"Job.{root}": body for root, body in objects.items()},
    }
    return schema


def _spread(
    model: type[Spec], described: _Object, objects: dict[str, _Object], texts: dict[str, _Object], required: set[str]
) -> None:
    """Put every field of one model to its places."""
    needed = set(cast("list[str]", described.get("required", [])))
    for name, places in layout(model).items():
        field = _field(described["properties"][name])
        alone = name in needed and len(places) == 1
        required |= {place.root for place in places if alone and place.root != "GroupId"}
        for place in places:
            if place.keys:
                _put(objects.setdefault(place.root, _empty_object()), place.keys, field, required=alone)
            elif place.root != "GroupId":
                texts[place.root] = field


def _empty_object() -> _Object:
    return {"type": "object", "properties": {}, "additionalProperties": False}


def _field(schema: _Object) -> _Object:
    """Without the title, which pydantic makes of the Python name, and without a default that means: not given."""
    return {key: value for key, value in schema.items() if key != "title" and not (key == "default" and value is None)}


def _put(body: _Object, keys: tuple[str, ...], field: _Object, *, required: bool) -> None:
    for key in keys[:-1]:
        if required:
            body["required"] = sorted({*body.get("required", []), key})
        body = body["properties"].setdefault(key, _empty_object())
    body["properties"][keys[-1]] = field
    if required:
        body["required"] = sorted({*body.get("required", []), keys[-1]})


def _alternatives(root: str, objects: Mapping[str, _Object], texts: Mapping[str, _Object]) -> _Object:
    ways: list[_Object] = []
    if root in objects:
        body = {"$ref": f"#/$defs/Job.{root}"}  # the dot keeps it apart from any class of that name
        ways += [body, {"type": "string", "contentMediaType": "application/json", "contentSchema": body}]
    if root in texts:
        if root in objects:
            ways.pop()  # any text will do
        ways.append(texts[root])
    return ways[0] if len(ways) == 1 else {"anyOf": ways}
