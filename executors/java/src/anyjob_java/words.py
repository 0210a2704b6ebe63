"""What a job says of its class, and where classes are."""

from __future__ import annotations

import re
from typing import Annotated, Final

from pydantic import AfterValidator, Field

__all__ = ["SAMPLES", "ClassName", "Entry"]

_PART: Final = r"[^\W\d][\w$]*"
_CLASS: Final = re.compile(rf"{_PART}(\.{_PART})*\Z")

SAMPLES: Final = "anyjob:samples"
"""The entry that stands for the jar of samples of this package, wherever that is."""


def _class_name(name: str) -> str:
    if name != name.strip():
        raise ValueError("has blanks around it; take them away")
    if not _CLASS.match(name):
        raise ValueError("is no name of a class; write it with its package, com.example.Report, $ before a nested one")
    return name


def _entry(path: str) -> str:
    if path == SAMPLES:
        return path
    if any(ord(character) < 32 or ord(character) == 127 for character in path):
        raise ValueError("holds a control character; take it away")
    if not path.startswith("/"):
        raise ValueError("is a relative path; write it from the root")
    if "*" in path.removesuffix("/*"):
        raise ValueError("has a * inside; only a folder's jars can be meant, as in /opt/app/lib/*")
    if ".." in path.split("/"):
        raise ValueError("has .. inside; write the path that is meant")
    return path


ClassName = Annotated[str, AfterValidator(_class_name)]
"""A class with its package; $ before a nested one."""

Entry = Annotated[str, Field(max_length=4096), AfterValidator(_entry)]
"""A jar, a folder of classes, or a folder's jars (`/opt/app/lib/*`), from the root."""
