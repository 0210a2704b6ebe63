"""How the entry helper is built. Needs nothing but Python: the build hook of this distribution runs it on its own."""

from __future__ import annotations

import hashlib
import os
import platform
import subprocess
import tempfile
from pathlib import Path

__all__ = ["SOURCE", "BuildFailed", "build", "file_name"]

SOURCE = "entry/entry.c"

_FLAGS = (
    "-std=gnu11", "-Os", "-static", "-nostdlib", "-nostartfiles", "-ffreestanding", "-fno-stack-protector",
    "-fno-asynchronous-unwind-tables", "-fno-pie", "-no-pie", "-s",
)  # fmt: skip
_SECONDS = 60.0


class BuildFailed(Exception):
    """The compiler did not make it. The text is what it said."""


def file_name(source: Path, machine: str = "") -> str:
    """What the helper built of `source` is called: for which machine it is, and of which source and flags."""
    digest = hashlib.sha256(source.read_bytes() + " ".join(_FLAGS).encode()).hexdigest()[:12]
    return f"entry-{machine or platform.machine()}-{digest}"


def build(source: Path, compiler: str, folder: Path) -> Path:
    """Compile for this machine, into `folder`. Two who build at one time both get it. Raises BuildFailed."""
    target = folder / file_name(source)
    handle, scratch = tempfile.mkstemp(dir=folder, prefix=".entry-")
    os.close(handle)
    try:
        done = subprocess.run(
            [compiler, *_FLAGS, "-o", scratch, str(source)],
            stdin=subprocess.DEVNULL, capture_output=True, text=True, errors="replace", timeout=_SECONDS, check=False,
        )  # fmt: skip
        if done.returncode:
            raise BuildFailed(done.stderr.strip()[-500:] or f"{compiler} ended with code {done.returncode}")
        os.chmod(scratch, 0o755)  # noqa: S103 - executed in containers, by any user
        os.replace(scratch, target)
    except (OSError, subprocess.SubprocessError) as error:
        raise BuildFailed(str(error)) from error
    finally:
        Path(scratch).unlink(missing_ok=True)
    return target
