"""What a case says of an executor that breaks the contract."""

from __future__ import annotations

from typing import Never

import pytest

from anyjob.outcome import Cause, Outcome
from anyjob.samples import Sample

__all__ = ["Fault", "cause_of", "check", "expect", "lacks", "told"]


class Fault(AssertionError):
    """The executor, its spec or its samples break the contract. The text is a sentence that names what they do wrong
    and, where it helps, what to do."""


def check(holds: object, fault: str) -> None:
    """Raises Fault unless it holds."""
    if not holds:
        raise Fault(fault)


def lacks(what: str) -> Never:
    """The type does not promise the thing: the case is skipped by name, and listed as lacking."""
    pytest.skip(f"lacks: {what}")


def cause_of(sample: Sample) -> Cause:
    """With what the sample `fails` ends. Raises Fault where it does not say."""
    if sample.cause in (None, Cause.SUCCEEDED):
        raise Fault(
            "The sample 'fails' names no cause: give it `cause=Cause.FAILED`, or how else it ends, and `code=`."
        )
    return sample.cause


def told(outcome: Outcome) -> str:
    """An outcome in one line, for a fault."""
    code = "" if outcome.code is None else f" {outcome.code}"
    evidence = "; ".join(f"{item.source}: {item.text}" for item in outcome.evidence)
    said = " | ".join(part for part in (outcome.result, evidence) if part)
    return f"{outcome.cause.value}{code}" + (f" ({said})" if said else "")


def expect(outcome: Outcome, *causes: Cause, where: str) -> None:
    """Raises Fault unless the outcome has one of the causes."""
    wanted = " or ".join(cause.value for cause in causes)
    check(outcome.cause in causes, f"{where} ends {wanted}; it ended {told(outcome)}.")
