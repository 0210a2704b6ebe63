"""The address that a server is to listen on."""

from __future__ import annotations

import errno
import os
import socket
from dataclasses import dataclass
from typing import Final

from anyjob.errors import BadInput, BadSettings
from anyjob.problem import Problem
from anyjob_server.api.listener import is_loopback

__all__ = ["DEFAULT_LISTEN", "Address", "AddressTaken", "read_address"]

DEFAULT_LISTEN: Final = "127.0.0.1:7780"
_PORTS: Final = range(65536)


class AddressTaken(BadInput):
    """Nothing can listen there."""

    def __init__(self, field: str, value: str, error: OSError) -> None:
        self.field, self.value = field, value
        match error.errno:
            case errno.EADDRINUSE:
                remedy = (
                    "is in use by another process: end that one, write another port, or port 0 for any that is free"
                )
            case errno.EACCES:
                remedy = "may be used by root only: write a port from 1024 on"
            case errno.EADDRNOTAVAIL:
                remedy = "is no address of this machine: write 127.0.0.1, or 0.0.0.0 for all that it has"
            case _:
                why = error.strerror or str(error)
                remedy = f"cannot be listened on: {why}; write {DEFAULT_LISTEN}"
        super().__init__(str(Problem(field=field, value=value, remedy=remedy)))


@dataclass(frozen=True, slots=True, kw_only=True)
class Address:
    """Host and port, and the option or setting that said so, with its text."""

    host: str
    port: int
    field: str
    text: str

    def probe(self) -> None:
        """Whether it can be had at all, before anything is begun that would have to be ended again.

        Raises AddressTaken.
        """
        try:
            found = socket.getaddrinfo(self.host, self.port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE)
            for family, kind, protocol, _, where in found:
                with socket.socket(family, kind, protocol) as tried:
                    tried.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
                    tried.bind(where)
                    tried.listen(1)
        except OSError as error:
            raise self.taken(error) from None

    def refuse_open(self, *, closed: bool) -> None:
        """Raises BadSettings where other machines reach it, unless it is `closed` to listeners, or that is meant."""
        if not closed and not is_loopback(self.host):
            remedy = (
                "is reached by other machines, and whoever is on the way could read what is sent there; give --tls-cert"
                " and --tls-key, or --insecure where the network itself is trusted"
            )
            raise BadSettings("The address", [Problem(field=self.field, value=self.text, remedy=remedy)])

    def taken(self, error: OSError) -> AddressTaken:
        """What to say when listening failed."""
        if isinstance(error, socket.gaierror):
            error = OSError(errno.EADDRNOTAVAIL, os.strerror(errno.EADDRNOTAVAIL))
        return AddressTaken(self.field, self.text, error)


def read_address(text: str, field: str) -> Address:
    """HOST:PORT, with a host of IPv6 in brackets; `localhost` is 127.0.0.1. Raises BadSettings that names `field`."""
    host, colon, port = text.rpartition(":")
    bare = host.removeprefix("[").removesuffix("]")
    if not colon:
        wrong = "has no port" if not text.isdecimal() else "has no host"
    elif not bare:
        wrong = "has no host"
    elif ":" in host and not (host.startswith("[") and host.endswith("]")):
        wrong = "needs brackets around its IPv6 address"
    elif any(character in host for character in "/@ ") or not host.isprintable():
        wrong = "is no address"
    elif not (port.isascii() and port.isdecimal() and int(port) in _PORTS):
        wrong = "has a port that is none"
    else:
        return Address(host="127.0.0.1" if bare == "localhost" else bare, port=int(port), field=field, text=text)
    remedy = f"{wrong}; write HOST:PORT, as {DEFAULT_LISTEN}, or 127.0.0.1:0 for any free port"
    raise BadSettings("The address", [Problem(field=field, value=text, remedy=remedy)])
