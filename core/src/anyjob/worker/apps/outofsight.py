"""The end of a run whose application cannot be asked any more."""

from __future__ import annotations

from anyjob.outcome import Cause, Evidence, Outcome, StopReport, Strength
from anyjob.run import Run

__all__ = ["how_lost", "out_of_sight"]


def out_of_sight(run: Run, who: str, text: str) -> Outcome:
    """`unknown` with `text` as evidence. A lost connection is no end of the code behind it, so the run is named as what
    may still be going in `who`."""
    lost = "the worker lost sight of the run, its code may still be going there"
    return Outcome(
        cause=Cause.UNKNOWN,
        evidence=[Evidence(source="application", text=text), Evidence(source="worker", text=lost)],
        stop=StopReport(
            strength=Strength.ASKED,
            by="the application cannot be asked",
            survivors=[f"run {run.name} in {who}"],
        ),
    )


def how_lost(who: str, dismissed: str, seconds: float, newer: str | None) -> str:
    """What was seen of it. `dismissed`: why the worker itself ended its connection, if it did; `newer`: what a new
    process that came meanwhile without the run calls itself, None: none came."""
    sent = f"was sent away by this worker, because {dismissed}," if dismissed else "was lost"
    text = f"{who} {sent} and has not come back within {seconds:g} s"
    if newer is None:
        return text
    calls = f"calls itself {newer!r}" if newer else "serves the same names"
    return f"{text}; a new process, which {calls}, came meanwhile without this run, as after a restart"
