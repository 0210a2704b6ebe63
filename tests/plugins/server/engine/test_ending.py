"""What the API shows first of an end: the vendor's words where it has some, and never nothing of a failure."""

from __future__ import annotations

import pytest

from anyjob.outcome import Cause, Evidence, Outcome
from anyjob_server.engine.ending import result_of

SEEN = [Evidence(source="exec", text="Permission denied")]


@pytest.mark.parametrize(
    ("outcome", "who", "timeout", "result"),
    [
        (Outcome(cause=Cause.STOPPED), "LTAI1", 9, "killed from server: stopped by LTAI1"),
        (Outcome(cause=Cause.STOPPED), "", None, "killed from server"),
        (Outcome(cause=Cause.TIMED_OUT), "", 9, "killed from server: its Timeout of 9 s was over"),
        (Outcome(cause=Cause.TIMED_OUT, result="read timed out"), "", None, "read timed out"),
        (Outcome(cause=Cause.START_FAILED, evidence=SEEN), "", 9, "it could not be started: Permission denied"),
        (Outcome(cause=Cause.EXIT_CODE, code=3), "", 9, "it failed with exit code 3"),
        (Outcome(cause=Cause.EXIT_CODE, code=3, result="no such host"), "", 9, "no such host"),
        (Outcome(cause=Cause.SUCCEEDED), "", 9, ""),
    ],
)
def test_the_result_of_an_end(outcome: Outcome, who: str, timeout: int | None, result: str) -> None:
    assert result_of(outcome, who, timeout) == result
