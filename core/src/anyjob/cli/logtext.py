"""A log's bytes on their way to the reader. What a job prints is hostile until it has been through here.

Source: ECMA-48, 5.4 (control sequences) and 5.6 (control strings).
"""

from __future__ import annotations

import codecs
import re
from typing import Final, Protocol

__all__ = ["Plain", "Prefixed", "Raw", "Shown", "strip_controls"]

_LINE_LIMIT: Final = 65536
"""Bytes of an unfinished line that are held back; a longer one is cut into lines."""
_HELD_LIMIT: Final = 4096
"""Characters of an unfinished control sequence that are held back."""

_CONTROL: Final = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f]")
"""All that a terminal may act on, but newline and tab. Nothing of it ever passes; the patterns below are for looks."""

_CSI: Final = r"(?:\x1b\[|\x9b)[0-?]*[ -/]*"
"""Colour, cursor, modes: without their last character."""
_STRING: Final = r"(?:\x1b[PX^_\]]|[\x90\x98\x9d-\x9f])[^\x07\x1b\x90\x98\x9c-\x9f]*"
"""Title, clipboard, devices: without their end. What begins one is no part of another, else a log full of beginnings
would take quadratic time."""
_SEQUENCE: Final = re.compile(rf"{_CSI}[@-~]|{_STRING}(?:\x07|\x9c|\x1b\\)|\x1b[ -/]*[0-~]")
_UNFINISHED: Final = re.compile(rf"(?:\r|{_CSI}|{_STRING}\x1b?|\x1b[ -/]*)\Z")


class Shown(Protocol):
    """Turns a log's bytes into those that are written to standard output."""

    def feed(self, data: bytes) -> bytes:
        """What can be shown by now."""
        ...

    def finish(self) -> bytes:
        """What is left when nothing more comes."""
        ...


class Raw:
    """Bytes as they are: for pipes and files. Implements `Shown`."""

    def feed(self, data: bytes) -> bytes:
        return data

    def finish(self) -> bytes:
        return b""


class Plain:
    """Text without control sequences: for terminals. A lone carriage return becomes a newline.

    Implements `Shown`.
    """

    def __init__(self, encoding: str, to: str) -> None:
        """`encoding` of the log, and of the terminal."""
        self._decoder = codecs.getincrementaldecoder(encoding)("replace")
        self._to, self._held = to, ""

    def feed(self, data: bytes) -> bytes:
        return self._shown(self._held + self._decoder.decode(data), final=False)

    def finish(self) -> bytes:
        return self._shown(self._held + self._decoder.decode(b"", final=True), final=True)

    def _shown(self, text: str, *, final: bool) -> bytes:
        self._held = ""
        if _CONTROL.search(text):
            unfinished = None if final else _UNFINISHED.search(text)
            if unfinished and unfinished.end() - unfinished.start() <= _HELD_LIMIT:
                text, self._held = text[: unfinished.start()], unfinished[0]
            text = strip_controls(text)
        return text.encode(self._to, "replace")


class Prefixed:
    """Whole lines, each with a word before it, so that the logs of several tasks can be told apart.

    Implements `Shown`.
    """

    def __init__(self, prefix: str, inner: Shown) -> None:
        self._prefix, self._inner, self._line = prefix.encode(), inner, b""

    def feed(self, data: bytes) -> bytes:
        return self._lines(self._inner.feed(data))

    def finish(self) -> bytes:
        out = self._lines(self._inner.finish())
        if self._line:
            out += self._prefix + self._line + b"\n"
            self._line = b""
        return out

    def _lines(self, data: bytes) -> bytes:
        *whole, self._line = (self._line + data).split(b"\n")
        if len(self._line) > _LINE_LIMIT:
            whole.append(self._line)
            self._line = b""
        return b"".join(self._prefix + line + b"\n" for line in whole)


def strip_controls(text: str) -> str:
    """`text` without anything that a terminal would act on, but newlines and tabs."""
    text = text.replace("\r\n", "\n").replace("\r", "\n")
    return _CONTROL.sub("", _SEQUENCE.sub("", text))
