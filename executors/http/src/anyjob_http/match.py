"""A job's pattern on the answer of a stranger."""

from __future__ import annotations

import json
import subprocess
import sys
from typing import Final

from anyjob.egress import Call

__all__ = ["is_found"]

_PROGRAM: Final = "import json, re, sys; pattern, text = json.load(sys.stdin); sys.exit(not re.search(pattern, text))"


def is_found(pattern: str, text: str, call: Call) -> bool:
    """Whether the pattern is found in the text. Raises CallEnded when that takes longer than the call may.

    In a process of its own: Python's patterns can backtrack for years on an answer that wants them to, nothing can
    interrupt them, and meanwhile no other thread of this process would run.
    """
    child = subprocess.Popen(
        [sys.executable, "-I", "-S", "-X", "utf8", "-c", _PROGRAM],
        stdin=subprocess.PIPE,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        env={},
    )
    try:
        _, said = call.aside(lambda: child.communicate(json.dumps([pattern, text]).encode()))
    except BaseException:
        child.kill()  # the thread that waits for it takes its end
        raise
    if child.returncode not in (0, 1) or said:
        raise RuntimeError(f"the pattern could not be tried: {said.decode(errors='replace')[-500:]}")
    return child.returncode == 0
