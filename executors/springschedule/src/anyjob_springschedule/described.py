"""What an application tells of its methods. It is a stranger's word: read with limits, and left out where it does not
fit."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from anyjob.outcome import Json

__all__ = ["Method", "Trigger", "read_methods"]

_Name = Annotated[str, Field(min_length=1, max_length=1000)]
_Text = Annotated[str, Field(max_length=4000)]
_Millis = Annotated[int, Field(ge=0)]


class _Part(BaseModel):
    model_config = ConfigDict(frozen=True, extra="ignore")


class Trigger(_Part):
    """One @Scheduled. `gap`: seconds between the next two times of the cron; the others in milliseconds."""

    cron: _Text | None = None
    zone: _Text = ""
    gap: int | None = None
    fixed_rate: Annotated[_Millis | None, Field(alias="fixedRate")] = None
    fixed_delay: Annotated[_Millis | None, Field(alias="fixedDelay")] = None
    initial_delay: Annotated[_Millis | None, Field(alias="initialDelay")] = None
    unreadable: _Text = ""

    def __str__(self) -> str:
        words: list[str] = []
        if self.cron is not None:
            words.append("never by Spring" if self.cron == "-" else f"cron {self.cron}")
        if self.zone:
            words.append(self.zone)
        for name, millis in (
            ("fixedRate", self.fixed_rate),
            ("fixedDelay", self.fixed_delay),
            ("initialDelay", self.initial_delay),
        ):
            if millis is not None:
                words.append(f"{name} {millis / 1000:g} s")
        if self.unreadable:
            words.append(f"({self.unreadable})")
        return " ".join(words) or "no trigger"


class Method(_Part):
    """A method of a bean. `class_name` is the user's class of the bean; `declared` the class in which it is written,
    where that is another. `refused`: why it cannot be called."""

    bean: _Name
    class_name: Annotated[_Name, Field(alias="class")]
    declared: _Name | None = None
    method: _Name
    triggers: Annotated[tuple[Trigger, ...], Field(max_length=100)] = ()
    taken: bool = False
    is_async: Annotated[bool, Field(alias="async")] = False
    note: _Text = ""
    refused: _Text = ""

    @property
    def plain_name(self) -> str:
        """How jobs name it, where it is the only one of its class and name."""
        return f"{self.class_name}#{self.method}"

    @property
    def classes(self) -> set[str]:
        """The class names by which a job can mean it."""
        return {self.class_name, self.declared or self.class_name}

    def to_json(self) -> dict[str, Json]:
        """As the application told it, without what is as usual."""
        return self.model_dump(mode="json", by_alias=True, exclude_defaults=True) | {"taken": self.taken}


def read_methods(details: Mapping[str, Json]) -> list[Method]:
    """By class, method and bean."""
    found: list[Method] = []
    for said in details.values():
        try:
            found.append(Method.model_validate(said))
        except ValidationError:
            continue
    return sorted(found, key=lambda one: (one.class_name, one.method, one.bean))
