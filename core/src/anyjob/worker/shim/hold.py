"""How the shim holds a run: by what it signals it, and by what it knows that nothing of it is left."""

from __future__ import annotations

from .report import Report

TYPE_CHECKING = False
if TYPE_CHECKING:
    from .main import Shim
    from .run import Run

ALIVE = 0
"""Somebody of the run is alive, or may be."""
QUIET = 1
"""Nothing of the run is found, which proves nothing here."""
EMPTY = 2
"""No process of the run is alive: the kernel says so."""
UNSURE = 3
"""It cannot be told for a moment; the run is judged again as soon as it can."""


class Hold:
    """One way to hold one run.

    `by` names it in stop reports, `proof` is the report when it has found a run empty; `patience`: seconds in which
    killed processes must be gone; `together`: to look at many runs costs as much as to look at one, so those whose
    leaders end together are judged together.
    """

    __slots__ = ()
    by = ""
    together = False
    proof = Report("ASKED", "")
    patience = 10.0

    def ask(self, run: Run) -> str:
        """Send the run's stop signal when the leader is no child of the shim, or gone. Returns what was done, for
        people.
        """
        raise NotImplementedError

    def force(self, run: Run) -> None:
        """Kill whatever is alive. Called again until nothing is; never waits."""
        raise NotImplementedError

    def state(self, run: Run) -> int:
        """ALIVE, QUIET, EMPTY or UNSURE. Asked once the leader is gone."""
        raise NotImplementedError

    def survivors(self, run: Run) -> list[str]:
        """Processes that are or may still be alive, for people."""
        raise NotImplementedError

    def await_empty(self, shim: Shim, run: Run) -> None:
        """Judge the run again when it may have become empty, without being asked: there may be hours until then."""
        raise NotImplementedError

    def release(self, shim: Shim, run: Run, *, clean: bool) -> None:
        """The run is over. `clean`: proved empty, so what held it may hold another."""
        raise NotImplementedError
