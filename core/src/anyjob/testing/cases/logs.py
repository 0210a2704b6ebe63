"""Logs: complete, raw, and shown in the encoding that the job declares."""

from __future__ import annotations

import asyncio

from anyjob.outcome import Cause
from anyjob.samples import Sample
from anyjob.testing.fault import Fault, check, expect, lacks
from anyjob.testing.rig import Finished, Rig
from anyjob.testing.suite import Suite

__all__ = ["LogCases", "counted"]

_QUOTA = 65536


def counted(sample: Sample, log: bytes, where: str) -> None:
    """Raises Fault unless the log holds the numbers of the sample `counts`, each once and in order."""
    check(sample.size, "The sample 'counts' does not say up to which number it counts.")
    wanted = [str(number) for number in range(1, (sample.size or 0) + 1)]
    seen = log.decode(errors="replace").split()
    if seen != wanted:
        missing = [number for number in wanted if number not in seen]
        twice = [number for number in wanted if seen.count(number) > 1]
        raise Fault(
            f"The log of a run that counts to {sample.size}, {where}, lacks {missing[:5]} ({len(missing)} in all) and "
            f"has {twice[:5]} ({len(twice)}) more than once. A fed log keeps its cursor with the bytes: `run.log.feed`."
        )


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

    def test_bytes_once_written_stay(self, rig: Rig) -> None:
        """The log only grows: whoever has read up to an offset goes on from there and has it all."""
        sample = rig.sample("counts")

        async def life() -> tuple[list[bytes], Finished]:
            async with rig.worker() as worker:
                run = await rig.submit(worker, rig.order(rig.job(sample)))
                seen: list[bytes] = []

                def grown() -> bool:
                    now = rig.log(run)
                    if not seen or now != seen[-1]:
                        seen.append(now)
                    return run.record.outcome is not None

                await rig.until(grown, "The sample 'counts' has not ended")
                return seen, await rig.finish(run)

        seen, got = asyncio.run(life())
        expect(got.outcome, Cause.SUCCEEDED, where="The sample 'counts'")
        for before in seen:
            check(got.log.startswith(before), f"{len(before)} bytes that stood in the log are not its beginning now.")
        check(len(set(seen)) > 2, "Nothing of the log could be read while the run went on; write as it comes.")
        counted(sample, got.log, "from one worker")

    def test_two_floods_at_once(self, rig: Rig) -> None:
        """Two runs that flood at one time have a log each, and lose nothing to one another."""
        sample = rig.sample("floods")

        async def life() -> list[Finished]:
            async with rig.worker() as worker:
                runs = [await rig.submit(worker, rig.order(rig.job(sample))) for _ in range(2)]
                return await rig.finish_all(runs)

        sizes = [len(got.log) for got in asyncio.run(life())]
        said = f"Each of two runs at once wrote {sample.size} bytes; their logs hold {sizes}."
        check(sizes == [sample.size] * 2, said)

    def test_a_quota_keeps_head_and_tail(self, rig: Rig) -> None:
        """A log beyond its quota keeps its beginning and its end where they are, and loses nothing but its middle."""
        sample = rig.sample("floods")
        jobs = [rig.job(sample), rig.job(sample, xattrs={"logQuota": _QUOTA})]

        async def life() -> list[Finished]:
            async with rig.worker() as worker:
                return [await rig.finish(await rig.submit(worker, rig.order(job))) for job in jobs]

        whole, cut = asyncio.run(life())
        expect(cut.outcome, Cause.SUCCEEDED, where="The sample 'floods' with a quota for its log")
        size = len(cut.log)
        check(size == len(whole.log), f"A quota moves no byte: of {len(whole.log)} bytes the log shows {size}.")
        # Whole blocks are freed, so a little more than the quota may stay, and never less.
        for name, mine, theirs in (
            ("beginning", cut.log[: _QUOTA // 4], whole.log[: _QUOTA // 4]),
            ("end", cut.log[-_QUOTA // 4 :], whole.log[-_QUOTA // 4 :]),
        ):
            check(mine == theirs, f"With a quota of {_QUOTA} bytes the log's {name} is not what the job wrote.")
        kept = size - cut.log.count(0)
        check(kept < size // 2, f"A quota of {_QUOTA} bytes was given, and of {size} bytes {kept} are kept.")

    def test_the_log_is_the_jobs_alone(self, rig: Rig) -> None:
        """Twenty runs at one time find their own words in their log, and nobody else's."""
        sample = rig.sample("echoes")
        if not rig.promise.logs():
            lacks("its sample 'succeeds' writes no log")
        words = [f"word-{number:02}-of-{self.many}" for number in range(self.many)]

        async def life() -> list[Finished]:
            async with rig.worker() as worker:
                job = rig.job(sample)
                runs = [await rig.submit(worker, rig.order(job, instance_parameters=word)) for word in words]
                return await rig.finish_all(runs)

        for word, got in zip(words, asyncio.run(life()), strict=True):
            others = [other for other in words if other != word and other.encode() in got.log]
            check(not others, f"The log of the run of {word!r} holds words of other runs: {others}")

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
