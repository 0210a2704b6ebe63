"""Runs the handlers of XXL-JOB executors: this worker is their admin."""

from __future__ import annotations

import asyncio
import json
import time
from collections.abc import Iterable, Mapping, Sequence
from contextlib import suppress
from dataclasses import replace
from typing import TYPE_CHECKING, cast

from anyjob.errors import AnyJobError
from anyjob.executor import Capabilities, Handle, Health, Phase, RemoteExecutor, Stage
from anyjob.outcome import Cause, Evidence, Outcome, StopReport, Strength
from anyjob.problem import Problem
from anyjob_xxljob.admin import Admin
from anyjob_xxljob.calls import Place
from anyjob_xxljob.follower import Followed
from anyjob_xxljob.leases import new_log_id
from anyjob_xxljob.logpage import Tail
from anyjob_xxljob.message import Callback
from anyjob_xxljob.sending import bad, job_of, lease_of, request_of
from anyjob_xxljob.settings import XxlJobSettings
from anyjob_xxljob.spec import Glue, XxlJobSpec
from anyjob_xxljob.ticket import ROOM, Part, Ticket
from anyjob_xxljob.verdict import ended, folded

if TYPE_CHECKING:
    from anyjob.executor import Services
    from anyjob.job import Job
    from anyjob.run import Run, RunFacts

__all__ = ["XxlJobExecutor"]

_LISTENS = 5.0
"""Seconds in which another process may still let go of the address."""


