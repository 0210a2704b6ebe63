"""How a run has ended: what the engine says of its container, and what the entry helper has written.

Source: Docker Engine API, ContainerInspect, "State".
"""

from __future__ import annotations

import signal as signals
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any, Final

from anyjob.executor import Exit
from anyjob.outcome import Cause, Evidence, StopReport, Strength
from anyjob_docker.refusal import missing_command
from anyjob_docker.status import Status

__all__ = ["Seen", "epoch", "gone", "judge"]

_STOPS: Final = 15.0
"""Seconds in which an engine that stops or starts ends all containers: it gives them 10."""
_CLOCK: Final = 1.0
_KILLED: Final = 137


@dataclass(frozen=True, slots=True, kw_only=True)
class Seen:
    """What is known beside the container itself. `notes`, `stopped` and `away`: as Watch has them. `asked`: this run
    was asked to stop. `helper`: the container has the entry helper. `leftovers`: what the job wants of them."""

    image: str
    command: str = ""
    helper: bool = True
    leftovers: str = "kill"
    stop_signal: int = int(signals.SIGTERM)
    notes: Sequence[str] = ()
    stopped: bool = False
    away: Sequence[tuple[float, float]] = ()
    asked: bool = False
    started_engine: float | None = None
    """When the engine itself was started (epoch seconds), where that can be told and it is one that ends containers."""
    extra: Sequence[Evidence] = field(default_factory=tuple)


def epoch(text: object) -> float | None:
    """Epoch seconds of the engine's time; None for its zero time."""
    if not isinstance(text, str) or text.startswith("0001-"):
        return None
    whole, _, rest = text.rstrip("Z").partition(".")
    try:
        return datetime.fromisoformat(f"{whole}+00:00").timestamp() + float(f"0.{rest[:9] or 0}")
    except ValueError:
        return None


def judge(ident: str, state: Mapping[str, Any], status: Status, seen: Seen) -> Exit:
    """The end of a container that the engine calls ended, or not begun."""
    if state["Status"] == "created":
        return _never_seen(ident, status, seen)
    code, oom = int(state["ExitCode"]), bool(state.get("OOMKilled"))
    ended = epoch(state.get("FinishedAt"))
    said = f"container {ident[:12]}: {state['Status']}, code {code}" + (", OOMKilled" if oom else "")
    stop = StopReport(
        strength=Strength.REPORTED, by="docker: container ended", evidence=[Evidence(source="docker", text=said)]
    )
    evidence = [*seen.extra]
    trusted = status if seen.helper and status.over and status.agrees(code) else Status()
    if trusted.error is not None:
        failed = missing_command(seen.command, seen.image, trusted.error)
        return Exit(
            code=None, cause=failed.cause, last_line=failed.last_line, evidence=[*failed.evidence, *evidence],
            stop=stop, ended=ended,
        )  # fmt: skip
    cause: Cause | None = None
    number, unseen = trusted.signal, seen.helper and not trusted.over
    if unseen and code == _KILLED:
        # The helper saw no end of the command, so the container was killed from outside, with all that was in it.
        number = int(signals.SIGKILL)
    if code or oom or unseen:
        evidence.append(Evidence(source="docker", text=said))
    if unseen and status.over:
        evidence.append(Evidence(source="entry", text=f"the entry helper had written down: {_how(status)}"))
    evidence += [Evidence(source="docker event", text=note) for note in seen.notes]
    if oom and number == signals.SIGKILL:
        cause = Cause.OUT_OF_MEMORY
    elif (number is not None or unseen) and not seen.asked and (text := _engines_doing(seen, state, trusted)):
        cause = Cause.NODE_LOST
        evidence.append(Evidence(source="engine", text=text))
    elif unseen and number is None:
        # Such as 255, by which an engine says that it does not know.
        cause = Cause.UNKNOWN if status.up else Cause.START_FAILED
        text = f"the entry helper has {'seen no end of the command' if status.up else 'never begun'}"
        evidence.append(Evidence(source="entry", text=text))
    if not seen.helper and code >= 128 and cause is None:
        text = f"without the entry helper nobody can tell exit({code}) from signal {code - 128}"
        evidence.append(Evidence(source="docker", text=text))
        if oom and code == _KILLED:
            cause = Cause.OUT_OF_MEMORY
    if trusted.left:
        what = ", ".join(trusted.left)
        evidence.append(Evidence(source="leftovers", text=f"killed with the container: {what}"))
        if seen.leftovers == "fail" and code == 0:
            cause = Cause.LEFTOVERS
    return Exit(
        code=code if number is None else None, signal=number, cause=cause, evidence=evidence, stop=stop, ended=ended
    )


