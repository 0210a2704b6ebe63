"""One request as it came over the wire."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

__all__ = ["WireRequest"]


@dataclass(frozen=True, slots=True, kw_only=True)
class WireRequest:
    """Method, query, headers and body, as bytes where the signature is over bytes.

    `headers` have names in lower case, in the order of the wire. `remote` is the peer's address, without its port.
    """

    method: str
    query: bytes
    headers: Sequence[tuple[bytes, bytes]]
    body: bytes = b""
    remote: str = ""
    _first: dict[bytes, bytes] = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "_first", dict(reversed(self.headers)))

    def header(self, name: bytes) -> bytes | None:
        """The first header of this lower-case name."""
        return self._first.get(name)

    def text(self, name: bytes) -> str:
        """The same as text without the space around it; empty when it is not there."""
        value = self.header(name)
        return "" if value is None else value.decode("latin-1").strip()
