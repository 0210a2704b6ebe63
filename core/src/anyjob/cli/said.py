"""The end of an instance in plain words."""

from __future__ import annotations

import time
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Final

from anyjob.outcome import Cause, Outcome, StopReport, Strength
from anyjob.problem import plain, short
from anyjob.signalname import signal_name

if TYPE_CHECKING:
    from anyjob.plugins import ObserverReport

__all__ = ["cause_in_words", "said_of_observer", "stop_in_words", "summary"]

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
    Cause.UNKNOWN: "has no known end: nobody knows how it ended, or whether it has",
}
_STRENGTH: Final = {
    Strength.PROVEN: "proven gone",
    Strength.REPORTED: "reported over",
    Strength.ASKED: "asked to stop, its end not proven",
}


_SHOWN_RESULT: Final = 200
_LOG_SAYS: Final = (Cause.SUCCEEDED, Cause.EXIT_CODE, Cause.SIGNAL, Cause.STOPPED, Cause.TIMED_OUT, Cause.LEFTOVERS)
"""Causes whose result is the last line of the log, which was shown."""


def cause_in_words(outcome: Outcome) -> str:
    """What goes on after "job NAME"."""
    if outcome.cause is Cause.EXIT_CODE:
        return f"failed with exit code {outcome.code}"
    if outcome.cause is Cause.SIGNAL:
        return f"was ended by signal {signal_name((outcome.code or 128) - 128)}"
    if outcome.cause is Cause.UNKNOWN and outcome.stop is not None and outcome.stop.strength is not Strength.ASKED:
        return "is over, and nobody knows how it ended"
    return _WORDS[outcome.cause]


def stop_in_words(stop: StopReport) -> str:
    """The proof in one line."""
    return (
        f"{_STRENGTH[stop.strength]} by {stop.by}"
        if stop.strength is not Strength.ASKED
        else f"{_STRENGTH[stop.strength]}: {stop.by}"
    )


def summary(
    job: str, outcome: Outcome, seconds: float | None, logs: list[Path], *, logged: bool = True
) -> Iterator[str]:
    """The lines that a command ends with. All may be printed to a terminal, whatever the job wrote.

    `logged`: the result of a success is what the log, which was shown, ends with.
    """
    took = "" if seconds is None else f" ({_seconds(seconds)})"
    stop = outcome.stop
    stopped = outcome.cause in (Cause.STOPPED, Cause.TIMED_OUT, Cause.LEFTOVERS)
    proof = f"; {plain(stop_in_words(stop))}" if stop is not None and stopped else ""
    words = cause_in_words(outcome)
    yield f"job {job!r} {words}{took}{proof}"
    # That it was a signal stands in the words already.
    others = [item for item in outcome.evidence if outcome.cause is not Cause.SIGNAL or item.source != "exit"]
    said = [f"{item.source}: {item.text}" for item in others]
    known = {f"it {words}: {item.text}" for item in outcome.evidence}  # a server's way to say it
    told = outcome.result in known or any(outcome.result in line for line in said)
    if outcome.cause not in _LOG_SAYS and outcome.result and not told:
        said.insert(0, f"result: {outcome.result}")
    if outcome.ok and outcome.result and not logged:
        said.insert(0, f"result: {short(' '.join(outcome.result.split()), _SHOWN_RESULT)}")
    if stop is not None:
        proofs = [f"{item.source}: {item.text}" for item in stop.evidence if stopped]
        said += [line for line in proofs if line not in said]  # what proves the stop may be evidence of the end too
        said += [f"may still be going: {survivor}" for survivor in stop.survivors]
    said += [f"log: {log}" for log in logs]
    yield from (f"  {plain(line)}" for text in said for line in text.splitlines())


def _seconds(seconds: float) -> str:
    if seconds < 60:
        return f"{seconds:.2f} s"
    minutes, rest = divmod(round(seconds), 60)
    return f"{minutes // 60} h {minutes % 60} min {rest} s" if minutes >= 60 else f"{minutes} min {rest} s"


def said_of_observer(report: ObserverReport) -> str:
    """What an observer was told and what it lost: `told 4 events, failed on 1 (RuntimeError: no)`."""
    words = [f"told {report.told} event{'' if report.told == 1 else 's'}"]
    if report.failed:
        words.append(f"failed on {report.failed} ({report.last_failure})")
    if report.busy_since is not None:
        words.append(f"at one event for {max(0.0, time.time() - report.busy_since):.0f} s")
    behind = report.waiting - (report.busy_since is not None)
    if behind:
        words.append(f"{behind} wait{'s' if behind == 1 else ''} behind it")
    if report.dropped:
        words.append(f"lost {report.dropped}")
    return ", ".join(words)
