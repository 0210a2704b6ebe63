"""The address on which an executor's own listener waits, as settings write it."""

from __future__ import annotations

import ipaddress
from dataclasses import dataclass

__all__ = ["ListenAddress"]


@dataclass(frozen=True, slots=True, kw_only=True)
class ListenAddress:
    """Where the worker listens: `host` and `port` of TCP, or the `path` of a Unix socket."""

    host: str = ""
    port: int = 0
    path: str = ""

    @classmethod
    def parse(cls, text: str) -> ListenAddress:
        """`tcp:HOST:PORT` or `unix:/PATH`. Raises ValueError."""
        kind, _, rest = text.partition(":")
        if kind == "unix":
            if not rest.startswith("/") or "\0" in rest:
                raise ValueError("is no absolute path; write unix:/PATH")
            if len(rest.encode()) > 107:
                raise ValueError(
                    "is longer than the 107 bytes that the path of a socket may have; choose a shorter one"
                )
            return cls(path=rest)
        host, _, port = rest.rpartition(":")
        host = host.removeprefix("[").removesuffix("]")
        if kind != "tcp" or not host or not port.isascii() or not port.isdigit() or int(port) > 65535:
            raise ValueError("is no address; write tcp:HOST:PORT or unix:/PATH")
        return cls(host=host, port=int(port))

    @property
    def local(self) -> bool:
        """Whether only this machine can reach it."""
        if self.path or self.host == "localhost":
            return True
        try:
            return ipaddress.ip_address(self.host).is_loopback
        except ValueError:
            return False

    def __str__(self) -> str:
        if self.path:
            return f"unix:{self.path}"
        return f"tcp:{f'[{self.host}]' if ':' in self.host else self.host}:{self.port}"
