"""Compressed bodies: unpacked in small pieces, and known to be whole or not.

Sources: RFC 9110, 8.4.1 (content codings); RFC 1952, 2.2 (members).
"""

from __future__ import annotations

import zlib
from collections.abc import Iterator
from typing import Final

from requests.exceptions import ContentDecodingError

__all__ = ["Unpacker"]

_BLOCK: Final = 65536
_EITHER: Final = 32 + zlib.MAX_WBITS
"""gzip or zlib, whichever the first bytes say."""
_BARE: Final = -zlib.MAX_WBITS


class Unpacker:
    """Takes a body as it comes and gives it unpacked, at most 64 KB at a time: a bomb goes off outside the memory.

    Other encodings than gzip and deflate, which are the ones asked for, are left as they are. A body that ends before
    its last byte is an error; what comes behind a gzip stream is one too, unless it is another.
    """

    def __init__(self, encoding: str) -> None:
        """`encoding` is the header Content-Encoding."""
        self._packed = encoding.strip().lower() in ("gzip", "x-gzip", "deflate")
        self._deflate = encoding.strip().lower() == "deflate"
        self._stream = zlib.decompressobj(_EITHER)
        self._begun = False

    def feed(self, data: bytes) -> Iterator[bytes]:
        """What the next bytes unpack to. Raises ContentDecodingError."""
        if not self._packed:
            yield data
            return
        try:
            while data:
                if self._stream.eof:
                    self._stream = zlib.decompressobj(_EITHER)
                try:
                    piece = self._stream.decompress(data, _BLOCK)
                except zlib.error:
                    if self._begun or not self._deflate:
                        raise
                    # Some servers send deflate without zlib's frame.
                    self._stream = zlib.decompressobj(_BARE)
                    piece = self._stream.decompress(data, _BLOCK)
                self._begun = True
                data = self._stream.unconsumed_tail or self._stream.unused_data
                yield piece
        except zlib.error as error:
            raise ContentDecodingError(f"the body cannot be unpacked: {error}") from None

    def end(self) -> None:
        """The body is over. Raises ContentDecodingError if it should not be."""
        if self._begun and not self._stream.eof:
            raise ContentDecodingError("the packed body breaks off")
