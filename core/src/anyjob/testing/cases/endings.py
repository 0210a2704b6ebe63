"""How runs end: cause, code, result and evidence."""

from __future__ import annotations

import asyncio
import json
import time

from anyjob.outcome import Cause, Outcome
from anyjob.testing.fault import cause_of, check, expect, told
from anyjob.testing.rig import Rig
from anyjob.testing.suite import Suite

__all__ = ["EndingCases"]


_CLOCK = 0.05
"""Seconds by which two clocks of one machine differ, and what rounding takes."""


class EndingCases(Suite):
    """Every end has its cause."""

    def test_success(self, rig: Rig) -> None:
        """A job that ends well is `succeeded`, with its result."""
        sample = rig.sample("succeeds")
        got = rig.run(rig.job(sample))
        expect(got.outcome, Cause.SUCCEEDED, where="The sample 'succeeds'")
        if sample.result is not None:
            said = f"The result of the sample 'succeeds' is {sample.result!r}; the outcome says {got.outcome.result!r}."
            check(got.outcome.result == sample.result, said)

    def test_failure(self, rig: Rig) -> None:
        """A job that ends badly keeps its cause and its own code: they are what its owner looks at first."""
        sample = rig.sample("fails")
        cause = cause_of(sample)
        got = rig.run(rig.job(sample))
        expect(got.outcome, cause, where="The sample 'fails'")
        code = got.outcome.code
        check(code == sample.code, f"The job failed with code {sample.code}; the outcome says {code}: it is swallowed.")

    def test_outcomes_survive_their_journal(self, rig: Rig) -> None:
        """What a later worker reads of an outcome is what this one had."""
        orders = [rig.order(rig.job(rig.sample(name))) for name in ("succeeds", "fails")]

        async def lives() -> None:
            async with rig.worker() as worker:
                first = [(await rig.finish(await rig.submit(worker, order))).outcome for order in orders]
            for outcome in first:
                read = Outcome.from_json(json.loads(json.dumps(outcome.to_json())))
                check(read.to_json() == outcome.to_json(), f"The outcome changes on its way through JSON: {outcome}")
            async with rig.worker() as worker:
                again = [(await rig.resumed(worker, order)).outcome for order in orders]
            for before, after in zip(first, again, strict=True):
                check(before.to_json() == after.to_json(), f"{told(before)} became {told(after)} in the next worker.")

        asyncio.run(lives())

    def test_a_missing_dependency_is_named(self, rig: Rig) -> None:
        """What the node lacks is `dependency_missing`, and is named: trying again without a change is pointless."""
        sample = rig.sample("missing_dependency")
        got = rig.run(rig.job(sample))
        expect(got.outcome, Cause.DEPENDENCY_MISSING, where="The sample 'missing_dependency'")
        check(sample.names and sample.names in got.said, f"The outcome does not name {sample.names!r}: {got.said}")

    def test_exit_codes_are_kept(self, rig: Rig) -> None:
        """An exit code is the job's own word: 124, 137 or 143 are codes like others, and no deadline, kill or stop."""
        sample = rig.sample("exits")
        codes = (1, 2, 124, 126, 127, 130, 137, 143, 255)

        async def life() -> None:
            async with rig.worker() as worker:
                runs = [await rig.submit(worker, rig.order(rig.job(sample, Parameters=str(code)))) for code in codes]
                for code, run in zip(codes, runs, strict=True):
                    got = await rig.finish(run)
                    expect(got.outcome, Cause.EXIT_CODE, where=f"A job that ends with code {code}")
                    check(got.outcome.code == code, f"The job ended with code {code}; the outcome is {got.said}.")
                good = await rig.finish(await rig.submit(worker, rig.order(rig.job(sample, Parameters="0"))))
                expect(good.outcome, Cause.SUCCEEDED, where="A job that ends with code 0")

        asyncio.run(life())

    def test_a_signal_is_no_exit_code(self, rig: Rig) -> None:
        """A job that a signal ended is told from one that exits: cause `signal`, code 128 and the signal's number."""
        got = rig.run(rig.job(rig.sample("dies")))
        expect(got.outcome, Cause.SIGNAL, where="A job that signal 9 ends")
        check(got.outcome.code == 137, f"Signal 9 ended the job; its code is 137, and the outcome is {got.said}.")
        check(got.outcome.evidence, "Signal 9 ended the job, and no evidence says so.")

    def test_a_failure_is_explained(self, rig: Rig) -> None:
        """Whoever is called at night reads the outcome first: a failure has a code, a result or evidence."""
        for name in ("fails", "missing_dependency"):
            if not rig.has(name):
                continue
            got = rig.run(rig.job(rig.sample(name)))
            outcome = got.outcome
            words = outcome.result.strip() or outcome.evidence or outcome.code is not None
            check(words, f"The sample {name!r} ends {outcome.cause.value} and nothing says why; add evidence.")
            for item in outcome.evidence:
                said = f"Evidence needs a source and a text; it has {item.source!r} and {item.text!r}."
                check(item.source.strip() and item.text.strip(), said)

    def test_times_are_in_order(self, rig: Rig) -> None:
        """A run does not end before it starts, nor outside of the time in which it was watched."""
        job = rig.job(rig.sample("remembers" if rig.has("remembers") else "succeeds"), Parameters=str(rig.folder / "x"))

        async def life() -> None:
            async with rig.worker() as worker:
                before = time.time()
                run = await rig.submit(worker, rig.order(job))
                await rig.finish(run)
                after, record = time.time(), run.record
                started, ended = record.started or 0, record.ended or 0
                said = f"The run was watched from {before} to {after}; it says it started {started}, ended {ended}."
                check(before - _CLOCK <= started <= ended <= after + _CLOCK, f"{said} Give `ended` in epoch seconds.")

        asyncio.run(life())

    def test_a_result_in_any_script(self, rig: Rig) -> None:
        """A result is text: what is not ASCII comes back as it went."""
        sample = rig.sample("echoes")
        text = "naïve 中文 日本語 Ωмега 😀"
        got = rig.run(rig.job(sample), instance_parameters=text)
        expect(got.outcome, Cause.SUCCEEDED, where="The sample 'echoes'")
        check(got.outcome.result == text, f"The job's result was {text!r}; the outcome says {got.outcome.result!r}.")

    def test_a_long_result(self, rig: Rig) -> None:
        """A long result is kept whole, or cut behind its first 1000 bytes: never lost, never cut inside a character."""
        sample = rig.sample("echoes")
        # Whoever cuts at 1000 or 1024 bytes comes into the middle of a character.
        text = "中" * 400 + "".join(f"{number}·" for number in range(500))
        got = rig.run(rig.job(sample), instance_parameters=text)
        expect(got.outcome, Cause.SUCCEEDED, where="The sample 'echoes' with a long text")
        result = got.outcome.result
        said = f"The job's result has {len(text)} characters; the outcome's {len(result)} are not its beginning"
        check(text.startswith(result), f"{said}: {result[:40]!r} ... {result[-40:]!r}")
        check(len(result.encode()) > 990, f"Of a result of {len(text)} characters only {len(result)} are kept.")
