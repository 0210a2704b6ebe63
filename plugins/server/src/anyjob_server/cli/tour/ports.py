"""Ports that the jobs of a folder, their settings and their peers name: free ones stand in for them, so that two tours
may go on at one time, and on a machine where somebody else listens there."""

from __future__ import annotations

import re
import socket
from collections.abc import Iterable, Mapping
from contextlib import ExitStack
from typing import Final, TypeVar, cast

__all__ = ["free_ports", "with_ports"]

T = TypeVar("T")

_PORT: Final = re.compile(r"(?:^|(?<=:))[0-9]{1,5}(?![0-9])")
"""A text that begins with one, as a word of a command, or what stands behind a colon."""


def free_ports(ports: Iterable[int]) -> dict[int, int]:
    """For each of them another one of 127.0.0.1, all different, on which nobody listens just now. Raises OSError."""
    free = dict[int, int]()
    with ExitStack() as held:
        for port in ports:
            asked = held.enter_context(socket.socket())
            asked.bind(("127.0.0.1", 0))
            free[port] = asked.getsockname()[1]
    return free


def with_ports(value: T, ports: Mapping[int, int]) -> T:
    """The same value, with other ports in all its texts: where one begins with a port, and behind each colon."""
    return cast("T", _moved(value, ports)) if ports else value


def _moved(value: object, ports: Mapping[int, int]) -> object:
    if isinstance(value, str):
        return _PORT.sub(lambda found: str(ports.get(int(found[0]), found[0])), value)
    if isinstance(value, Mapping):
        return {name: _moved(one, ports) for name, one in cast("Mapping[object, object]", value).items()}
    if isinstance(value, list | tuple):
        moved = [_moved(one, ports) for one in cast("Iterable[object]", value)]
        return tuple(moved) if isinstance(value, tuple) else moved
    return value
