"""The answer of a call: its body on the way into the log, and what is kept of it.

Sources: RFC 9110, 10.2.3 (Retry-After); RFC 9112, 6.3 (message body length).
"""

from __future__ import annotations

import codecs
import json
from dataclasses import dataclass
from email.utils import parsedate_to_datetime
from time import time
from typing import TYPE_CHECKING, Final, Protocol, cast

from anyjob.jsontext import parse_json
from anyjob.problem import WrongValue
from anyjob_http.checks import charset
from anyjob_http.unpack import Unpacker

if TYPE_CHECKING:
    from collections.abc import Callable

    from requests import Response

    from anyjob.outcome import Json

__all__ = ["Answer", "first_bytes", "read_answer"]

_RESULT: Final = 1000
"""Bytes of a result, as SchedulerX's API has it."""
_BLOCK: Final = 65536
_OUTPUTS: Final = 65536
"""Bytes of outputs: they are written for every run."""


class _Raw(Protocol):
    """What of urllib3's response is used here."""

    def read1(self, amt: int | None = None, decode_content: bool | None = None) -> bytes: ...  # noqa: FBT001 - its own


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """A status with what came behind it.

    `kept` is the beginning of the body, `size` how many bytes were read. `cut`: the body was longer than what is read;
    `whole` says whether `kept` is all of it.
    """

    status: int
    reason: str
    headers: dict[str, str]
    """By lower-case names."""
    kept: bytes
    size: int
    cut: bool
    encoding: str

    @property
    def whole(self) -> bool:
        """Whether `kept` is all of the body."""
        return not self.cut and self.size == len(self.kept)

    @property
    def text(self) -> str:
        """The kept part as text; bytes that are none become U+FFFD."""
        return self.kept.decode(self.encoding, "replace")

    @property
    def result(self) -> str:
        """The first 1000 bytes, in whole characters."""
        head = self.kept[:_RESULT]
        ended = len(head) == self.size
        return first_bytes(codecs.getincrementaldecoder(self.encoding)("replace").decode(head, final=ended))

    @property
    def outputs(self) -> dict[str, Json]:
        """The body where it is a JSON object that every program reads alike (`parse_json`), at most 64 KB."""
        if self.size > _OUTPUTS or not self.whole or "json" not in self.headers.get("content-type", ""):
            return {}
        try:
            said = parse_json(self.text)
        except WrongValue:
            return {}
        return said if isinstance(said, dict) else {}

    @property
    def json(self) -> Json:
        """The whole body read as JSON, as the standard library reads it. Raises ValueError."""
        if not self.whole:
            raise ValueError("there is more of it")
        try:
            return json.loads(self.text)
        except RecursionError:
            raise ValueError("it is nested too deep") from None

    @property
    def retry_after(self) -> float | None:
        """Seconds, of the header Retry-After (RFC 9110, 10.2.3)."""
        said = self.headers.get("retry-after", "").strip()
        if said.isdigit():
            return min(float(said), 1e9)
        try:
            return max(0.0, parsedate_to_datetime(said).timestamp() - time())
        except (ValueError, OverflowError):
            return None


def read_answer(
    response: Response, *, encoding: str | None, most: int, keep: int, write: Callable[[bytes], None] | None
) -> Answer:
    """Read the body to its end, piece by piece as it comes, each at once to `write`.

    At most `most` bytes, counted after decompression, and `keep` of them are kept. `encoding` is the job's own; None:
    the answer's charset, else UTF-8. Raises what urllib3 raises when the body breaks off.
    """
    body = _Body(most=most, keep=keep, write=write)
    raw = cast("_Raw", response.raw)
    unpacker = Unpacker(response.headers.get("Content-Encoding", ""))
    while not body.cut:
        data = raw.read1(_BLOCK, decode_content=False)
        if not data:
            unpacker.end()
            break
        for piece in unpacker.feed(data):
            body.take(piece)
            if body.cut:
                break
    headers = {name.lower(): value for name, value in response.headers.items()}
    return Answer(
        status=response.status_code,
        reason=response.reason or "",
        headers=headers,
        kept=bytes(body.kept),
        size=body.size,
        cut=body.cut,
        encoding=encoding or _known(charset(headers.get("content-type"))),
    )


def first_bytes(text: str) -> str:
    """As much of a text as a result holds."""
    return text.encode(errors="replace")[:_RESULT].decode(errors="ignore")


class _Body:
    """A body on its way: counted, its beginning kept."""

    def __init__(self, *, most: int, keep: int, write: Callable[[bytes], None] | None) -> None:
        self._most, self._keep, self._write = most, keep, write
        self.kept = bytearray()
        self.size, self.cut = 0, False

    def take(self, piece: bytes) -> None:
        if self.size + len(piece) > self._most:
            piece, self.cut = piece[: self._most - self.size], True
        self.size += len(piece)
        self.kept += piece[: max(0, self._keep - len(self.kept))]
        if self._write is None:
            return
        if piece:
            self._write(piece)
        if self.cut:
            self._write(f"\n[anyjob] the answer goes on; after {self._most} bytes it was not read further\n".encode())


def _known(name: str | None) -> str:
    """The charset, where Python has a text encoding of that name, else UTF-8."""
    try:
        " ".encode(name or "utf-8")
        return codecs.lookup(name or "utf-8").name
    except (LookupError, ValueError):
        return "utf-8"