class XxlJobExecutor(RemoteExecutor[XxlJobSpec]):
    """A run is one `/run` to an executor, and ends by its callback."""

    def __init__(self, settings: XxlJobSettings) -> None:
        self._settings = settings
        self.admin = Admin(settings)

    def capabilities(self, spec: XxlJobSpec) -> Capabilities:
        """A script's processes may outlive its callback."""
        proof = Strength.REPORTED if spec.glue_type is Glue.BEAN else Strength.ASKED
        return Capabilities(proof=proof, resumes=True, phases=frozenset({Phase.PROCESS}))

    async def serve(self, services: Services) -> None:
        await self.admin.open(services)

    async def enabled(self, jobs: Sequence[Job]) -> None:
        """`serve` came before this, and is all that is needed: executors register from the first job on, not only from
        its first run on.
        """

    async def close(self) -> None:
        await self.admin.close()

    async def health(self) -> Health:
        return self.admin.health()

    async def preflight(self, spec: XxlJobSpec) -> Iterable[Problem]:
        served = await self.admin.ready()
        if self.admin.tokens.of_group(spec.group) is None:
            remedy = "has no access token on this worker; write one in [executors.xxljob.tokens], or one for all groups"
            return [Problem(field="GroupId", value=spec.group or "(none)", remedy=remedy + " as token")]
        if served and not await self.admin.listener.ready(_LISTENS):
            remedy = f"cannot be listened on: {self.admin.listener.fault}; name another address, or end who has it"
            return [Problem(field="[executors.xxljob] listen", value=", ".join(self._settings.listen), remedy=remedy)]
        return ()

    def preview(self, run: RunFacts, spec: XxlJobSpec) -> Mapping[str, Sequence[str]]:
        ticket = Ticket("", spec.app_name, 0, 0, run.schedule_time, spec.addresses or ("EXECUTOR",))
        body = request_of(run, spec, ticket, ticket.parts[0])
        body |= {"jobId": "[a free number of the job]", "logId": "[random]"}
        whom = list(spec.addresses) or [f"executors that register as {spec.app_name}"]
        return {
            "Executors": [
                *whom,
                f"routeStrategy {spec.route}",
                f"blockStrategy {spec.block or 'none: runs go on beside'}",
            ],
            "POST /run": json.dumps(body, indent=2, ensure_ascii=False).splitlines(),
        }

    # ---------------------------------------------------------------- start

    async def start(self, run: Run, spec: XxlJobSpec) -> Handle | Outcome:
        if spec.glue_type is not Glue.BEAN and spec.glue_type not in self._settings.glue:
            said = ", ".join(sorted(self._settings.glue)) or "none"
            return bad("Content.glueType", f'"{spec.glue_type}" may not be sent: [executors.xxljob] glue lists {said}')
        await self.admin.ready()
        circle = self.admin.tokens.of_group(run.job.owner)
        assert circle is not None  # preflight has asked
        found = [Place(circle, spec.app_name, address) for address in spec.addresses]
        waited = self.admin.may_come()
        if not found:
            known = await self.admin.registry.wait(circle, spec.app_name, waited)
            found = [Place(circle, spec.app_name, address) for address in known]
        if not found:
            return self._nobody(spec, circle, waited)
        job_id = self.admin.leases.take(lease_of(run, spec))
        sent, got = False, None
        try:
            places = await self.admin.sending.places(run, spec, job_id, found)
            if isinstance(places, Outcome):
                return places
            blocked = await self.admin.sending.block(run, spec, job_id, places)
            if blocked is not None:
                return blocked
            ticket = Ticket(
                circle,
                spec.app_name,
                job_id,
                new_log_id(len(places)),
                int(time.time() * 1000),
                tuple(place.address for place in places),
            )
            if ticket.size > ROOM:
                text = f"the addresses of {len(places)} executors take {ticket.size} bytes; at most {ROOM} are kept"
                return bad("Content.routeStrategy", text)
            for part in ticket.parts:
                await run.listen(part.key)
            got = await self.admin.sending.send(run, spec, ticket)
            sent = not isinstance(got, Outcome)
            return got if isinstance(got, Outcome) else got.handle()
        finally:
            # Cut off after it was sent, it goes on, and keeps its number.
            if not sent and (run.saved is None or got is not None):
                self.admin.leases.give(lease_of(run, spec), job_id)

    def _nobody(self, spec: XxlJobSpec, circle: str, waited: float) -> Outcome:
        apps = sorted({seen.app for seen in self.admin.registry.seen() if seen.circle == circle})
        text = f"no executor is registered as {spec.app_name!r}" + (f", after {waited:.0f} s" if waited else "")
        known = f"registered are: {', '.join(apps[:20]) or 'none'}"
        listen = f"executors register at {self.admin.url} with the token of {'all groups' if circle == '*' else circle}"
        return Outcome(
            cause=Cause.DEPENDENCY_MISSING,
            result=text,
            evidence=[Evidence(source="registry", text=line) for line in (text, known, listen)],
        )

    async def find(self, run: Run, spec: XxlJobSpec) -> Handle | Outcome | None:
        """What was kept before anything was sent. Whether it arrived nobody here knows, so it is not sent again."""
        if not isinstance(run.saved, dict):
            return None
        ticket = Ticket.from_json(run.saved)
        sent = frozenset(cast("list[int]", run.saved["sent"]))
        never = {
            part.index: "it was not sent: the worker ended before" for part in ticket.parts if part.index not in sent
        }
        return replace(ticket, doubts=sent, refused=never).handle()

    # ---------------------------------------------------------------- watch

    async def watch(self, run: Run, spec: XxlJobSpec, handle: Handle) -> Outcome:
        await self.admin.ready()
        ticket = Ticket.from_json(handle.data)
        outcomes = {index: _refused(ticket.parts[index], text) for index, text in ticket.refused.items()}
        going = {
            part.key: self._followed(run, spec, ticket, part) for part in ticket.parts if part.index not in outcomes
        }
        for part in ticket.parts:
            self.admin.lanes.enter(job_of(run), part.place, run.name, ticket.job_id)
        for one in going.values():
            self.admin.follower.add(one)
        events = run.events()
        came = asyncio.ensure_future(anext(events))
        confirmed = True
        try:
            while going:
                lost = {one.lost: key for key, one in going.items()}
                await asyncio.wait({came, *lost}, return_when=asyncio.FIRST_COMPLETED)
                if came.done():
                    event = came.result()
                    came = asyncio.ensure_future(anext(events))
                    one = going.pop(event.key, None)
                    if one is None:
                        continue  # the first callback counts
                    callback = Callback.from_json(event.body)
                    await self._finish(one, run)
                    covered = self.admin.lanes.covered(run.name)
                    bean = spec.glue_type is Glue.BEAN
                    outcomes[one.part.index] = ended(
                        callback, one.part, bean=bean, stopping=run.stopping, covered=covered
                    )
                    continue
                for future, key in lost.items():
                    if future.done():
                        confirmed = False
                        self.admin.follower.drop(going[key])
                        outcomes[going.pop(key).part.index] = future.result()
        finally:
            came.cancel()
            with suppress(asyncio.CancelledError, StopAsyncIteration):
                await came
            for one in going.values():
                self.admin.follower.drop(one)
        if confirmed and spec.glue_type is Glue.BEAN:
            self.admin.leases.give(lease_of(run, spec), ticket.job_id)
        return folded(outcomes, ticket.parts)

    def _followed(self, run: Run, spec: XxlJobSpec, ticket: Ticket, part: Part) -> Followed:
        tail = None
        if spec.log:
            source = f"log {part.index}"
            many = len(ticket.addresses) > 1

            def write(data: bytes, cursor: str) -> None:
                head = f"[anyjob] {part.place.address}\n".encode() if many else b""
                run.log.feed(head + data, source, cursor)

            tail = Tail(write, self._settings.log // len(ticket.addresses), run.log.cursor(source))
        return Followed(
            part=part,
            job_id=ticket.job_id,
            moment=ticket.moment,
            tail=tail,
            sure=part.index not in ticket.doubts,
            stopping=lambda: run.stopping or self.admin.lanes.covered(run.name),
            lost=asyncio.get_running_loop().create_future(),
        )

    async def _finish(self, one: Followed, run: Run) -> None:
        await self.admin.follower.finish(one)
        if one.fault and one.tail is not None:
            run.log.write(f"[anyjob] the log could not be fetched to its end: {one.fault}\n".encode())

    # ---------------------------------------------------------------- stop

    async def stop(self, run: Run, spec: XxlJobSpec, handle: Handle, stage: Stage) -> StopReport:
        """`/kill` interrupts, and says nothing of whether the handler obeys: that says the callback."""
        await self.admin.ready()
        ticket = Ticket.from_json(handle.data)
        said: list[Evidence] = []

        async def kill(part: Part) -> None:
            try:
                answer = await self.admin.calls.kill(part.place, ticket.job_id)
                said.append(
                    Evidence(source=f"/kill at {part.place.address}", text=f"{answer.code} {answer.text}".strip())
                )
            except AnyJobError as error:
                said.append(Evidence(source=f"/kill at {part.place.address}", text=str(error)))

        parts = [part for part in ticket.parts if part.index not in ticket.refused]
        await asyncio.gather(*(kill(part) for part in parts))
        survivors = [f"the run at {part.place.address}, until it calls back" for part in parts]
        return StopReport(strength=Strength.ASKED, by="/kill", evidence=said, survivors=survivors)

    async def clean(self, run: Run, spec: XxlJobSpec, handle: Handle | None) -> None:
        await self.admin.ready()
        self.admin.lanes.leave(run.name)


def _refused(part: Part, text: str) -> Outcome:
    evidence = [Evidence(source=f"answer of {part.place.address}", text=text)]
    return Outcome(cause=Cause.REJECTED, result=text, evidence=evidence)
