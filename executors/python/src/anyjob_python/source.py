"""The bytes of a script's file.

Source: PEP 263, the declaration of an encoding.
"""

from __future__ import annotations

import io
import tokenize

__all__ = ["source"]


def source(script: str) -> bytes:
    """The script as Python reads it: in UTF-8, or in the encoding that its own first two lines declare (PEP 263).

    Raises ValueError for a declaration that Python does not know, and for characters that the encoding lacks.
    """
    try:
        text = script.encode()
    except UnicodeEncodeError as error:
        raise ValueError(f"holds half of a character at character {error.start + 1}; write it whole") from None
    try:
        named, _ = tokenize.detect_encoding(io.BytesIO(text).readline)
    except SyntaxError as error:
        raise ValueError(f"declares an encoding that Python does not know ({error.msg}); take the line out") from None
    if named in ("utf-8", "utf-8-sig"):
        return text
    try:
        return script.encode(named)
    except UnicodeEncodeError as error:
        found = script[error.start]
        raise ValueError(f"declares the encoding {named}, which has no {found!r}; declare utf-8") from None
