"""The schema of a job with its type's places."""

from __future__ import annotations

from typing import Annotated, Any, cast

from pydantic import BaseModel, Field

from anyjob.job import JOB_FIELDS
from anyjob.spec import At, CommonXAttrs, Spec
from anyjob.spec.mode import ModeXAttrs
from anyjob.spec.schema import spec_schema


class XAttrs(BaseModel):
    """A class of a plugin may have any name."""

    deep: int = 1


class ScriptSpec(Spec):
    script: Annotated[str, Field(description="the script"), At("Content")]
    command: Annotated[str | None, At("XAttrs.$.command")] = None
    image: Annotated[str, At("XAttrs.$.image")]
    more: Annotated[XAttrs, At("XAttrs.$.more")] = XAttrs()


class CallSpec(Spec):
    url: Annotated[str, At("Content.$.url")]
    retries: Annotated[int, At("Content.$.options.retries")]
    handler: Annotated[str, At("Content.$.handler", ("ClassName",))]


def schema(*models: type[Spec]) -> dict[str, Any]:
    return cast("dict[str, Any]", spec_schema(*models))


def test_every_field_of_a_job_is_there_by_its_api_name() -> None:
    made = schema(CommonXAttrs, ScriptSpec)
    assert made["$schema"] == "https://json-schema.org/draft/2020-12/schema"
    assert set(made["properties"]) == {item.name for item in JOB_FIELDS}


def test_text_field_stands_at_its_place_with_its_description() -> None:
    made = schema(ScriptSpec)
    assert made["properties"]["Content"] == {"type": "string", "description": "the script"}
    assert made["required"] == ["JobType", "Name", "Content", "XAttrs"]


def test_xattrs_holds_the_keys_of_all_owners_and_no_others() -> None:
    made = schema(CommonXAttrs, ModeXAttrs, ScriptSpec)
    xattrs = made["$defs"]["Job.XAttrs"]
    assert {"limits", "grace", "pageSize", "command", "image", "more"} <= set(xattrs["properties"])
    assert xattrs["additionalProperties"] is False
    assert xattrs["required"] == ["image"]
    assert made["$defs"]["XAttrs"]["properties"]["deep"]["type"] == "integer"


def test_json_place_may_also_be_its_text() -> None:
    ways = schema(ScriptSpec)["properties"]["XAttrs"]["anyOf"]
    body = {"$ref": "#/$defs/Job.XAttrs"}
    assert ways == [body, {"type": "string", "contentMediaType": "application/json", "contentSchema": body}]


def test_keys_of_content_nest_and_only_lonely_places_are_required() -> None:
    content = schema(CallSpec)["$defs"]["Job.Content"]
    assert content["required"] == ["options", "url"]
    assert content["properties"]["options"]["required"] == ["retries"]
    assert "handler" in content["properties"]


def test_every_reference_leads_somewhere() -> None:
    made = schema(CommonXAttrs, ModeXAttrs, ScriptSpec, CallSpec)

    def references(value: object) -> set[str]:
        if isinstance(value, dict):
            inner = cast("dict[str, object]", value)
            own = {str(inner["$ref"])} if "$ref" in inner else set[str]()
            return own.union(*(references(item) for item in inner.values()))
        if isinstance(value, list):
            return set[str]().union(*(references(item) for item in cast("list[object]", value)))
        return set()

    found = references(made)
    assert found
    assert found == {f"#/$defs/{name}" for name in made["$defs"]}


def test_a_size_may_be_written_with_a_unit() -> None:
    limits = schema(CommonXAttrs)["$defs"]["Limits"]["properties"]["memory"]
    assert limits["anyOf"][0]["type"] == ["integer", "string"]
