"""A Java class file, as far as it tells what a class is.

Source: Java Virtual Machine Specification, 4 (the class file format).
"""

from __future__ import annotations

import struct
from dataclasses import dataclass

__all__ = ["BadClassFile", "ClassFile", "java_of"]

_MAGIC = 0xCAFEBABE
_FIXED = {3: 4, 4: 4, 5: 8, 6: 8, 7: 2, 8: 2, 9: 4, 10: 4, 11: 4, 12: 4, 15: 3, 16: 2, 17: 4, 18: 4, 19: 2, 20: 2}
"""Bytes behind the tag of a constant."""
_ABSTRACT = 0x0400
_PUBLIC = 0x0001


class BadClassFile(Exception):
    """The bytes are no class file."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ClassFile:
    """Names are in the inner form, `com/example/Report`. `methods`: name and descriptor of those that are public."""

    name: str
    major: int
    superclass: str
    interfaces: tuple[str, ...]
    abstract: bool
    methods: frozenset[str]

    @classmethod
    def parse(cls, data: bytes) -> ClassFile:
        """Raises BadClassFile."""
        try:
            return _parse(data)
        except (struct.error, IndexError, KeyError, UnicodeDecodeError) as error:
            raise BadClassFile(f"{type(error).__name__}: {error}") from error

    @property
    def java(self) -> int:
        """The oldest Java that can load it."""
        return java_of(self.major)


def java_of(major: int) -> int:
    """The Java whose class files have this major version."""
    return major - 44


def _parse(data: bytes) -> ClassFile:
    magic, _, major, count = struct.unpack_from(">IHHH", data, 0)
    if magic != _MAGIC:
        raise BadClassFile("it does not begin as one")
    texts: dict[int, bytes] = {}
    classes: dict[int, int] = {}
    at, number = 10, 1
    while number < count:
        tag = data[at]
        if tag == 1:
            (length,) = struct.unpack_from(">H", data, at + 1)
            texts[number] = data[at + 3 : at + 3 + length]
            at += 3 + length
        else:
            if tag == 7:
                (classes[number],) = struct.unpack_from(">H", data, at + 1)
            at += 1 + _FIXED[tag]
        number += 2 if tag in (5, 6) else 1  # a long and a double take two places

    def named(index: int) -> str:
        return texts[classes[index]].decode() if index else ""

    access, this, parent, count = struct.unpack_from(">HHHH", data, at)
    interfaces = struct.unpack_from(f">{count}H", data, at + 8)
    at = _skip_members(data, at + 8 + 2 * count)
    methods: set[str] = set()
    (count,) = struct.unpack_from(">H", data, at)
    at += 2
    for _ in range(count):
        flags, name, descriptor, attributes = struct.unpack_from(">HHHH", data, at)
        if flags & _PUBLIC:
            methods.add((texts[name] + texts[descriptor]).decode(errors="replace"))
        at = _skip_attributes(data, at + 8, attributes)
    return ClassFile(
        name=named(this),
        major=major,
        superclass=named(parent),
        interfaces=tuple(named(index) for index in interfaces),
        abstract=bool(access & _ABSTRACT),
        methods=frozenset(methods),
    )


def _skip_members(data: bytes, at: int) -> int:
    (count,) = struct.unpack_from(">H", data, at)
    at += 2
    for _ in range(count):
        (attributes,) = struct.unpack_from(">H", data, at + 6)
        at = _skip_attributes(data, at + 8, attributes)
    return at


def _skip_attributes(data: bytes, at: int, count: int) -> int:
    for _ in range(count):
        (length,) = struct.unpack_from(">I", data, at + 2)
        at += 6 + length
    return at
