"""What the API server's refusals mean: of main objects to us, of pods to a Job's controller.

Source: Kubernetes source, the messages of plugin/pkg/admission.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum
from typing import Final

from anyjob.outcome import Cause
from anyjob_k8s.advice import advice_on_refusal
from anyjob_k8s.fact import fact
from anyjob_k8s.faults import ApiFault, Trouble
from anyjob_k8s.quantity import never_fits
from anyjob_k8s.sight import Verdict

__all__ = ["Patience", "Refusal", "judge_refusal", "read_refusal"]


class Patience(Enum):
    """How long it may last before it counts."""

    NONE = 0
    """It does not end by itself."""
    SHORT = 1
    """What is missing may be on its way: objects are made one after the other."""
    LIMIT = 2
    """It may pass: the pending limit of the run."""


@dataclass(frozen=True, slots=True)
class Refusal:
    """A cause, and how long the refusal must have lasted for it to be one."""

    cause: Cause
    patience: Patience


_POLICIES: Final = ("violates PodSecurity", "denied the request", "denied request", "ValidatingAdmissionPolicy")
_MISSING: Final = ("error looking up service account", "no PriorityClass with name", "RuntimeClass", 'namespaces "')


def read_refusal(message: str) -> Refusal:
    """What an admission's words mean. They are looked for in this order: later ones may quote what users wrote."""
    if "exceeded quota" in message:
        return Refusal(Cause.REJECTED, Patience.NONE if never_fits(message) else Patience.LIMIT)
    if "failed quota" in message or any(words in message for words in _POLICIES):
        return Refusal(Cause.REJECTED, Patience.NONE)
    if any(words in message for words in _MISSING) and ("not found" in message or "was found" in message):
        return Refusal(Cause.BAD_CONFIG, Patience.SHORT)
    if " is invalid: " in message:
        return Refusal(Cause.BAD_CONFIG, Patience.NONE)
    if "is forbidden" in message:
        return Refusal(Cause.REJECTED, Patience.LIMIT)
    return Refusal(Cause.START_FAILED, Patience.LIMIT)


def judge_refusal(fault: ApiFault) -> Verdict:
    """The end of a run whose main object the API server did not take.

    Rights and credentials: `rejected`, naming verb, resource and namespace. What is wrong in the object, or a namespace
    that is not there: `bad_config`, naming the field. A server that is busy, broken or out of reach: `start_failed`;
    whether it has made the object all the same is for `find` to say (`ApiFault.untouched`).
    """
    cause = _cause_of(fault)
    advice = advice_on_refusal(fault.said) if cause is Cause.BAD_CONFIG else None
    said = str(fault) if advice is None else f"{fault}. {advice.source} {advice.text}"
    return Verdict(cause=cause, evidence=[fact("kubernetes", said)])


def _cause_of(fault: ApiFault) -> Cause:
    if fault.passing:
        return Cause.START_FAILED
    if fault.trouble in (Trouble.CREDENTIALS, Trouble.FORBIDDEN, Trouble.REFUSED):
        cause = read_refusal(fault.said).cause
        return cause if cause is Cause.BAD_CONFIG else Cause.REJECTED
    if fault.trouble is Trouble.INVALID:
        return Cause.REJECTED if read_refusal(fault.said).cause is Cause.REJECTED else Cause.BAD_CONFIG
    return Cause.BAD_CONFIG if fault.trouble is Trouble.MISSING else Cause.START_FAILED
