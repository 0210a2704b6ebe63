"""URLs that jobs, registries and webhooks name."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from typing import Final
from urllib.parse import urlsplit

from anyjob.problem import WrongValue, short

__all__ = ["Target", "read_url"]

_PORTS: Final = {"http": 80, "https": 443}
_LONGEST: Final = 8192


@dataclass(frozen=True, slots=True)
class Target:
    """Whom a URL calls: an origin as browsers compare it, `scheme`, `host` and `port`. An IPv6 host stands without
    brackets."""

    scheme: str
    host: str
    port: int

    def __str__(self) -> str:
        host = f"[{self.host}]" if ":" in self.host else self.host
        return f"{self.scheme}://{host}" + ("" if self.port == _PORTS[self.scheme] else f":{self.port}")


@lru_cache(maxsize=4096)
def read_url(url: str) -> Target:
    """Whom the URL calls. Raises WrongValue.

    Stricter than parsers, because two of them may read a doubtful URL differently: no control characters, blanks or
    backslashes, no user and password, http and https only, at most 8192 characters.
    """
    if len(url) > _LONGEST:
        raise WrongValue(f"has {len(url)} characters; at most {_LONGEST} are taken")
    odd = next((c for c in url if c <= " " or c in "\\\x7f" or c.isspace() or not c.isprintable()), None)
    if odd is not None:
        raise WrongValue(f"holds the character {odd!r} at place {url.index(odd) + 1}; write it as %{ord(odd):02X}")
    try:
        parts = urlsplit(url)
        port = parts.port
    except ValueError as error:
        raise WrongValue(f"is no URL: {short(str(error))}") from None
    if parts.scheme not in _PORTS:
        said = f"has the scheme {parts.scheme!r}" if "://" in url else "has no scheme"
        raise WrongValue(f"{said}; write a URL that begins with http:// or https://")
    if "@" in parts.netloc:
        # The value is not repeated: it may hold a password.
        raise WrongValue("holds a user or password before its host; take them out and send them in a header")
    if not parts.hostname or "%" in parts.hostname:
        raise WrongValue("names no host; write one behind the two slashes")
    if port == 0:
        raise WrongValue("has the port 0; write one from 1 to 65535")
    return Target(parts.scheme, parts.hostname, port or _PORTS[parts.scheme])
