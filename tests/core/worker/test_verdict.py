"""What is kept of an executor's answer after a stop."""

from __future__ import annotations

import pytest

from anyjob.executor import Capabilities
from anyjob.outcome import Cause, Evidence, Outcome, StopReport, Strength
from anyjob.worker.verdict import DEADLINE, STOP, settle

REPORT = StopReport(strength=Strength.REPORTED, by="the remote side")


@pytest.mark.parametrize(("why", "cause"), [(STOP, Cause.STOPPED), (DEADLINE, Cause.TIMED_OUT)])
@pytest.mark.parametrize("said", [Cause.STOPPED, Cause.TIMED_OUT])
def test_who_says_that_he_obeyed_is_not_said_to_have_ended_by_himself(why: str, cause: Cause, said: Cause) -> None:
    seen = [Evidence(source="x", text="closed")]
    kept = settle(Outcome(cause=said, evidence=seen, stop=REPORT), why, Capabilities(), "x")
    assert (kept.cause, kept.evidence, kept.stop) == (cause, seen, REPORT)


def test_an_end_of_its_own_is_told_beside_the_stop() -> None:
    kept = settle(Outcome(cause=Cause.EXIT_CODE, code=3), STOP, Capabilities(), "x")
    assert kept.cause is Cause.STOPPED
    assert kept.evidence[-1].text == "stop was asked for, then the run ended with code 3"


def test_a_cause_with_evidence_of_its_own_stays() -> None:
    kept = settle(Outcome(cause=Cause.OUT_OF_MEMORY, stop=REPORT), STOP, Capabilities(), "x")
    assert (kept.cause, kept.stop) == (Cause.OUT_OF_MEMORY, REPORT)


def test_an_end_that_nobody_knows_is_no_proof_of_a_stop() -> None:
    promised = Capabilities(proof=Strength.PROVEN)
    kept = settle(Outcome(cause=Cause.UNKNOWN), STOP, promised, "x")
    assert (kept.cause, kept.stop and kept.stop.strength) == (Cause.UNKNOWN, Strength.ASKED)
    kept = settle(Outcome(cause=Cause.FAILED), STOP, promised, "x")
    assert kept.stop is not None
    assert kept.stop.strength is Strength.PROVEN
