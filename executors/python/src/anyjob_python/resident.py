"""The resident interpreter from which warm runs are forked."""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Sequence
from functools import cache
from pathlib import Path

from anyjob.executor import Warm
from anyjob_python.interpreter import Interpreter

__all__ = ["resident"]

_ZYGOTE = Path(__file__).parent / "zygote.py"
_PARTS = tuple(_ZYGOTE.with_name(f"{name}.py") for name in ("zygote", "preload", "ready", "ending", "native"))


def resident(interpreter: Interpreter, preload: Sequence[str], *, own: bool) -> Warm | None:
    """One for each interpreter and set of modules. Another takes its place when the interpreter is replaced, or when
    packages of its virtual environment are installed or removed, because what is imported would be the old ones.

    `own`: the run has the worker's own user. None: another user cannot read the resident's program.
    """
    if not own and not _for_all():
        return None
    modules = list(dict.fromkeys(preload))
    said = json.dumps([interpreter.mark(), modules])
    key = f"python-{hashlib.sha256(said.encode()).hexdigest()[:24]}"
    return Warm(key=key, argv=[interpreter.path, str(_ZYGOTE), *modules])


@cache
def _for_all() -> bool:
    readable = all(os.stat(part).st_mode & 0o004 for part in _PARTS)
    return readable and all(os.stat(up).st_mode & 0o001 for up in _ZYGOTE.parents)
