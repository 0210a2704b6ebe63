"""What native modules leave to the end of C is read from themselves, and from real ones here."""

from __future__ import annotations

import re
import shutil
import sysconfig
from pathlib import Path

import pytest

from anyjob_python.native import leaves_nothing

LATER = {
    b"atexit",
    b"on_exit",
    b"__cxa_atexit",
    b"dlopen",
    b"stdout",
    b"stderr",
    b"fopen",
    b"fdopen",
    b"puts",
    b"printf",
}


def libraries() -> list[Path]:
    """Native modules of the interpreter and of what is installed beside it."""
    folders = [sysconfig.get_path("platlib"), sysconfig.get_config_var("DESTSHARED")]
    return sorted(path for folder in folders for path in Path(folder).rglob("*.so"))


def test_of_real_modules() -> None:
    said = {path: leaves_nothing(str(path)) for path in libraries()}
    assert {True, False} <= set(said.values())
    seen = 0
    for path, nothing in said.items():
        strings = set(path.read_bytes().split(b"\0"))
        if nothing and b".debug_str" not in strings:  # where every name of a header is a string
            seen += 1
            assert not strings & LATER, path
            needed = {text.partition(b".so")[0] for text in strings if re.fullmatch(rb"lib[\w+-]+\.so[.\d]*", text)}
            assert needed <= {b"libc", b"libm", b"libpthread", b"libdl", b"librt"}, path
    assert seen


@pytest.mark.parametrize("size", [0, 3, 63, 64, 500, 5000])
def test_what_cannot_be_read_may_leave_anything(tmp_path: Path, size: int) -> None:
    real = next(path for path in libraries() if leaves_nothing(str(path)))
    cut = tmp_path / "cut.so"
    cut.write_bytes(real.read_bytes()[:size])
    assert not leaves_nothing(str(cut))
    assert not leaves_nothing(str(tmp_path / "nowhere.so"))
    shutil.copy(real, cut)
    assert leaves_nothing(str(cut))
