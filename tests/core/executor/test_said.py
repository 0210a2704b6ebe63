"""What is said of a process that said nothing itself."""

from __future__ import annotations

import pytest

from anyjob.executor.command import Exit
from anyjob.executor.said import without_word
from anyjob.outcome import Cause, Evidence

TOLD = Evidence(source="shim", text="the shim died while it started this run; whether it began is not known")


@pytest.mark.parametrize("cause", [Cause.UNKNOWN, Cause.START_FAILED, Cause.NODE_LOST])
def test_an_end_that_nobody_saw_is_not_claimed(cause: Cause) -> None:
    outcome = without_word(Exit(code=None, cause=cause, evidence=[TOLD]))
    assert (outcome.cause, outcome.evidence) == (cause, [TOLD])


def test_an_end_that_was_seen_is_told() -> None:
    texts = [without_word(one).evidence[-1].text for one in (Exit(code=7), Exit(code=None, signal=9))]
    assert texts == [
        "its process ended with exit code 7 before the run had ended",
        "its process was ended by signal 9 (SIGKILL) before the run had ended",
    ]
    assert without_word(Exit(code=0)).cause is Cause.FAILED
