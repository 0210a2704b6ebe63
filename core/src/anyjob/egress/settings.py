"""The part [egress] of the settings."""

from __future__ import annotations

from functools import cached_property
from typing import Annotated

from pydantic import AfterValidator, BaseModel, ConfigDict, Field

from anyjob.egress.rule import Rule

__all__ = ["EgressSettings"]


def _rule(text: str) -> str:
    Rule.parse(text)
    return text


class EgressSettings(BaseModel):
    """Where calls may go.

    An entry is a network, an address, a host or `*.host`, each with `:PORT` or `:FROM-TO` if it means those ports only.
    `deny` wins. `allow` None: everything that is not denied. Link-local and metadata addresses are refused whatever
    `allow` says, unless an entry lies within them.
    """

    model_config = ConfigDict(extra="forbid", frozen=True, defer_build=True)

    allow: Annotated[
        tuple[Annotated[str, AfterValidator(_rule)], ...] | None, Field(description="the only places to call")
    ] = None
    deny: Annotated[
        tuple[Annotated[str, AfterValidator(_rule)], ...], Field(description="places that are never called")
    ] = ()

    @cached_property
    def allow_rules(self) -> tuple[Rule, ...] | None:
        """`allow`, parsed."""
        return None if self.allow is None else tuple(map(Rule.parse, self.allow))

    @cached_property
    def deny_rules(self) -> tuple[Rule, ...]:
        """`deny`, parsed."""
        return tuple(map(Rule.parse, self.deny))
