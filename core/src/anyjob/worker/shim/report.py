"""Stop reports: how surely a run is over."""

from __future__ import annotations

from . import frames

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence


class Report:
    """A stop report. `strength`: PROVEN, REPORTED or ASKED; `by` what says so; `survivors` what may still be alive."""

    __slots__ = ("_json", "by", "evidence", "strength", "survivors")

    def __init__(
        self, strength: str, by: str, evidence: Sequence[tuple[str, str]] = (), survivors: Sequence[str] = ()
    ) -> None:
        self.strength, self.by, self.evidence, self.survivors = strength, by, evidence, survivors
        self._json = b""

    def json(self) -> bytes:
        """As it crosses the wire; kept, because most runs share one."""
        if not self._json:
            said = {"strength": self.strength, "by": self.by, "evidence": self.evidence, "survivors": self.survivors}
            self._json = frames.encode(said)
        return self._json
