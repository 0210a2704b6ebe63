"""IP addresses: what one of them reaches, whatever way it is written, and which ones no job may call.

Sources: RFC 6052, 2.1; RFC 8215, 7; RFC 3056, 2 (6to4); RFC 4380, 4 (Teredo); RFC 5214, 6.1 (ISATAP); RFC 3927, 1; RFC
4291, 2.5.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from functools import lru_cache
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address, ip_network
from typing import Final, TypeAlias

__all__ = ["RESERVED", "Address", "Network", "read_address", "spellings"]

Address: TypeAlias = IPv4Address | IPv6Address
Network: TypeAlias = IPv4Network | IPv6Network

RESERVED: Final[Mapping[Network, str]] = {
    ip_network("169.254.0.0/16"): "is link-local, where clouds keep metadata and credentials",
    ip_network("fe80::/10"): "is link-local",
    ip_network("fd00:ec2::/32"): "holds the metadata and credentials of AWS",
    ip_network("fd20:ce::254/128"): "holds the metadata of Google Cloud",
    ip_network("100.100.100.200/32"): "holds the metadata and credentials of Alibaba Cloud",
    ip_network("168.63.129.16/32"): "is Azure's own service on its machines",
    ip_network("192.0.0.192/32"): "holds the metadata of Oracle Cloud",
}
"""Networks that are refused unless `[egress] allow` names a part of them: the machine's own services, which take
whoever reaches them for the machine."""

_NAT64: Final = (ip_network("64:ff9b::/96"), ip_network("64:ff9b:1::/48"))
"""RFC 6052 and RFC 8215."""
_SIX_TO_FOUR: Final = ip_network("2002::/16")
_TEREDO: Final = ip_network("2001::/32")
_COMPATIBLE: Final = ip_network("::/96")
_ISATAP: Final = (0x00005EFE, 0x02005EFE)
_THIS_HOST: Final = ip_network("0.0.0.0/8")


def read_address(text: str) -> Address:
    """The address that the system resolver wrote, without an IPv6 zone. Raises ValueError."""
    return ip_address(text.partition("%")[0])


@lru_cache(maxsize=4096)
def spellings(address: Address) -> tuple[Address, ...]:
    """Every address that the connection may end at: the address itself first (an IPv4-mapped one as IPv4), then those
    inside it (NAT64, 6to4, Teredo, ISATAP, IPv4-compatible), and loopback for the unspecified address, which Linux
    connects to itself."""
    if isinstance(address, IPv6Address) and address.ipv4_mapped is not None:
        address = address.ipv4_mapped
    return tuple(dict.fromkeys((address, *_inside(address))))


def _inside(address: Address) -> Iterator[Address]:
    if isinstance(address, IPv4Address):
        if address in _THIS_HOST:
            yield IPv4Address("127.0.0.1")
        return
    number = int(address)
    low = IPv4Address(number & 0xFFFFFFFF)
    if any(address in network for network in _NAT64):
        yield low
    elif address in _SIX_TO_FOUR:
        yield IPv4Address(number >> 80 & 0xFFFFFFFF)
    elif address in _TEREDO:
        yield IPv4Address(number >> 64 & 0xFFFFFFFF)
        yield IPv4Address(int(low) ^ 0xFFFFFFFF)
    elif number == 0:
        yield IPv6Address("::1")
        yield IPv4Address("127.0.0.1")
    elif address in _COMPATIBLE and number > 1:
        yield low
    if number >> 32 & 0xFFFFFFFF in _ISATAP:
        yield low
