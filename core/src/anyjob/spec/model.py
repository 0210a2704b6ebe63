"""A spec: the fields that one JobType, launcher or mode reads out of a job, each with the place where it lives."""

from __future__ import annotations

from dataclasses import dataclass

from pydantic import BaseModel, ConfigDict

__all__ = ["At", "Spec"]


@dataclass(frozen=True, slots=True)
class At:
    """Where a field of a spec lives in a job.

    `place` is `Content`, `ClassName`, `Parameters`, `Template`, or a key inside JSON: `Content.$.url`,
    `XAttrs.$.image`. With `others` the first place that is present wins, and two that differ are a Problem.
    """

    place: str
    others: tuple[str, ...] = ()

    @property
    def places(self) -> tuple[str, ...]:
        """All places, in the order in which they are asked."""
        return (self.place, *self.others)


class Spec(BaseModel):
    """Base of every spec: frozen, and nothing unknown passes.

        class SqlSpec(Spec):
            query: Annotated[str, At("Content")]
            database: Annotated[str, At("XAttrs.$.database")]

    A field's `description` completes a sentence ("the statement to execute"): messages, schemas and forms use it.
    Validators raise ValueError with what is wrong and what to write ("is no table; write schema.table"); their text
    follows the value. A text that is empty and a JSON null count as not given.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)
