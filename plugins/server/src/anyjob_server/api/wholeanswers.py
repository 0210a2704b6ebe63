"""A transport on which the head of an answer leaves together with its body."""

from __future__ import annotations

import asyncio
from typing import Any

__all__ = ["WholeAnswers"]


class WholeAnswers(asyncio.Transport):
    """What uvicorn writes to. It writes an answer in two pieces, and each would cost a call of the kernel here and a
    wake-up of the client there.
    """

    __slots__ = ("_head", "_transport")

    def __init__(self, transport: asyncio.Transport) -> None:
        super().__init__()
        self._transport = transport
        self._head = b""

    def write(self, data: Any) -> None:
        if self._head:
            data, self._head = self._head + data, b""
        elif _waits_for_body(data):
            self._head = data
            return
        self._transport.write(data)

    def flush(self) -> None:
        """The answer is complete: one without a body leaves now."""
        if self._head:
            head, self._head = self._head, b""
            self._transport.write(head)

    def close(self) -> None:
        self.flush()
        self._transport.close()

    def abort(self) -> None:
        self._head = b""
        self._transport.abort()

    def is_closing(self) -> bool:
        return self._transport.is_closing()

    def get_extra_info(self, name: str, default: Any = None) -> Any:
        return self._transport.get_extra_info(name, default)

    def get_write_buffer_size(self) -> int:
        return len(self._head) + self._transport.get_write_buffer_size()

    def pause_reading(self) -> None:
        self._transport.pause_reading()

    def resume_reading(self) -> None:
        self._transport.resume_reading()


def _waits_for_body(data: bytes) -> bool:
    """A head alone; `100 Continue` is one that nothing follows."""
    return data.startswith(b"HTTP/1.1 ") and data.endswith(b"\r\n\r\n") and not data.startswith(b"HTTP/1.1 1")
