"""What the entry helper has written down of a run."""

from __future__ import annotations

import os
import stat
from dataclasses import dataclass
from pathlib import Path
from typing import Final

__all__ = ["Status", "read_status"]

_LIMIT: Final = 1 << 16


@dataclass(frozen=True, slots=True, kw_only=True)
class Status:
    """`up`: the helper has begun. `began`: it has started the command. `error`: the number of the system's error for
    which it could not. `code` or `signal`: how the command ended. `left`: processes that it left behind."""

    up: bool = False
    began: bool = False
    error: int | None = None
    code: int | None = None
    signal: int | None = None
    left: tuple[str, ...] = ()

    @property
    def over(self) -> bool:
        """Whether the command has ended by itself, or could not be started."""
        return self.error is not None or self.code is not None or self.signal is not None

    def agrees(self, code: int) -> bool:
        """Whether it fits to what the engine saw. The file is the job's to write, so it counts only then."""
        if self.error is not None:
            return code == (127 if self.error in (2, 20) else 126)
        if self.signal is not None:
            return code == 128 + self.signal
        return self.code is not None and code == self.code


def read_status(path: str | Path) -> Status:
    """The status as far as it is written; empty when there is none. What stands there may be anything."""
    try:
        file = os.open(path, os.O_RDONLY | os.O_CLOEXEC | os.O_NOFOLLOW | os.O_NONBLOCK)
    except OSError:
        return Status()
    try:
        text = os.read(file, _LIMIT).decode(errors="replace") if stat.S_ISREG(os.fstat(file).st_mode) else ""
    except OSError:
        text = ""
    finally:
        os.close(file)
    seen: dict[str, int] = {}
    left: list[str] = []
    for line in text.split("\n")[:-1]:
        word, _, rest = line.partition(" ")
        if word == "left":
            left.append(rest)
        elif word in ("up", "exec", "began", "exit", "signal") and (not rest or (rest.isdigit() and len(rest) < 10)):
            seen.setdefault(word, int(rest or 0))
    return Status(
        up="up" in seen,
        began="began" in seen,
        error=seen.get("exec"),
        code=seen.get("exit"),
        signal=seen.get("signal"),
        left=tuple(left),
    )
