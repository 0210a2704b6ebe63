"""Whether a native module leaves something to the end of C. For the interpreter of a resident: standard library alone,
Python 3.8 or later.

`exit(3)` calls what was registered with atexit and the destructors of libraries, and writes what C's own streams hold.
A process of which no library has any of these may end without it. That is read from what a library imports.

Source: Linux man-pages, elf(5), Elf64_Ehdr to Elf64_Sym, and exit(3).
"""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator

_LARGEST = 16 << 20
"""Bytes: a longer file is not read."""
_KNOWN = (b"libc.so.", b"libm.so.", b"libpthread.so.", b"libdl.so.", b"librt.so.", b"ld-linux")
"""The C library's own parts; any other library could itself leave something."""
_STREAMS = (b"stdout", b"stderr", b"fopen", b"fopen64", b"fdopen", b"popen", b"tmpfile", b"tmpfile64", b"fmemopen")
_WRITES = (b"printf", b"vprintf", b"__printf_chk", b"__vprintf_chk", b"puts", b"putchar", b"_IO_putc", b"perror")
_LATER = (b"atexit", b"on_exit", b"at_quick_exit", b"__cxa_atexit", b"dlopen", b"dlmopen")
_WORDS = frozenset(_STREAMS + _WRITES + _LATER)
_PT_LOAD, _PT_DYNAMIC = 1, 2
_DT_NULL, _DT_NEEDED, _DT_STRTAB, _DT_SYMTAB, _DT_FINI_ARRAYSZ = 0, 1, 5, 6, 28
_SYMBOL = 24
_OF_THE_COMPILER = 8
"""Bytes of the list of destructors that every library has: one entry, which frees the compiler's own."""


def leaves_nothing(path: str) -> bool:
    """Whether that is sure of the library at the path; what cannot be read may leave anything."""
    try:
        with open(path, "rb") as file:
            data = file.read(_LARGEST + 1)
        return len(data) <= _LARGEST and _leaves_nothing(data)
    except (OSError, ValueError):
        return False


def _leaves_nothing(data: bytes) -> bool:
    if data[:6] != b"\x7fELF\x02\x01":
        return False  # not of 64 bits, low byte first
    headers = list(_headers(data))
    said = list(_dynamic(data, headers))
    tags = dict(said)
    if tags.get(_DT_FINI_ARRAYSZ, 0) > _OF_THE_COMPILER:
        return False
    texts, symbols = (_place(headers, tags.get(tag, 0)) for tag in (_DT_STRTAB, _DT_SYMTAB))
    # The table of symbols ends where that of their names begins: nothing else tells its length as simply.
    names = {_text(data, texts + _number(data, at, 4)) for at in range(symbols, texts, _SYMBOL)}
    if len(names) < 2 or not _WORDS.isdisjoint(names):
        return False
    return all(_text(data, texts + value).startswith(_KNOWN) for tag, value in said if tag == _DT_NEEDED)


def _headers(data: bytes) -> Iterator[tuple[int, int, int, int]]:
    """Of each program header: type, offset in the file, address, bytes in the file."""
    start, each, count = _number(data, 32, 8), _number(data, 54, 2), _number(data, 56, 2)
    for at in range(start, start + each * count, each):
        yield _number(data, at, 4), _number(data, at + 8, 8), _number(data, at + 16, 8), _number(data, at + 32, 8)


def _place(headers: list[tuple[int, int, int, int]], address: int) -> int:
    for kind, at, there, room in headers:
        if kind == _PT_LOAD and 0 <= address - there < room:
            return address - there + at
    raise ValueError(f"address {address} is in no part of the file")


def _text(data: bytes, at: int) -> bytes:
    return data[at : data.index(b"\0", at)]


def _dynamic(data: bytes, headers: list[tuple[int, int, int, int]]) -> Iterator[tuple[int, int]]:
    for kind, start, _, room in headers:
        for at in range(start, start + room if kind == _PT_DYNAMIC else start, 16):
            tag = _number(data, at, 8)
            if tag == _DT_NULL:
                return
            yield tag, _number(data, at + 8, 8)


def _number(data: bytes, at: int, size: int) -> int:
    return int.from_bytes(data[at : at + size], "little")
