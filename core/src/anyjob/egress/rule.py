"""One entry of an allow or deny list."""

from __future__ import annotations

import re
from dataclasses import dataclass
from ipaddress import ip_network
from typing import Final

from anyjob.egress.address import Address, Network

__all__ = ["Rule", "plain_host"]

_PORTS: Final = re.compile(r"(\d{1,5})(?:-(\d{1,5}))?\Z")
_LABEL: Final = re.compile(r"[a-z0-9_]([a-z0-9_-]*[a-z0-9_])?\Z")
_NUMBER: Final = re.compile(r"(\d+|0x[0-9a-f]*)\Z")
_FORMS: Final = (
    "write a network (10.0.0.0/8), an address (10.1.2.3, fd00::1), a host (api.example.com, *.example.com) or *,"
    " with :PORT or :FROM-TO behind it where only some ports are meant ([fd00::1]:443 for IPv6)"
)


def plain_host(host: str) -> str:
    """A host as names are compared: lower case, ASCII, without the dot at its end. Raises ValueError."""
    host = host.rstrip(".").lower()
    if host.isascii():
        return host
    try:
        return host.encode("idna").decode()
    except UnicodeError:
        raise ValueError(f"is no host name; {_FORMS}") from None


@dataclass(frozen=True, slots=True)
class Rule:
    """Hosts or addresses, perhaps of certain ports only.

    `text` is what the operator wrote. Exactly one of `network` and `host` is set; `host` is a name, `*.name` (what is
    below it, not itself) or `*`.
    """

    text: str
    network: Network | None = None
    host: str = ""
    first: int = 1
    last: int = 65535

    @classmethod
    def parse(cls, text: str) -> Rule:
        """Raises ValueError with what is wrong and what to write."""
        target, first, last = _split(text.strip())
        try:
            return cls(text, network=ip_network(target), first=first, last=last)
        except ValueError as error:
            if "host bits" in str(error):
                network = ip_network(target, strict=False)
                raise ValueError(
                    f"is no network, because bits behind its length are set; write {network}, or the address alone"
                ) from None
        host = plain_host(target)
        labels = host.removeprefix("*.").split(".")
        if host != "*" and not all(_LABEL.match(label) for label in labels):
            raise ValueError(f"is neither an address nor a host; {_FORMS}")
        if _NUMBER.match(labels[-1]):
            raise ValueError(f"is no address in the usual form; {_FORMS}")
        return cls(text, host=host, first=first, last=last)

    def names(self, host: str, port: int) -> bool:
        """Whether it means this name, which `plain_host` gave."""
        if not self.host or not self.first <= port <= self.last:
            return False
        return self.host in ("*", host) or (self.host.startswith("*.") and host.endswith(self.host[1:]))

    def covers(self, address: Address, port: int) -> bool:
        """Whether it means this address."""
        return self.network is not None and self.first <= port <= self.last and address in self.network

    def opens(self, address: Address, port: int, reserved: Network) -> bool:
        """Whether it means this address of a reserved network on purpose: an entry that is wider does not."""
        if self.network is None or self.network.version != reserved.version or not self.covers(address, port):
            return False
        return self.network.prefixlen >= reserved.prefixlen and self.network.network_address in reserved


def _split(text: str) -> tuple[str, int, int]:
    """Target, first and last port."""
    if text.startswith("["):
        target, closed, ports = text[1:].partition("]")
        if not closed or (ports and not ports.startswith(":")):
            raise ValueError(f"has a bracket without its other half; {_FORMS}")
        ports = ports[1:]
    elif text.count(":") == 1:
        target, _, ports = text.partition(":")
        if not ports:
            raise ValueError(f"has a colon and no port behind it; {_FORMS}")
    else:
        target, ports = text, ""
    if not target:
        raise ValueError(f"is empty; {_FORMS}")
    if not ports:
        return target, 1, 65535
    found = _PORTS.match(ports)
    first, last = (int(found[1]), int(found[2] or found[1])) if found else (0, 0)
    if not 1 <= first <= last <= 65535:
        raise ValueError(f"names no ports; write one from 1 to 65535, or two as 8000-8999, not {ports!r}")
    return target, first, last
