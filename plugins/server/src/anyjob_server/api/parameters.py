"""The parameters of a request: query and form are one, the form wins.

Sources: SchedulerX API, SDK, where each parameter travels; Alibaba Cloud API, signature V2, the common parameters.
"""

from __future__ import annotations

import binascii
import re
from collections.abc import Iterable, Iterator, Mapping
from typing import Final, cast
from urllib.parse import unquote_to_bytes

from anyjob.jsontext import BadJson, parse_json
from anyjob_server.api.errors import MalformedRequest, MissingParameter, TooManyParameters, WrongParameter

__all__ = ["MOST_PARAMETERS", "Parameters", "read_pairs"]

MOST_PARAMETERS: Final = 10_000
"""In query and form each; no operation takes as many."""

_WHOLE: Final = re.compile(r"-?[0-9]{1,19}")
_INT64: Final = 2**63
_LONG: Final = 64
_BROKEN: Final = re.compile(rb"%(?![0-9A-Fa-f]{2})")
_MEMBER: Final = re.compile(r"([1-9][0-9]{0,5})(?:\.(.+))?")


def read_pairs(text: bytes, where: str) -> list[tuple[str, str]]:
    """Names and values of a query or form, decoded, in their order; blank values stay, `+` is a space.

    `where` names it in messages. Raises TooManyParameters, and MalformedRequest for bytes that are not UTF-8 and for a
    name that comes twice: two readers might take different ones.
    """
    if not text:
        return []
    if text.count(b"&") >= MOST_PARAMETERS:
        raise TooManyParameters(MOST_PARAMETERS)
    pairs: list[tuple[str, str]] = []
    try:
        plain = b"%" not in text and b"+" not in text
        for part in text.decode().split("&"):
            if part:
                name, _, value = part.partition("=")
                pairs.append((name, value) if plain else (_decoded(name), _decoded(value)))
    except UnicodeDecodeError:
        raise MalformedRequest(f"the {where} is not UTF-8") from None
    if len(pairs) != len({name for name, _ in pairs}):
        raise MalformedRequest(f"the {where} has a parameter twice")
    return pairs


def _decoded(text: str) -> str:
    # As parse_qsl reads it, in half the time: most texts have nothing to decode.
    if "+" in text:
        text = text.replace("+", " ")
    if "%" not in text:
        return text
    data = text.encode()
    if len(data) < _LONG or _BROKEN.search(data):
        return unquote_to_bytes(data).decode()
    # Quoted-printable but for the sign, and its decoder is C: a script of 2 MB takes 15 ms in place of 200.
    return binascii.a2b_qp(data.replace(b"=", b"=3D").replace(b"%", b"=")).decode()


class Parameters(Mapping[str, str]):
    """All parameters by name, with getters by type that raise MissingParameter or WrongParameter.

    A blank value is kept here, and read as "not given" by every getter but `blank_or`.
    """

    __slots__ = ("_all",)

    def __init__(self, pairs: Mapping[str, str] | Iterable[tuple[str, str]]) -> None:
        self._all = dict(pairs)

    def __getitem__(self, name: str) -> str:
        return self._all[name]

    def __iter__(self) -> Iterator[str]:
        return iter(self._all)

    def __len__(self) -> int:
        return len(self._all)

    def text(self, name: str, default: str = "") -> str:
        """The value, or the default where it is blank or not there."""
        return self._all.get(name) or default

    def blank_or(self, name: str) -> str | None:
        """The value, which may be blank, or None where the parameter is not there: for updates that clear a text."""
        return self._all.get(name)

    def needed(self, name: str) -> str:
        """The value of a parameter that must be there. Raises MissingParameter."""
        value = self._all.get(name)
        if not value:
            raise MissingParameter(name, self._all)
        return value

    def integer(self, name: str, *, least: int = -_INT64, most: int = _INT64 - 1) -> int | None:
        """A whole number, or None where it is not given. Raises WrongParameter."""
        value = self._all.get(name)
        if not value:
            return None
        if not _WHOLE.fullmatch(value):
            raise WrongParameter(name, value, "is not a whole number")
        if not least <= (number := int(value)) <= most:
            raise WrongParameter(name, value, f"is out of range: write {least} to {most}")
        return number

    def needed_integer(self, name: str) -> int:
        """A whole number that must be there. Raises MissingParameter."""
        number = self.integer(name)
        if number is None:
            raise MissingParameter(name, self._all)
        return number

    def flag(self, name: str) -> bool | None:
        """True or false, in any case; None where it is not given. Raises WrongParameter."""
        value = self._all.get(name)
        if not value:
            return None
        word = value.lower()
        if word not in ("true", "false"):
            raise WrongParameter(name, value, "is neither true nor false")
        return word == "true"

    def integers(self, name: str) -> list[int]:
        """A list that must hold something: `Name.1=5&Name.2=6`, or one JSON text, `Name=[5,6]`.

        Raises MissingParameter or WrongParameter.
        """
        members = self.members(name)
        values = [value for _, value in members]
        if any(isinstance(value, dict) for value in values):
            raise WrongParameter(name, "", "is a list of whole numbers: write Name.1=5&Name.2=6".replace("Name", name))
        texts = [str(value) for value in values] or self._json_list(name)
        if not texts:
            raise MissingParameter(name, self._all)
        for text in texts:
            if not _WHOLE.fullmatch(text) or not -_INT64 <= int(text) < _INT64:
                raise WrongParameter(name, text, "is not a whole number")
        return [int(text) for text in texts]

    def members(self, name: str) -> list[tuple[int, str | dict[str, str]]]:
        """What `Name.N` and `Name.N.Member` say, by N: a text each, or an object each. Gaps in N are allowed.

        Raises WrongParameter.
        """
        found: dict[int, str | dict[str, str]] = {}
        prefix = name + "."
        for key, value in self._all.items():
            if not key.startswith(prefix):
                continue
            place = _MEMBER.fullmatch(key, len(prefix))
            if place is None:
                raise WrongParameter(key, value, f"is no place in a list: write {name}.1, {name}.2")
            number, member = int(place[1]), cast("str | None", place[2])
            if member is None:
                kept = found.setdefault(number, value)
            else:
                kept = found.setdefault(number, {})
                if isinstance(kept, dict):
                    kept[member] = value
            if isinstance(kept, dict) is (member is None):
                raise WrongParameter(key, value, "is given as a value and as an object")
        return sorted(found.items())

    def _json_list(self, name: str) -> list[str]:
        text = self._all.get(name)
        if not text:
            return []
        try:
            read = parse_json(text)
        except BadJson as bad:
            raise WrongParameter(name, text, bad.remedy) from None
        if not isinstance(read, list):
            raise WrongParameter(name, text, "is not a list")
        return [str(item) if isinstance(item, (int, str)) and not isinstance(item, bool) else "" for item in read]
