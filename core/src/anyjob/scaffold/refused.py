"""Why no package is written."""

from __future__ import annotations

from anyjob.errors import AnyJobError
from anyjob.problem import short

__all__ = ["ScaffoldRefused"]


class ScaffoldRefused(AnyJobError):
    """The caller asked for a package that cannot be: `what` (NAME or DIR) with this value, and why."""

    def __init__(self, what: str, value: str, why: str) -> None:
        self.what, self.value, self.why = what, value, why
        super().__init__(f"{what}: {short(value)!r} {why}")
