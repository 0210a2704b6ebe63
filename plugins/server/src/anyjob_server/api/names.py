"""Texts of namespaces and app groups."""

from __future__ import annotations

from anyjob.jsontext import BadJson, parse_json
from anyjob_server.api.errors import WrongParameter

__all__ = ["checked_json", "checked_name"]

_LONGEST = 100


def checked_name(parameter: str, text: str) -> str:
    """A name or id as it is: at most 100 characters, none of which a terminal would act on. Raises WrongParameter."""
    if len(text) > _LONGEST:
        raise WrongParameter(parameter, text, f"has {len(text)} characters; at most {_LONGEST} are allowed")
    if not text.isprintable() or text != text.strip():
        raise WrongParameter(parameter, text, "has control characters, or space at an end; take them out")
    return text


def checked_json(parameter: str, text: str, kind: type[dict[str, object] | list[object]]) -> str:
    """A JSON text as it is, of an object or a list; blank stays blank. Raises WrongParameter."""
    if not text:
        return ""
    try:
        read = parse_json(text)
    except BadJson as bad:
        raise WrongParameter(parameter, text, bad.remedy) from None
    if not isinstance(read, kind):
        raise WrongParameter(parameter, text, f"is no JSON {'object' if kind is dict else 'list'}")
    return text
