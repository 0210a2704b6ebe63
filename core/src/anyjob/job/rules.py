"""How the value of one field is read, written and described."""

from __future__ import annotations

import re
from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping
from enum import Enum, IntEnum, StrEnum
from typing import Any, Final, cast

from pydantic import JsonValue

from anyjob.jsontext import copy_json, dump_json, parse_json
from anyjob.nearest import did_you_mean
from anyjob.problem import Problem, WrongValue

__all__ = ["Attributes", "Choice", "Flag", "Report", "Rule", "Text", "TextOrJson", "Whole", "listed"]

Report = Callable[[Problem], None]

_INT32: Final = 2**31 - 1
_WHOLE: Final = re.compile(r"-?[0-9]{1,19}")
_UNPRINTED: Final = re.compile("[\x00-\x1f\x7f-\x9f\u2028\u2029]")


class Rule(ABC):
    """What one field may hold. It reads the wire's spelling and Python's alike, and its own result again."""

    @abstractmethod
    def read(self, value: object, field: str, report: Report) -> object:
        """The value as the Job holds it. Raises WrongValue; a Problem deeper inside goes to `report` instead."""

    def write(self, value: Any) -> JsonValue:
        """The value as it goes over the wire."""
        return value

    @abstractmethod
    def schema(self) -> dict[str, JsonValue]:
        """JSON Schema of the canonical spelling."""


class Text(Rule):
    """Text without NUL. `one_line` refuses every control character: names are shown in logs and terminals."""

    def __init__(
        self,
        *,
        shortest: int = 0,
        longest: int | None = None,
        longest_bytes: int | None = None,
        one_line: bool = False,
        convert: Callable[[str], object] | None = None,
    ) -> None:
        self.shortest, self.longest, self.longest_bytes = shortest, longest, longest_bytes
        self.one_line, self.convert = one_line, convert

    def read(self, value: object, field: str, report: Report) -> object:
        if isinstance(value, int) and not isinstance(value, bool):
            value = str(value)
        if not isinstance(value, str):
            raise WrongValue("is not text; put it in quotes")
        text = str(value)
        self._characters(text)
        if self.longest is not None and len(text) > self.longest:
            raise WrongValue(f"has {len(text)} characters; at most {self.longest} are allowed")
        if len(text) < self.shortest:
            raise WrongValue(f"is empty; write {self.shortest} to {self.longest} characters")
        if self.longest_bytes is not None and (size := len(text.encode())) > self.longest_bytes:
            raise WrongValue(f"has {size} bytes in UTF-8; at most {self.longest_bytes} are allowed")
        if self.convert is not None and text:
            text = self.convert(text)
        return text

    def schema(self) -> dict[str, JsonValue]:
        made: dict[str, JsonValue] = {"type": "string"}
        if self.shortest:
            made["minLength"] = self.shortest
        if self.longest is not None:
            made["maxLength"] = self.longest
        return made

    def _characters(self, text: str) -> None:
        if self.one_line and (bad := _UNPRINTED.search(text)):
            raise WrongValue(
                f"holds the control character U+{ord(bad.group()):04X} at character {bad.start() + 1}; take it out"
            )
        if (nul := text.find("\0")) >= 0:
            line, column = text.count("\n", 0, nul) + 1, nul - text.rfind("\n", 0, nul)
            raise WrongValue(f"holds a NUL byte at line {line}, column {column}; take it out")
        if not text.isascii():
            copy_json(text)


class TextOrJson(Text):
    """Text; from a file also an object or a list, which becomes its JSON text."""

    def read(self, value: object, field: str, report: Report) -> object:
        if isinstance(value, (Mapping, list)):
            value = dump_json(copy_json(cast("object", value)))
        return super().read(value, field, report)

    def schema(self) -> dict[str, JsonValue]:
        return {"type": ["string", "object", "array"]}


class Whole(Rule):
    """A whole number, also as its digits."""

    def __init__(self, lowest: int = 0, highest: int = _INT32) -> None:
        self.lowest, self.highest = lowest, highest

    def read(self, value: object, field: str, report: Report) -> object:
        if isinstance(value, str) and _WHOLE.fullmatch(value):
            value = int(value)
        if not isinstance(value, int) or isinstance(value, bool):
            raise WrongValue(f"is not a whole number; write {self.lowest} to {self.highest}")
        if not self.lowest <= value <= self.highest:
            raise WrongValue(f"is out of range; write {self.lowest} to {self.highest}")
        return int(value)

    def schema(self) -> dict[str, JsonValue]:
        return {"type": "integer", "minimum": self.lowest, "maximum": self.highest}


class Flag(Rule):
    """True or false. The Python SDK sends `True`, the others `true`."""

    def read(self, value: object, field: str, report: Report) -> object:
        if isinstance(value, bool):
            return value
        if isinstance(value, str) and value.lower() in ("true", "false"):
            return value.lower() == "true"
        raise WrongValue("is neither true nor false; write one of them")

    def schema(self) -> dict[str, JsonValue]:
        return {"type": "boolean"}


class Choice(Rule):
    """One word or number of an enum; a number also by its name, a word by its other spellings."""

    def __init__(self, members: type[StrEnum | IntEnum], aliases: Mapping[str, Enum] | None = None) -> None:
        self.members, self.by_number = members, issubclass(members, IntEnum)
        self.words: dict[str, Enum] = {_word(member): member for member in members}
        self.spellings = {**{str(member.value): member for member in members}, **self.words, **(aliases or {})}

    def read(self, value: object, field: str, report: Report) -> object:
        return self.choose(value)

    def choose(self, value: object) -> Enum:
        """The member that `value` means. Raises WrongValue."""
        if isinstance(value, self.members):
            return value
        text = str(value) if isinstance(value, (str, int)) and not isinstance(value, bool) else ""
        chosen = self.spellings.get(text, self.spellings.get(text.lower().replace("-", "_")))
        if chosen is None:
            hint = did_you_mean(text, self.words)
            raise WrongValue(f"is not allowed; {hint + ' Allowed:' if hint else 'write'} {listed(self._legal(), 'or')}")
        return chosen

    def write(self, value: Any) -> JsonValue:
        return int(value) if self.by_number else str(value)

    def schema(self) -> dict[str, JsonValue]:
        numbers: list[JsonValue] = [member.value for member in self.members] if self.by_number else []
        return {"enum": [*numbers, *self.words]}

    def _legal(self) -> list[str]:
        return [f"{m.value} ({word})" if self.by_number else word for word, m in self.words.items()]


class Attributes(Rule):
    """XAttrs: an object, on the wire as its JSON text."""

    def read(self, value: object, field: str, report: Report) -> object:
        made = parse_json(value) if isinstance(value, str) else copy_json(value)
        if not isinstance(made, dict):
            raise WrongValue('is not an object; write it as {"key": value}')
        return made

    def write(self, value: Any) -> JsonValue:
        return dump_json(value) if value else ""

    def schema(self) -> dict[str, JsonValue]:
        return {"type": ["object", "string"]}


def listed(words: list[str], last: str) -> str:
    """`a, b or c`."""
    return f" {last} ".join(filter(None, [", ".join(words[:-1]), words[-1]]))


def _word(member: Enum) -> str:
    return member.name.lower() if isinstance(member, IntEnum) else str(member.value)
