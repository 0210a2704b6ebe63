"""How the shim holds a run: by what it signals it, and by what it knows that nothing of it is left."""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from .run import Run


def report(strength: str, by: str, evidence: list[tuple[str, str]], survivors: list[str]) -> dict[str, Any]:
    """A stop report as it crosses the wire. `strength`: PROVEN, REPORTED or ASKED."""
    return {"strength": strength, "by": by, "evidence": evidence, "survivors": survivors}


class Hold:
    """One way to hold one run. `by` is the word for it in stop reports."""

    __slots__ = ()
    by = ""

    def ask(self, run: Run) -> str:
        """Send the run's stop signal. Returns what was done, for people."""
        raise NotImplementedError

    def force(self, run: Run) -> None:
        """Kill whatever is alive. Called again until `empty`; never waits."""
        raise NotImplementedError

    def empty(self, run: Run) -> bool:
        """Whether it is proved that no process of the run is alive."""
        raise NotImplementedError

    def survivors(self, run: Run) -> list[str]:
        """Processes that may still be alive, for people; may be incomplete where `empty` is false."""
        raise NotImplementedError

    def release(self, run: Run, *, clean: bool) -> None:
        """The run is over. `clean`: proved empty, so the hold may serve another run."""
        raise NotImplementedError
