"""One HTTP call over a Unix socket: what the ground needs of an engine before any client library."""

from __future__ import annotations

import socket
from contextlib import closing
from http.client import HTTPConnection
from pathlib import Path
from typing import BinaryIO

__all__ = ["call"]


class _Connection(HTTPConnection):
    def __init__(self, path: Path) -> None:
        super().__init__("localhost", timeout=60)
        self._path = path

    def connect(self) -> None:
        self.sock = socket.socket(socket.AF_UNIX)
        self.sock.settimeout(self.timeout)
        self.sock.connect(str(self._path))


def call(path: Path, method: str, target: str, body: BinaryIO | None = None) -> bytes:
    """The body of the answer.

    Raises:
        OSError: Nobody listens, or the answer is no success; then with what it says.
    """
    with closing(_Connection(path)) as connection:
        headers = {"Content-Type": "application/x-tar"} if body else {}
        connection.request(method, target, body, headers, encode_chunked=bool(body))
        answer = connection.getresponse()
        said = answer.read()
        if answer.status >= 300:
            raise OSError(f"{method} {target}: {answer.status} {said.decode(errors='replace')}")
        return said
