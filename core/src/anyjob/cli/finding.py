"""What `anyjob doctor` found out about one thing."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from anyjob.outcome import Json

__all__ = ["Finding", "Grade"]

Grade = Literal["ok", "warn", "missing", "broken"]
"""`warn`: it works, with less than it could; `missing`: what it needs is not here; `broken`: it is here and does not
work."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """`fact` is what is so; `remedy` what to do where that is not well, unless the fact says it itself."""

    part: str
    name: str
    grade: Grade
    fact: str
    remedy: str = ""

    def to_json(self) -> dict[str, Json]:
        """For `--json`."""
        return {
            "part": self.part,
            "name": self.name,
            "grade": self.grade,
            "fact": self.fact,
            "remedy": self.remedy,
        }
