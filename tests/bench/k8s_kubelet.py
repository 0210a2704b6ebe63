"""A kubelet for pods on paper, of which the API server gets logs that are followed and never end."""

from __future__ import annotations

import asyncio
import contextlib
import ssl
import threading
from collections.abc import Generator
from pathlib import Path
from typing import Final

__all__ = ["LINE", "kubelet"]

LINE: Final = b"2026-11-27T00:00:00.000000001Z it goes\n"
_HEAD: Final = b"HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\nTransfer-Encoding: chunked\r\n\r\n"


async def _serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    with contextlib.suppress(OSError, asyncio.IncompleteReadError):
        await reader.readuntil(b"\r\n\r\n")
        writer.write(_HEAD + f"{len(LINE):x}\r\n".encode() + LINE + b"\r\n")
        await writer.drain()
        await reader.read()  # the other side has had enough
    writer.close()


@contextlib.contextmanager
def kubelet(address: str, certificate: Path, key: Path) -> Generator[int]:
    """Its port. API servers that name no authority for kubelets take any certificate."""
    tls = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    tls.load_cert_chain(certificate, key)
    loop = asyncio.new_event_loop()
    thread = threading.Thread(target=loop.run_forever, daemon=True, name="kubelet of paper")
    thread.start()

    async def listen() -> asyncio.Server:
        return await asyncio.start_server(_serve, address, 0, ssl=tls, backlog=1000)

    server = asyncio.run_coroutine_threadsafe(listen(), loop).result()
    try:
        yield server.sockets[0].getsockname()[1]
    finally:
        loop.call_soon_threadsafe(server.close)
        loop.call_soon_threadsafe(loop.stop)
        thread.join()
