"""From what happened to a call to the outcome of its run."""

from __future__ import annotations

import ssl
from collections.abc import Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Final

from requests.exceptions import InvalidHeader, InvalidURL, RequestException
from urllib3.exceptions import HTTPError, NameResolutionError

from anyjob.egress import Call, CallStep
from anyjob.errors import AnyJobError, EgressRefused
from anyjob.outcome import Cause, Evidence, Outcome, Retry, StopReport, Strength
from anyjob.problem import short
from anyjob_http.request import BadRequest

if TYPE_CHECKING:
    from anyjob_http.answer import Answer

__all__ = ["FAULTS", "LogUnwritable", "RedirectRefused", "answered", "broken"]

FAULTS: Final = (RequestException, HTTPError, OSError, EgressRefused, BadRequest)
"""What a call may raise that is an end, and no defect."""

_SAFE: Final = (CallStep.RESOLVING, CallStep.CONNECTING, CallStep.CONNECTED)
_BUSY: Final = (429, 503)


class RedirectRefused(AnyJobError):
    """The answer sends the call on, to where it must not go or too often."""

    def __init__(self, status: int, why: str) -> None:
        self.status, self.why = status, why
        super().__init__(f"The redirect {status} was not followed: {why}.")


class LogUnwritable(AnyJobError):
    """The answer came, and this machine could not keep it."""

    def __init__(self, why: str) -> None:
        self.why = why
        super().__init__(
            f"The answer could not be written into the log of the run: {why}. Make room in the state folder."
        )


def answered(answer: Answer, why: str, line: str, result: str) -> Outcome:
    """The outcome of a call that was answered in full. `why`: what is missing for success, empty for success;
    `result`: what people read first."""
    evidence = [Evidence(source="http", text=line)]
    if not why:
        return Outcome(
            cause=Cause.SUCCEEDED,
            code=answer.status,
            result=result,
            outputs=answer.outputs,
            evidence=evidence if answer.cut else (),
        )
    evidence.append(Evidence(source="success rule", text=why))
    after = answer.retry_after
    busy = answer.status in _BUSY and (after is not None or answer.status == 429)
    return Outcome(
        cause=Cause.REJECTED if busy else Cause.FAILED,
        code=answer.status,
        result=result or why,
        outputs=answer.outputs,
        evidence=evidence,
        retry=None if after is None and not busy else Retry(after=after),
    )


def broken(
    error: Exception, call: Call, line: str, *, doing: str, repeatable: bool, status: int | None, later: bool
) -> Outcome:
    """The outcome of a call that came to no full answer.

    `line` says what was called, `doing` what was going on when it ended, `status` what was answered before it broke
    off, `repeatable` whether the run's request may be sent again: another attempt begins with it. `later`: an earlier
    request of the run was sent: it was answered by a redirect or a 202, or its worker died.
    """
    unsent = call.step in _SAFE and not later
    if isinstance(error, BadRequest | InvalidURL | InvalidHeader) and unsent:
        return _end(Cause.BAD_CONFIG, "request", str(error), status)
    if isinstance(error, EgressRefused):
        return _end(Cause.REJECTED, "egress", f"{line}: {error}" if later else str(error), status)
    if isinstance(error, RedirectRefused):
        outcome = _end(Cause.REMOTE_FAILED, "http", f"{line}: {error}", error.status)
        # What was answered by a redirect may have been done: only what is repeatable goes through it again.
        return outcome if repeatable else replace(outcome, retry=Retry(again=False))
    if isinstance(error, LogUnwritable):
        return _end(Cause.UNKNOWN, "log", f"{line} answered {status}. {error}", status)
    if call.ended == "stop":
        outcome = _end(Cause.STOPPED, "http", f"{line}: the stop came while {doing}", status)
        return replace(outcome, result="", stop=_stopped(outcome.evidence, unsent=unsent))
    if call.ended or isinstance(_root(error), TimeoutError):
        text = f"{line}: the time was over while {doing}"
        if unsent:
            return _end(Cause.START_FAILED, "http", f"{text}; nothing was sent", status)
        outcome = _end(Cause.TIMED_OUT, "http", f"{text}; the other side may go on with it", status)
        return replace(outcome, stop=_stopped(outcome.evidence, unsent=False))
    said = _words(error)
    if unsent:
        return _end(Cause.START_FAILED, "http", f"{line}: {said}; nothing was sent", status)
    text = f"{line} gave no answer: {said}" if status is None else f"{line} answered {status}, and broke off: {said}"
    if repeatable:
        return _end(Cause.REMOTE_FAILED, "http", text, status)
    # What was sent may have been done, whatever came of the answer, or of where a redirect led.
    text += "; it was sent, and may not be sent again: whether it took effect is not known"
    return _end(Cause.UNKNOWN, "http", text, status)


def _stopped(evidence: Sequence[Evidence], *, unsent: bool) -> StopReport:
    """How surely a call is over that was ended from here."""
    if unsent:
        return StopReport(strength=Strength.PROVEN, by="the request was not sent", evidence=evidence)
    return StopReport(
        strength=Strength.ASKED,
        by="connection closed",
        evidence=evidence,
        survivors=["the request was sent; the other side may go on with it"],
    )


def _end(cause: Cause, source: str, text: str, status: int | None) -> Outcome:
    return Outcome(cause=cause, code=status, result=text, evidence=[Evidence(source=source, text=text)])


def _words(error: Exception) -> str:
    """What went wrong, without the names of Python's objects."""
    root = _root(error)
    if isinstance(root, ssl.SSLCertVerificationError):
        return f"the certificate is refused: {root.verify_message}"
    if isinstance(root, ssl.SSLError):
        return f"TLS failed: {root.reason or root}"
    if isinstance(root, NameResolutionError) or type(root).__name__ == "gaierror":
        return f"the host has no address ({root})"
    if isinstance(root, OSError) and root.strerror:
        return root.strerror.lower()
    return short(str(root), 200) or type(root).__name__


def _root(error: BaseException) -> BaseException:
    """The first of the exceptions that were wrapped in one another."""
    seen: set[int] = set()
    while id(error) not in seen:
        seen.add(id(error))
        inner = getattr(error, "reason", None)
        behind = None if error.__suppress_context__ else error.__context__
        inside = [inner, *error.args[:2], error.__cause__, behind]
        error = next((one for one in inside if isinstance(one, BaseException)), error)
    return error
