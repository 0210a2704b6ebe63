"""The fields that a TOML file gives to its job type, and the spec that they make."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any, Final, Literal, Self

from pydantic import (
    AfterValidator,
    BaseModel,
    ConfigDict,
    Field,
    JsonValue,
    TypeAdapter,
    ValidationError,
    create_model,
    model_validator,
)
from pydantic_core import SchemaError

from anyjob.outcome import Json
from anyjob.problem import shown
from anyjob.spec import At, Spec
from anyjob.spec.place import TEXTS, layout

__all__ = ["FieldTable", "make_spec"]

_TYPES: Final[Mapping[str, Any]] = {
    "string": str,
    "integer": int,
    "number": float,
    "boolean": bool,
    "array": list[JsonValue],
    "object": dict[str, JsonValue],
}


class FieldTable(BaseModel):
    """One field of the spec: `[fields.NAME]`.

    `at` is its place, or several, as in At. `fill`: its placeholders are filled for each run. `required` fields have no
    default; others are null without one.
    """

    model_config = ConfigDict(extra="forbid", frozen=True, defer_build=True)

    at: str | Annotated[list[str], Field(min_length=1)]
    type: Literal["string", "integer", "number", "boolean", "array", "object"] = "string"
    description: str = ""
    required: bool = False
    default: JsonValue = None
    enum: Annotated[list[JsonValue], Field(min_length=1)] | None = None
    minimum: float | None = None
    maximum: float | None = None
    pattern: str | None = None
    fill: bool = False

    @property
    def places(self) -> list[str]:
        return [self.at] if isinstance(self.at, str) else list(self.at)

    @model_validator(mode="after")
    def _fits(self) -> Self:
        if self.required and self.default is not None:
            raise ValueError("is required and has a default; keep one of them")
        if self.type in ("array", "object") and any(place in TEXTS for place in self.places):
            raise ValueError(f"is an {self.type} in a place that holds text; write Content.$.key or XAttrs.$.key")
        numeric = self.type in ("integer", "number")
        if not numeric and (self.minimum is not None or self.maximum is not None):
            raise ValueError(f"has a minimum or maximum, and its type is {self.type}; take them out")
        if self.type != "string" and (self.pattern is not None or self.fill):
            raise ValueError(f"has a pattern or fill, and its type is {self.type}; take them out")
        return self

    def annotation(self) -> Any:
        """What pydantic makes of it."""
        kind: Any = _TYPES[self.type]
        rules: dict[str, Any] = {"ge": self.minimum, "le": self.maximum, "pattern": self.pattern}
        given: dict[str, Any] = {name: value for name, value in rules.items() if value is not None}
        if given:
            kind = Annotated[kind, Field(**given)]
        if self.enum is not None:
            kind = Annotated[kind, AfterValidator(_one_of(self.enum)), Field(json_schema_extra={"enum": self.enum})]
        if not self.required and self.default is None:
            kind = kind | None
        first, *others = self.places
        return Annotated[kind, At(first, tuple(others)), Field(description=self.description or None)]


def make_spec(job_type: str, fields: Mapping[str, FieldTable]) -> type[Spec]:
    """The spec of the job type. Raises ValueError for fields that make none, and for defaults that do not fit."""
    made: dict[str, Any] = {}
    for name, table in fields.items():
        if hasattr(Spec, name):
            raise ValueError(f"fields.{name} has a name that every spec uses itself; choose another")
        _check(name, table)
        made[name] = (
            table.annotation(),
            ... if table.required else Field(default=table.default, validate_default=True),
        )
    title = "".join(part.capitalize() for part in job_type.replace("_", "-").replace(".", "-").split("-"))
    try:
        model: type[Spec] = create_model(f"{title}Spec", __base__=Spec, **made)
        layout(model)
    except TypeError as error:
        raise ValueError(str(error)) from error
    return model


def _check(name: str, table: FieldTable) -> None:
    """Raises ValueError, which names the field, when nothing can be made of its rules or the default breaks them."""
    try:
        alone: TypeAdapter[Any] = TypeAdapter(table.annotation())
    except SchemaError as error:
        raise ValueError(f"fields.{name}.pattern: {str(error).strip().splitlines()[-1].strip()}; correct it") from None
    if table.default is None:
        return
    try:
        alone.validate_python(table.default)
    except ValidationError:
        raise ValueError(
            f"fields.{name}.default: {shown(table.default)!r} does not fit the field; correct it"
        ) from None


def _one_of(allowed: list[Json]) -> Any:
    def check(value: object) -> object:
        if value not in allowed:
            raise ValueError(f"is not allowed; write {', '.join(shown(word) for word in allowed)}")
        return value

    return check
