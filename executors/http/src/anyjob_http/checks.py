"""Checks of single values of a spec. Each raises ValueError with what is wrong and what to write.

Sources: RFC 9110, 5 (fields) and 9.1 (methods); RFC 7617, 2 (Basic).
"""

from __future__ import annotations

import codecs
import re
from collections.abc import Iterable
from difflib import get_close_matches
from typing import Final, cast

from anyjob.egress import read_url
from anyjob.problem import WrongValue

__all__ = [
    "PLACEHOLDER",
    "SECRET",
    "charset",
    "charset_of",
    "header_name",
    "header_value",
    "one_line",
    "pattern_of",
    "status_matches",
    "statuses_of",
    "token",
    "url_of",
    "user_name",
]

SECRET: Final = re.compile(r"#\{secret\.([A-Za-z_][A-Za-z0-9_]*)\}")
PLACEHOLDER: Final = re.compile(r"#\{[^}]*\}")
_TOKEN: Final = re.compile(r"[!#$%&'*+.^_`|~0-9A-Za-z-]+\Z")
_USUAL: Final = ("GET", "HEAD", "POST", "PUT", "DELETE", "OPTIONS", "TRACE", "PATCH")
_STATUS: Final = re.compile(r"([1-5])xx|([1-5]\d\d)(?:-([1-5]\d\d))?", re.IGNORECASE)
_CHARSET: Final = re.compile(r';\s*charset\s*=\s*"?([^";\s]+)', re.IGNORECASE)
_OURS: Final = frozenset(
    {"host", "connection", "content-length", "transfer-encoding", "te", "trailer", "upgrade", "expect", "keep-alive"}
)


def url_of(url: str) -> str:
    """A URL. Placeholders are not looked into: what they will be is checked when they are filled."""
    if SECRET.search(url):
        raise ValueError("holds a secret, and URLs are logged by everybody on the way; send it in headers")
    try:
        read_url(PLACEHOLDER.sub("1", url))
    except WrongValue as wrong:
        raise ValueError(wrong.remedy) from None
    return url


def token(value: object) -> object:
    """A method, in upper case."""
    if not isinstance(value, str):
        return value
    if not _TOKEN.match(value):
        raise ValueError("is no HTTP method; write GET, POST, PUT, ...")
    if value.upper() == "CONNECT":
        raise ValueError("asks for a tunnel, which no job needs; write another method")
    word = value.upper()
    if meant := _meant(word):
        raise ValueError(f"is no HTTP method, but next to one; did you mean {meant}?")
    return word


def _meant(word: str) -> str:
    """Which usual method an unusual one is a slip of; empty for one that may be somebody's own."""
    if word in _USUAL:
        return ""
    swapped = [method for method in _USUAL if sorted(method) == sorted(word)]
    return next(iter(swapped or get_close_matches(word, _USUAL, n=1, cutoff=0.85)), "")


def header_name(name: str | None) -> str | None:
    """A header that a job may set."""
    if name is None:
        return None
    if not _TOKEN.match(name):
        raise ValueError("is no name of a header; use letters, digits and -")
    if name.lower() in _OURS or name.lower().startswith("x-anyjob-"):
        raise ValueError("is set by anyjob itself; take it out")
    return name


def header_value(text: str | None) -> str | None:
    """A value that stays in its line."""
    return None if text is None else one_line(text)


def one_line(text: str) -> str:
    """No control characters: a line end would begin a header of somebody else."""
    odd = next((c for c in text if (c < " " and c != "\t") or c == "\x7f"), None)
    if odd is not None:
        raise ValueError(f"holds the control character {odd!r}; take it out")
    return text


def user_name(user: str) -> str:
    """A user of Basic authentication: what follows a colon would be the password (RFC 7617, 2)."""
    if ":" in user:
        raise ValueError("holds a colon, and what follows it would be the password; take it out")
    return one_line(user)


def charset(content_type: str | None) -> str | None:
    """The charset that a Content-Type names."""
    found = _CHARSET.search(content_type or "")
    return found[1] if found else None


def charset_of(content_type: str | None) -> str | None:
    """A Content-Type whose charset the body can be written in."""
    name = charset(header_value(content_type))
    if name is not None:
        try:
            " ".encode(name)
            codecs.lookup(name)
        except (LookupError, ValueError):
            raise ValueError(f"names the charset {name!r}, which Python does not know; write utf-8, gbk, ...") from None
    return content_type


def statuses_of(value: object) -> object:
    """Statuses in one text: `2xx`, `200-299,304`."""
    parts = cast("Iterable[object]", value) if isinstance(value, list | tuple) else str(value).split(",")
    said = [str(part).strip() for part in parts]
    if isinstance(value, bool | float | dict) or not all(_STATUS.fullmatch(part) for part in said) or not said:
        raise ValueError('names no statuses; write 200, "2xx", [200, 204] or "200-299,304"')
    return ",".join(said).lower()


def status_matches(statuses: str, status: int) -> bool:
    """Whether the status is one of those that `statuses_of` gave."""
    for part in statuses.split(","):
        found = _STATUS.fullmatch(part)
        assert found is not None
        if found[1]:
            if status // 100 == int(found[1]):
                return True
        elif int(found[2]) <= status <= int(found[3] or found[2]):
            return True
    return False


def pattern_of(pattern: str | None) -> str | None:
    """A regular expression of Python."""
    if pattern is not None:
        try:
            re.compile(pattern)
        except re.error as error:
            raise ValueError(f"is no regular expression: {error}") from None
    return pattern
