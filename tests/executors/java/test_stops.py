"""A stop: kill(context) on the same object, the interrupt, the JVM."""

from __future__ import annotations

import pytest
from tests.executors.java.runs import Java, said

from anyjob.outcome import Cause, Strength
from anyjob.testing.processes import alive


@pytest.mark.parametrize(
    ("parameters", "step"),
    [
        ("kill", "ms after kill"),
        ("interrupt", "ms after interrupt"),
        ("spin", "so its JVM was ended; the last step was interrupt"),
        ("nothing", "so its JVM was ended; the last step was interrupt"),
    ],
)
def test_each_step_of_a_stop_is_told(java: Java, parameters: str, step: str) -> None:
    got = java.stop(java.job("Stops", parameters, grace=1))
    assert got.outcome.cause is Cause.STOPPED, said(got)
    report = got.outcome.stop
    assert report is not None
    assert report.strength is Strength.PROVEN
    texts = [item.text for item in report.evidence]
    assert any(step in text for text in texts), texts
    assert b"kill with the same context: true" in got.log
    assert not alive(got.order.name)
