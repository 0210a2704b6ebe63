"""How a run gets to executors: who takes it, and what they answer.

Source: XXL-JOB, TriggerParam and ExecutorBizImpl.run.
"""

from __future__ import annotations

import asyncio
import hashlib
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from anyjob.errors import AnyJobError, EgressRefused
from anyjob.outcome import Cause, Evidence, Json, Outcome, Retry, StopReport, Strength, because
from anyjob_xxljob.spec import MOST_ADDRESSES, Block, Glue, Route, XxlJobSpec
from anyjob_xxljob.verdict import refused
from anyjob_xxljob.wire import NoAnswer, NotSent

if TYPE_CHECKING:
    from collections.abc import Sequence

    from anyjob.run import Run, RunFacts
    from anyjob_xxljob.calls import Calls, Place
    from anyjob_xxljob.lanes import Lanes
    from anyjob_xxljob.routes import Router
    from anyjob_xxljob.ticket import Part, Ticket

__all__ = ["Sending", "bad", "job_of", "lease_of", "parameter_of", "request_of"]


def job_of(run: RunFacts) -> str:
    """What tells jobs apart: their id, in a file of `anyjob run` their name."""
    return str(run.job_id) if run.job_id else f"{run.job.owner}\0{run.job.name}"


def lease_of(run: RunFacts, spec: XxlJobSpec) -> str:
    """Runs of one lease may have a jobId one after the other: with another handler it would end a running one."""
    return "\0".join((job_of(run), spec.glue_type, spec.job_handler))


def parameter_of(run: RunFacts) -> str:
    """The job parameter: a shard's own, else the instance's, else the job's."""
    if run.shard is not None:
        return run.shard.parameter
    return run.instance_parameters or run.fill(run.parameters)


def request_of(run: RunFacts, spec: XxlJobSpec, ticket: Ticket, part: Part) -> dict[str, Any]:
    """The body of `/run`. executorTimeout is 0: with another, a callback says nothing of whether the handler has ended
    (the deadline is kept here)."""
    index, total = (part.index, len(ticket.addresses)) if spec.route is Route.SHARDING_BROADCAST else (0, 1)
    if run.shard is not None:
        index, total = run.shard.id, run.shard.total
    script = spec.glue_type is not Glue.BEAN
    return {
        "jobId": ticket.job_id,
        "executorHandler": spec.job_handler,
        "executorParams": parameter_of(run),
        "executorBlockStrategy": Block.SERIAL_EXECUTION.value,
        "executorTimeout": 0,
        "logId": part.log_id,
        "logDateTime": ticket.moment,
        "glueType": spec.glue_type.value,
        "glueSource": spec.glue_source if script else "",
        # Another time for the same jobId makes the executor read the script anew.
        "glueUpdatetime": int.from_bytes(hashlib.sha256(spec.glue_source.encode()).digest()[:5]) if script else 0,
        "broadcastIndex": index,
        "broadcastTotal": total,
    }


def bad(field: str, text: str) -> Outcome:
    """The job cannot run so."""
    said = f"{field}: {text}"
    return because(Cause.BAD_CONFIG, "job", said)


class _Stopped(Exception):
    """A stop came before the run was sent."""


