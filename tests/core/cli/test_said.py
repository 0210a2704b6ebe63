"""The lines that a command ends with."""

from __future__ import annotations

from anyjob.cli.said import summary
from anyjob.outcome import Cause, Evidence, Outcome, StopReport, Strength


def test_what_proves_a_stop_and_is_evidence_of_the_end_too_is_said_once() -> None:
    ended, asked = Evidence(source="engine", text="ended, code 137"), Evidence(source="worker", text="stop was asked")
    more = Evidence(source="engine", text="signal sent")
    stop = StopReport(strength=Strength.REPORTED, by="engine: ended", evidence=[ended, more])
    lines = [*summary("a", Outcome(cause=Cause.STOPPED, evidence=[ended, asked], stop=stop), None, [])]
    assert lines[1:] == ["  engine: ended, code 137", "  worker: stop was asked", "  engine: signal sent"]


def test_a_result_that_says_its_evidence_again_is_left_out() -> None:
    """A server makes such results, for those who see the result alone."""
    lacks = Evidence(source="exec", text="/x/python3: Permission denied")
    again = f"it cannot run here: something that it needs is missing: {lacks.text}"
    outcome = Outcome(cause=Cause.DEPENDENCY_MISSING, result=again, evidence=[lacks])
    assert [*summary("a", outcome, None, [])][1:] == [f"  exec: {lacks.text}"]
