"""Attempts and starts: what stays the same, what must not."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from itertools import pairwise

from anyjob.outcome import Cause, Outcome
from anyjob.testing.cases.contexts import environment
from anyjob.testing.fault import Fault, cause_of, check, expect
from anyjob.testing.rig import Finished, Rig
from anyjob.testing.suite import Suite
from anyjob.worker.instance import Firing, Instances, LiveInstance, new_instance_id
from anyjob.worker.worker import Worker

__all__ = ["RetryCases"]


class RetryCases(Suite):
    """A run is one start of one attempt, and says so to whoever must not do a thing twice."""

    def test_attempts_are_told_apart(self, rig: Rig) -> None:
        """Each attempt knows its number, and has a key and a name of its own."""
        first, second = self._starts(rig, [(0, 1), (1, 2)])
        check((first["ATTEMPT"], second["ATTEMPT"]) == ("0", "1"), "Two attempts do not know their numbers, 0 and 1.")
        check(first["KEY"] != second["KEY"], f"Two attempts have one key, {first['KEY']}: the second would be skipped.")
        check(first["RUN"] != second["RUN"], f"Two attempts have one name, {first['RUN']}.")

    def test_a_new_start_keeps_its_key(self, rig: Rig) -> None:
        """A second start of one attempt, on another node, has the attempt's key and a name of its own: what has been
        done under the key is not done again."""
        first, second = self._starts(rig, [(0, 1), (0, 2)])
        said = f"Two starts of one attempt have the keys {first['KEY']} and {second['KEY']}; hand on `run.key`."
        check(first["KEY"] == second["KEY"], said)
        check(first["RUN"] != second["RUN"], f"Two starts have one name, {first['RUN']}; hand on `run.name`.")
        check(first["ATTEMPT"] == second["ATTEMPT"], "A new start of an attempt counts as another attempt.")

    def test_a_failure_is_tried_again(self, rig: Rig) -> None:
        """A job that fails is tried as often as its owner allows, one try after the other, each with its own log."""
        sample = rig.sample("fails")
        cause = cause_of(sample)
        live, outcome = self._fired(rig, "fails", MaxAttempt=2, AttemptInterval=0, TaskMaxAttempt=2)
        runs = [run.record for run in live.runs]
        told = [(record.order.attempt, record.order.fence) for record in runs]
        expect(outcome, cause, where="A job that fails in every attempt")
        first = runs[0].outcome
        if first is not None and first.retry is not None and not first.retry.again:
            check(len(told) == 1, f"The executor says that trying again is no use, and it was tried {len(told)} times.")
            return
        check(len(told) == 3, f"Two further attempts are allowed, and the job was tried {len(told)} times: {told}")
        attempts, fences = zip(*told, strict=True)
        check(list(attempts) == [0, 1, 2], f"The attempts are numbered {attempts}.")
        check(list(fences) == sorted(set(fences)), f"The fences of three starts do not rise: {fences}")
        for before, after in pairwise(runs):
            check((after.started or 0) >= (before.ended or 0) - 0.05, "An attempt began before the last one was over.")

    def test_a_stopped_job_is_not_tried_again(self, rig: Rig) -> None:
        """Who stops a job does not want the next attempt, whatever the executor advises."""
        live, outcome = self._fired(rig, "sleeps", stop=True, MaxAttempt=2, AttemptInterval=0, TaskMaxAttempt=2)
        expect(outcome, Cause.STOPPED, where="A job that is stopped with attempts left")
        check(len(live.runs) == 1, f"The job was stopped, and started {len(live.runs)} times.")

    # ---------------------------------------------------------------- what all of them share

    def _starts(self, rig: Rig, starts: Sequence[tuple[int, int]]) -> list[dict[str, str]]:
        """What each start, an (attempt, fence) of one task, is told of itself."""
        job = rig.job(rig.sample("prints_environment"))
        instance = new_instance_id()

        async def life() -> list[Finished]:
            async with rig.worker() as worker:
                orders = [rig.order(job, instance=instance, attempt=a, fence=f) for a, f in starts]
                return [await rig.finish(await rig.submit(worker, order)) for order in orders]

        seen: list[dict[str, str]] = []
        for got in asyncio.run(life()):
            expect(got.outcome, Cause.SUCCEEDED, where="The sample 'prints_environment'")
            env = environment(got.log)
            for name in ("RUN", "KEY", "ATTEMPT"):
                check(f"ANYJOB_{name}" in env, f"The job is not told its ANYJOB_{name}; hand it on.")
            wanted = {"RUN": got.order.name, "KEY": got.order.key, "ATTEMPT": str(got.order.attempt)}
            for name, value in wanted.items():
                if env[f"ANYJOB_{name}"] != value:
                    raise Fault(f"ANYJOB_{name} is {value!r} for this start; the job saw {env[f'ANYJOB_{name}']!r}.")
            seen.append(wanted)
        return seen

    def _fired(self, rig: Rig, name: str, *, stop: bool = False, **fields: int) -> tuple[LiveInstance, Outcome]:
        sample = rig.sample(name)
        job = rig.job(sample, xattrs={"grace": 0.2}, **fields)

        async def life() -> tuple[LiveInstance, Outcome]:
            worker = Worker(rig.host(), rig.state, rig.settings())
            instances = Instances(worker)
            async with rig.life(worker):
                live = await instances.fire(Firing(job=job, instance=new_instance_id()))
                if stop:
                    await rig.until(lambda: live.runs, "The instance has no run")
                    await rig.running(live.runs[0])
                    live.stop(force=True)
                outcome = await rig.within(live.outcome(), "The instance has not ended")
                for run in live.runs:
                    await rig.finish(run)
                return live, outcome

        return asyncio.run(life())
