"""The shared libraries that programs of this machine load, and where an image needs them."""

from __future__ import annotations

import re
import subprocess
from collections.abc import Sequence
from pathlib import Path

__all__ = ["is_static", "libraries"]


def _ldd(programs: Sequence[Path]) -> str:
    done = subprocess.run(["ldd", *map(str, programs)], capture_output=True, text=True, env={"LC_ALL": "C"})
    return done.stdout


def is_static(program: Path) -> bool:
    """Whether it runs without any library."""
    return "=>" not in _ldd([program])


def libraries(programs: Sequence[Path]) -> dict[str, Path]:
    """Places in an image and the files for them.

    All stand beside the C library, where the loader always looks: what it finds on this machine by a search path in the
    program or by the loader's cache it would not find in an image.

    Raises:
        FileNotFoundError: A library is missing on this machine.
    """
    said = _ldd(programs) if programs else ""
    if lost := re.findall(r"^\s*(\S+) => not found", said, re.MULTILINE):
        raise FileNotFoundError(f"{', '.join(sorted(set(lost)))}: needed by one of {', '.join(map(str, programs))}")
    named = dict(re.findall(r"^\s*(\S+) => (/\S+) \(0x", said, re.MULTILINE))
    found = {str(loader)[1:]: Path(loader) for loader in re.findall(r"^\s*(/\S+) \(0x", said, re.MULTILINE)}
    if named:
        usual = Path(named["libc.so.6"]).parent
        found.update({f"{str(usual)[1:]}/{name}": Path(path) for name, path in named.items()})
    return found
