"""How the two list fields of a job's alerts are read and written: SendChannel and ContactInfo.

Source: SchedulerX API, CreateJob, "SendChannel", "ContactInfo".
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final, cast

from pydantic import JsonValue

from anyjob.job.contact import Contact
from anyjob.job.rules import Report, Rule, Text, listed
from anyjob.job.words import Channel
from anyjob.jsontext import parse_json
from anyjob.nearest import did_you_mean
from anyjob.problem import Problem, WrongValue, short, shown

__all__ = ["Channels", "Contacts"]

_MEMBERS: Final = {"UserName": "user_name", "UserPhone": "user_phone", "UserMail": "user_mail", "Ding": "ding"}


class Channels(Rule):
    """Channel words, on the wire with commas between. Older SchedulerX clients write `ding` for a webhook."""

    def read(self, value: object, field: str, report: Report) -> object:
        words: list[object] = list(value.split(",")) if isinstance(value, str) else _a_list(value)
        chosen = dict.fromkeys(self._channel(word) for word in words)
        if not chosen:
            raise WrongValue(f"names no channel; write {listed([*Channel], 'or')}")
        if Channel.DEFAULT in chosen and len(chosen) > 1:
            raise WrongValue("names default beside others; write default alone, or the others without it")
        return tuple(chosen)

    def write(self, value: Any) -> JsonValue:
        return ",".join(value)

    def schema(self) -> dict[str, JsonValue]:
        one = f"({'|'.join(Channel)})"
        return {"type": "string", "pattern": f"^{one}(,{one})*$"}

    def _channel(self, word: object) -> Channel:
        text = word.strip().lower() if isinstance(word, str) else shown(word)
        try:
            return Channel("webhook" if text == "ding" else text)
        except ValueError:
            hint = did_you_mean(text, [*Channel])
            raise WrongValue(
                f"holds {short(text)!r}, which is no channel; {hint + ' Allowed:' if hint else 'write'} "
                f"{listed([*Channel], 'or')}, with commas between"
            ) from None


class Contacts(Rule):
    """A list of contacts. Problems name the entry and the member as the wire does: `ContactInfo.1.UserMail`."""

    def __init__(self) -> None:
        self.text = Text(one_line=True)

    def read(self, value: object, field: str, report: Report) -> object:
        entries = _a_list(parse_json(value) if isinstance(value, str) else value)
        return tuple(self._contact(entry, f"{field}.{number}", report) for number, entry in enumerate(entries, 1))

    def write(self, value: Any) -> JsonValue:
        return [
            {name: text for name, attribute in _MEMBERS.items() if (text := getattr(contact, attribute))}
            for contact in value
        ]

    def schema(self) -> dict[str, JsonValue]:
        members: dict[str, JsonValue] = {name: {"type": "string"} for name in _MEMBERS}
        return {
            "type": "array",
            "items": {"type": "object", "properties": members, "additionalProperties": False},
        }

    def _contact(self, entry: object, field: str, report: Report) -> Contact:
        if isinstance(entry, Contact):
            entry = {name: getattr(entry, attribute) for name, attribute in _MEMBERS.items()}
        if not isinstance(entry, Mapping):
            report(
                Problem(
                    field=field, value=shown(entry), remedy=f"is not an object; write one with {', '.join(_MEMBERS)}"
                )
            )
            return Contact()
        made: dict[str, str] = {}
        for name, value in cast("Mapping[object, object]", entry).items():
            inner = f"{field}.{name}"
            if not (isinstance(name, str) and name in _MEMBERS):
                hint = did_you_mean(str(name), _MEMBERS) or f"write {listed([*_MEMBERS], 'or')}"
                report(Problem(field=inner, value=shown(value), remedy=f"is not a field of a contact; {hint}"))
                continue
            if value is None:
                continue
            try:
                made[_MEMBERS[name]] = cast("str", self.text.read(value, inner, report))
            except WrongValue as wrong:
                report(wrong.problem(inner, value))
        return Contact(**made)


def _a_list(value: object) -> list[object]:
    if not isinstance(value, (list, tuple)):
        raise WrongValue("is not a list; write it as [...]")
    return list(cast("list[object]", value))
