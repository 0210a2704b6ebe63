"""The JSON Schema of a job.

Source: JSON Schema 2020-12, Core and Validation.
"""

from __future__ import annotations

from pydantic import JsonValue

from anyjob.job.field import Needed
from anyjob.job.job import JOB_FIELDS

__all__ = ["job_schema"]


def job_schema(*, strict: bool = False) -> dict[str, JsonValue]:
    """JSON Schema 2020-12 of a job as a file or `from_wire` takes it, in the canonical spellings.

    For editors and forms. It is narrower than `from_wire`, which also takes numbers as text and other spellings of
    words, and it cannot say what two fields mean together. `strict` requires what CreateJob requires.
    """
    properties: dict[str, JsonValue] = {}
    for item in JOB_FIELDS:
        properties[item.name] = {**item.rule.schema(), "description": item.about}
        if item.needed is Needed.NEVER and (written := item.rule.write(item.default)) not in ("", []):
            properties[item.name] = {**item.rule.schema(), "description": item.about, "default": written}
    required = [
        item.name
        for item in JOB_FIELDS
        if item.needed in ((Needed.ALWAYS, Needed.CREATE) if strict else (Needed.ALWAYS,))
    ]
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": "Job",
        "type": "object",
        "properties": properties,
        "required": [*required],
        "additionalProperties": False,
    }
