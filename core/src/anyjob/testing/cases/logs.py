"""Logs: complete, raw, and shown in the encoding that the job declares."""

from __future__ import annotations

from anyjob.outcome import Cause
from anyjob.testing.fault import check
from anyjob.testing.rig import Rig, expect
from anyjob.testing.suite import Suite

__all__ = ["LogCases"]


class LogCases(Suite):
    """Output cannot hurt, and none of it is lost."""

    def test_a_flood_is_complete(self, rig: Rig) -> None:
        """Megabytes of output in a short time are all in the log."""
        self._complete(rig, "floods")

    def test_an_endless_line_is_complete(self, rig: Rig) -> None:
        """Megabytes without a line end are all in the log."""
        self._complete(rig, "long_line")

    def _complete(self, rig: Rig, name: str) -> None:
        sample = rig.sample(name)
        check(sample.size, f"The sample {name!r} does not say how many bytes it writes.")
        got = rig.run(rig.job(sample))
        expect(got.outcome, Cause.SUCCEEDED, where=f"The sample {name!r}")
        said = f"The job wrote {sample.size} bytes; the log holds {len(got.log)}, as soon as the run has ended."
        check(len(got.log) == sample.size, said)

    def test_bad_bytes_are_kept(self, rig: Rig) -> None:
        """Bytes that are no text are in the log as they came, and harm neither outcome nor journal."""
        sample = rig.sample("bad_bytes")
        got = rig.run(rig.job(sample))
        expect(got.outcome, Cause.SUCCEEDED, where="The sample 'bad_bytes'")
        check(got.log == sample.raw, f"The job wrote {sample.raw!r}; the log holds {got.log!r}.")

    def test_gbk_is_read(self, rig: Rig) -> None:
        """The log keeps the bytes; the result is read in the job's encoding."""
        sample = rig.sample("gbk")
        got = rig.run(rig.job(sample))
        expect(got.outcome, Cause.SUCCEEDED, where="The sample 'gbk'")
        check(got.log == sample.raw, f"The job wrote {sample.raw!r}; the log holds {got.log!r}.")
        said = f"In gbk the result is {sample.result!r}; the outcome says {got.outcome.result!r}."
        check(got.outcome.result == sample.result, said)
