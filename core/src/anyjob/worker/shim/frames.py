"""Frames between worker and shim: a 4-byte little-endian length, then a JSON list of messages.

A message is an object: `do` names what a worker asks, `ev` what the shim tells.
"""

from __future__ import annotations

import json
import struct

TYPE_CHECKING = False  # `typing` costs the shim 0.8 MB
if TYPE_CHECKING:
    from collections.abc import Iterable
    from typing import Any

VERSION = 1
"""The protocol's number. A shim speaks this one and the one before."""
SPOKEN = (1,)
LARGEST = 256 << 20
"""Bytes: a longer frame is a fault of the sender and ends the connection."""

_head = struct.Struct("<I")
_encode = json.JSONEncoder(separators=(",", ":"), check_circular=False).encode
_quote = json.encoder.encode_basestring_ascii
_decode = json.JSONDecoder().decode


class FrameError(Exception):
    """The other side sent what is no frame; the connection is of no more use."""


def encode(message: object) -> bytes:
    """One message as JSON. ASCII only, so that undecodable bytes of names (surrogates) come through unchanged."""
    return _encode(message).encode("ascii")


def encode_text(text: str) -> bytes:
    """One string as JSON, for messages that are put together by hand because there are many."""
    return _quote(text).encode("ascii")


def frame(messages: Iterable[bytes]) -> bytes:
    """One frame of already encoded messages."""
    body = b"[" + b",".join(messages) + b"]"
    return _head.pack(len(body)) + body


class Frames:
    """Cuts a byte stream into frames. `feed` returns the messages that have become complete."""

    __slots__ = ("_buffer",)

    def __init__(self) -> None:
        self._buffer = bytearray()

    def feed(self, data: bytes) -> list[dict[str, Any]]:
        """Messages completed by `data`. Raises FrameError."""
        buffer = self._buffer
        buffer += data
        messages: list[dict[str, Any]] = []
        at = 0
        while len(buffer) - at >= 4:
            (size,) = _head.unpack_from(buffer, at)
            if size > LARGEST:
                raise FrameError(f"a frame of {size} bytes; at most {LARGEST} are allowed")
            if len(buffer) - at - 4 < size:
                break
            body = buffer[at + 4 : at + 4 + size]
            at += 4 + size
            try:
                part = _decode(body.decode("ascii"))
            except ValueError as error:
                raise FrameError(f"a frame that is not JSON: {error}") from error
            if not isinstance(part, list):
                raise FrameError("a frame that is not a JSON list")
            messages += part
        del buffer[:at]
        return messages
