"""The end of an instance in plain words."""

from __future__ import annotations

import signal
from collections.abc import Iterator
from pathlib import Path
from typing import Final

from anyjob.outcome import Cause, Outcome, StopReport, Strength
from anyjob.problem import plain

__all__ = ["cause_in_words", "stop_in_words", "summary"]

_WORDS: Final = {
    Cause.SUCCEEDED: "succeeded",
    Cause.FAILED: "failed",
    Cause.TIMED_OUT: "timed out",
    Cause.STOPPED: "was stopped",
    Cause.OUT_OF_MEMORY: "ran out of memory",
    Cause.LEFTOVERS: "ended well, but left processes behind",
    Cause.BAD_CONFIG: "cannot run as it is written",
    Cause.DEPENDENCY_MISSING: "cannot run here: something that it needs is missing",
    Cause.START_FAILED: "could not be started",
    Cause.REMOTE_FAILED: "failed at the remote side",
    Cause.EVICTED: "was evicted",
    Cause.NODE_LOST: "was lost with its node",
    Cause.REJECTED: "was refused",
    Cause.UNKNOWN: "is over, and nobody knows how it ended",
}
_STRENGTH: Final = {
    Strength.PROVEN: "proven gone",
    Strength.REPORTED: "reported over",
    Strength.ASKED: "asked to stop, its end not proven",
}


def cause_in_words(outcome: Outcome) -> str:
    """What goes on after "job NAME"."""
    if outcome.cause is Cause.EXIT_CODE:
        return f"failed with exit code {outcome.code}"
    if outcome.cause is Cause.SIGNAL:
        return f"was ended by signal {_signal(outcome.code)}"
    return _WORDS[outcome.cause]


def stop_in_words(stop: StopReport) -> str:
    """The proof in one line."""
    return (
        f"{_STRENGTH[stop.strength]} by {stop.by}"
        if stop.strength is not Strength.ASKED
        else f"{_STRENGTH[stop.strength]}: {stop.by}"
    )


def summary(job: str, outcome: Outcome, seconds: float | None, logs: list[Path]) -> Iterator[str]:
    """The lines that a command ends with; all may be printed to a terminal."""
    took = "" if seconds is None else f" after {_seconds(seconds)}"
    stop = outcome.stop
    proof = f"; {stop_in_words(stop)}" if stop is not None and _telling(outcome, stop) else ""
    yield f"job {job!r} {cause_in_words(outcome)}{took}{plain(proof)}"
    if not outcome.ok:
        if outcome.cause not in (Cause.EXIT_CODE, Cause.SIGNAL) and outcome.result:
            yield f"  result: {plain(outcome.result)}"
        yield from (f"  {plain(item.source)}: {plain(item.text)}" for item in outcome.evidence)
    if stop is not None:
        yield from (f"  {plain(item.source)}: {plain(item.text)}" for item in stop.evidence if _telling(outcome, stop))
        yield from (f"  may still be going: {plain(survivor)}" for survivor in stop.survivors)
    yield from (f"  log: {log}" for log in logs)


def _telling(outcome: Outcome, stop: StopReport) -> bool:
    """Whether the report says more than that an ended run is over."""
    asked = outcome.cause in (Cause.STOPPED, Cause.TIMED_OUT, Cause.LEFTOVERS)
    return asked or stop.strength is Strength.ASKED or bool(stop.survivors)


def _signal(code: int | None) -> str:
    number = (code or 128) - 128
    try:
        return f"{number} ({signal.Signals(number).name})"
    except ValueError:
        return str(number)


def _seconds(seconds: float) -> str:
    if seconds < 60:
        return f"{seconds:.2f} s"
    minutes, rest = divmod(round(seconds), 60)
    return f"{minutes // 60} h {minutes % 60} min {rest} s" if minutes >= 60 else f"{minutes} min {rest} s"