def gone(name: str, status: Status, seen: Seen) -> Exit:
    """A container that was there and is no more, and nobody here has removed it."""
    text = f"container {name} is gone: somebody else has removed it"
    stop = StopReport(
        strength=Strength.REPORTED, by="docker: no such container", evidence=[Evidence(source="docker", text=text)]
    )
    return _written(text, stop, status, seen)


def _never_seen(ident: str, status: Status, seen: Seen) -> Exit:
    """A container that was to start, under an engine that went away over it."""
    text = f"container {ident[:12]}: created; the engine went away over its start, and knows of none"
    told = Evidence(source="docker", text=text)
    by = "docker: container not started"
    if seen.helper and (status.over or not status.up):
        ended = _written(text, StopReport(strength=Strength.REPORTED, by=by, evidence=[told]), status, seen)
        never = Evidence(source="entry", text="the entry helper has never begun")
        return ended if status.up else replace(ended, cause=Cause.START_FAILED, evidence=[*ended.evidence, never])
    stop = StopReport(strength=Strength.ASKED, by=by, evidence=[told], survivors=[f"container {ident[:12]}"])
    return _written(text, stop, status, seen)


def _written(text: str, stop: StopReport, status: Status, seen: Seen) -> Exit:
    """The end of which the engine says no more than `text`: what the entry helper has written down."""
    evidence = [*seen.extra, Evidence(source="docker", text=text)]
    evidence += [Evidence(source="docker event", text=note) for note in seen.notes]
    if not (seen.helper and status.over):
        return Exit(code=None, cause=Cause.UNKNOWN, evidence=evidence, stop=stop)
    if status.error is not None:
        failed = missing_command(seen.command, seen.image, status.error)
        return Exit(code=None, cause=failed.cause, last_line=failed.last_line, evidence=evidence, stop=stop)
    evidence.append(Evidence(source="entry", text=f"before that the entry helper had written down: {_how(status)}"))
    return Exit(code=status.code if status.signal is None else None, signal=status.signal, evidence=evidence, stop=stop)


def _how(status: Status) -> str:
    if status.error is not None:
        return f"error {status.error} at the start"
    return f"exit {status.code}" if status.signal is None else f"signal {status.signal}"


def _engines_doing(seen: Seen, state: Mapping[str, Any], trusted: Status) -> str:
    """Why the engine itself is what ended the container; empty when nothing says so."""
    began, ended = epoch(state.get("StartedAt")), epoch(state.get("FinishedAt"))
    if began is None or ended is None or trusted.signal not in (None, seen.stop_signal):
        return ""  # it asks by the stop signal, and kills what does not go
    for lost, back in seen.away:
        if began < lost and lost - _CLOCK <= ended <= back + _CLOCK:
            return f"the engine was away for {back - lost:.1f} s then, and ends containers when it starts again"
        if seen.stopped and lost - _STOPS <= ended < lost:
            return f"the engine stopped {lost - ended:.1f} s after that, and ends its containers before"
    started = seen.started_engine
    if started is not None and began < started and started - _CLOCK <= ended <= started + _STOPS:
        return f"the engine had started {max(0.0, ended - started):.1f} s before, and ends what it finds then"
    return ""
