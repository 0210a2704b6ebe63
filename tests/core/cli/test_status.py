from __future__ import annotations

import pytest

from anyjob.cli.status import of_outcome
from anyjob.outcome import Cause, Outcome


@pytest.mark.parametrize(
    ("cause", "code", "status"),
    [
        (Cause.SUCCEEDED, 0, 0),
        (Cause.EXIT_CODE, 3, 3),
        (Cause.EXIT_CODE, 0, 1),
        (Cause.EXIT_CODE, 256, 1),
        (Cause.EXIT_CODE, None, 1),
        (Cause.SIGNAL, 137, 137),
        (Cause.SIGNAL, None, 1),
        (Cause.TIMED_OUT, 143, 124),
        (Cause.BAD_CONFIG, None, 2),
        (Cause.OUT_OF_MEMORY, 137, 1),
        (Cause.STOPPED, 143, 1),
        (Cause.LEFTOVERS, 0, 1),
        (Cause.FAILED, 9, 1),
        (Cause.UNKNOWN, 0, 1),
    ],
)
def test_exit_status_of_an_end(cause: Cause, code: int | None, status: int) -> None:
    assert of_outcome(Outcome(cause=cause, code=code)) == status


def test_only_success_has_status_0() -> None:
    assert [cause for cause in Cause if of_outcome(Outcome(cause=cause, code=0)) == 0] == [Cause.SUCCEEDED]
