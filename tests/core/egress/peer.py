"""Servers by hand: what they answer is every byte that a test wants."""

from __future__ import annotations

import socket
import ssl
import threading
from collections.abc import Callable, Generator
from contextlib import contextmanager
from pathlib import Path

PEM = Path(__file__).parent / "peer.pem"
"""A certificate for peer.example, signed by itself, and its key."""
OK = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"


@contextmanager
def serving(answer: Callable[[socket.socket], None], *, tls: bool = False) -> Generator[int]:
    """A port whose connections are each given to `answer`, in a thread."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    if tls:
        context.load_cert_chain(PEM)
    server = socket.create_server(("127.0.0.1", 0))

    def serve(line: socket.socket) -> None:
        try:
            with context.wrap_socket(line, server_side=True) if tls else line as open_line:
                answer(open_line)
        except OSError:
            pass  # the caller went away, which some tests are about

    def accept() -> None:
        while True:
            try:
                line = server.accept()[0]
            except OSError:
                return
            threading.Thread(target=serve, args=[line], daemon=True).start()

    thread = threading.Thread(target=accept, daemon=True)
    thread.start()
    yield server.getsockname()[1]
    server.shutdown(socket.SHUT_RDWR)
    server.close()
    thread.join()


def request_of(line: socket.socket) -> bytes:
    got = b""
    while b"\r\n\r\n" not in got:
        piece = line.recv(65536)
        if not piece:
            break
        got += piece
    return got