class Sending:
    """Routes and sends."""

    def __init__(self, calls: Calls, router: Router, lanes: Lanes) -> None:
        self._calls, self._router, self._lanes = calls, router, lanes

    async def places(self, run: Run, spec: XxlJobSpec, job_id: int, found: Sequence[Place]) -> list[Place] | Outcome:
        """Who takes the run: one, or all of a broadcast. An outcome: nobody does."""
        by_address = {place.address: place for place in found}
        order = [by_address[address] for address in self._router.order(spec.route, job_of(run), list(by_address))]
        if spec.route is Route.SHARDING_BROADCAST:
            if len(order) > MOST_ADDRESSES:
                return bad("Content.routeStrategy", f"a run is sent to {MOST_ADDRESSES} executors, not {len(order)}")
            return order
        if spec.route not in (Route.FAILOVER, Route.BUSYOVER):
            return order
        said: list[Evidence] = []
        for place in order:
            why = await self._unfit(run, spec.route, job_id, place)
            if not why:
                return [place]
            said.append(Evidence(source=place.address, text=why))
        text = "no executor is there" if spec.route is Route.FAILOVER else "every executor is busy"
        cause = Cause.START_FAILED if spec.route is Route.FAILOVER else Cause.REJECTED
        return Outcome(cause=cause, result=text, evidence=said, retry=Retry())

    async def _unfit(self, run: Run, route: Route, job_id: int, place: Place) -> str:
        """Why the executor does not get the run; empty: it does."""
        try:
            if route is Route.FAILOVER:
                answer = await self._calls.beat(place)
                return "" if answer.ok else f"/beat: {answer.code} {answer.text}"
            # Each run has a jobId of its own, so that of a new one is always idle.
            for number in self._lanes.others(job_of(run), place).values() or [job_id]:
                answer = await self._calls.idle(place, number)
                if not answer.ok:
                    return f"/idleBeat: {answer.code} {answer.text}"
        except AnyJobError as error:
            return str(error)
        return ""

    async def block(self, run: Run, spec: XxlJobSpec, job_id: int, places: Sequence[Place]) -> Outcome | None:
        """Keep the block strategy, by which a job's runs at one executor take turns. An outcome: there is no start."""
        job = job_of(run)
        for place in places:
            others = self._lanes.others(job, place, run.name)
            if others and spec.block is Block.DISCARD_LATER:
                text = f"blockStrategy DISCARD_LATER: {next(iter(others))} still runs at {place.address}"
                evidence = [Evidence(source="blockStrategy", text=text)]
                return Outcome(cause=Cause.REJECTED, result=text, evidence=evidence)
        for place in places:
            others = self._lanes.others(job, place, run.name)
            self._lanes.enter(job, place, run.name, job_id)
            if spec.block is Block.SERIAL_EXECUTION:
                await self._lanes.first(job, place, run.name)
            elif spec.block is Block.COVER_EARLY:
                for name, number in others.items():
                    self._lanes.cover(name)
                    try:
                        await self._calls.kill(place, number)
                    except AnyJobError as error:
                        run.log.write(f"[anyjob] {name} could not be told to make room: {error}\n".encode())
        return None

    async def send(self, run: Run, spec: XxlJobSpec, ticket: Ticket) -> Ticket | Outcome:
        """Send it, once to each of its executors. An outcome: surely nobody has taken it."""
        outcomes: dict[int, Outcome] = {}
        doubts: set[int] = set()
        facts = _facts(run)
        sent: list[Json] = []

        async def one(part: Part) -> None:
            address = part.place.address

            async def before() -> None:
                if run.stopping:
                    raise _Stopped
                if part.index not in sent:
                    sent.append(part.index)
                    await run.checkpoint({**ticket.to_json(), "sent": [*sent]})

            try:
                answer = await self._calls.run(part.place, request_of(run, spec, ticket, part), before, facts)
            except _Stopped:
                report = StopReport(strength=Strength.PROVEN, by="never sent")
                outcomes[part.index] = Outcome(cause=Cause.STOPPED, result="stopped before it was sent", stop=report)
            except NotSent as error:
                outcomes[part.index] = _not_started(Cause.START_FAILED, str(error), address)
            except EgressRefused as error:
                outcomes[part.index] = _not_started(Cause.REJECTED, str(error), address)
            except NoAnswer as error:
                doubts.add(part.index)
                run.log.write(
                    f"[anyjob] {error} Whether it took the run is not known; it is not sent again.\n".encode()
                )
            else:
                if not answer.ok:
                    outcomes[part.index] = refused(answer, address)

        await asyncio.gather(*(one(part) for part in ticket.parts))
        if len(outcomes) == len(ticket.addresses):
            first = outcomes[0]
            if len(outcomes) == 1:
                return first
            said = [item for index in sorted(outcomes) for item in outcomes[index].evidence]
            return replace(first, result=f"none of {len(outcomes)} executors took it: {first.result}", evidence=said)
        texts = {index: outcome.result for index, outcome in outcomes.items()}
        return replace(ticket, doubts=frozenset(doubts), refused=texts)


def _facts(run: RunFacts) -> list[tuple[str, str]]:
    """Whose run it is, for logs and proxies on the way; XXL-JOB's handlers see no headers."""
    said = {
        "Run": run.name,
        "Key": run.key,
        "Job-Id": run.job_id,
        "Instance-Id": run.instance,
        "Attempt": run.attempt,
    }
    return [(f"X-Anyjob-{name}", str(value)) for name, value in said.items()]


def _not_started(cause: Cause, text: str, address: str) -> Outcome:
    return because(cause, f"call of {address}", text)
