"""The executor whose verbs a program answers: an executable in any language."""

from __future__ import annotations

import asyncio
import os
import shutil
from collections.abc import Iterable, Mapping
from functools import cached_property
from typing import Any, ClassVar

from anyjob.executor.base import RemoteExecutor, Stage
from anyjob.executor.capabilities import Capabilities, Health
from anyjob.executor.handle import Handle
from anyjob.executor.services import Services
from anyjob.outcome import Cause, Evidence, Json, Outcome, StopReport, Strength, because, unknown
from anyjob.problem import Problem
from anyjob.run import Run
from anyjob.spec import Spec
from anyjob.worker.apps.codec import Body, read
from anyjob.worker.apps.definition import Definition
from anyjob.worker.apps.facts import facts, secrets
from anyjob.worker.apps.faults import AnswerRefused, AnswerUnsupported, AppFault, AppNotStarted
from anyjob.worker.apps.followed import FollowedRuns, capped, capped_stop
from anyjob.worker.apps.messages import FindAnswer, HealthAnswer, PreflightAnswer, StartAnswer, StopAnswer
from anyjob.worker.apps.program import Program
from anyjob.worker.apps.resident import Resident
from anyjob.worker.secrets import MASK, masks

__all__ = ["ExecutableExecutor"]


class ExecutableExecutor(RemoteExecutor[Spec]):
    """One process of the program answers for all runs of the type. A subclass for each TOML file sets `definition`.

    A fault of the program ends its process, never a run: the next process is asked for each run by its handle, or,
    where a start was cut off, by `find`. After too many faults in a row its runs end `unknown`, with the last as
    evidence.
    """

    definition: ClassVar[Definition]

    # Made on first use, so that nothing is started for a job that is only checked.
    @cached_property
    def _followed(self) -> FollowedRuns:
        return FollowedRuns(self.definition.sources)

    @cached_property
    def _hidden(self) -> dict[str, list[str]]:
        """Every form of the secrets of each run."""
        return {}

    @cached_property
    def _resident(self) -> Resident:
        welcome = {"node": self.services.node, "folder": str(self.services.folder)}
        return Resident(self.definition, self.services.environment, welcome, self._told, self._clean)

    def capabilities(self, spec: Spec) -> Capabilities:
        del spec
        return self.definition.capabilities

    async def serve(self, services: Services) -> None:
        self.services = services

    async def close(self) -> None:
        if "_resident" in vars(self):
            await self._resident.close()

    # ---------------------------------------------------------------- asked beside runs

    async def health(self) -> Health:
        missing = self._missing()
        if missing:
            return Health(state="undetected", why=missing)
        if "services" in vars(self) and self._resident.resting:
            return Health(state="unhealthy", why=str(self._resident.last))
        try:
            said = read(self.definition.who, HealthAnswer, await self._beside("health"), "ok")
        except AnswerUnsupported:
            return Health(state="healthy")
        except AppNotStarted as fault:
            return Health(state="undetected" if fault.missing else "unhealthy", why=str(fault))
        except (AppFault, AnswerRefused) as fault:
            return Health(state="unhealthy", why=str(fault))
        return Health(state=said.state, why=said.why or ("" if said.state == "healthy" else "it does not say why"))

    async def preflight(self, spec: Spec) -> Iterable[Problem]:
        missing = self._missing()
        if missing:
            return [Problem(field="JobType", value=self.definition.job_type, remedy=f"cannot run here: {missing}")]
        try:
            body = await self._beside("preflight", {"spec": spec.model_dump(mode="json")})
            said = read(self.definition.who, PreflightAnswer, body, "ok")
        except (AppFault, AnswerUnsupported):
            return ()  # a program that is not well shows when the run is started, with its fault as evidence
        except AnswerRefused as no:
            return no.problems or [Problem(field="JobType", value=self.definition.job_type, remedy=str(no))]
        return [Problem(field=one.field, value=one.value, remedy=one.remedy) for one in said.problems]

    # ---------------------------------------------------------------- the verbs

    async def start(self, run: Run, spec: Spec) -> Handle | Outcome:
        known = secrets(run)
        if known:
            self._hidden[run.name] = masks(known)
        said = {**self._about(run, spec), "secrets": known}
        followed = self._followed.follow(run, self.definition.who)
        try:
            program = await self._resident.program()
        except AppFault as fault:
            cause = (
                Cause.DEPENDENCY_MISSING if isinstance(fault, AppNotStarted) and fault.missing else Cause.START_FAILED
            )
            return _failed(cause, fault)
        followed.teller = program
        try:
            answer = read(self.definition.who, StartAnswer, await program.ask("start", said), "ok")
            if answer.outcome is None:
                return self._handle(answer.handle)
            return followed.over(capped(answer.outcome))
        except AnswerRefused as no:
            if not no.problems:
                return _failed(Cause.START_FAILED, no)
            told = [Evidence(source="start", text=str(problem)) for problem in no.problems]
            return Outcome(cause=Cause.BAD_CONFIG, result=str(no.problems[0]), evidence=told)
        except AnswerUnsupported as no:
            return _failed(Cause.START_FAILED, no)
        except (AppFault, ValueError) as fault:
            return await self._cut_off(run, spec, fault)

    async def watch(self, run: Run, spec: Spec, handle: Handle) -> Outcome:
        followed = self._followed.follow(run, self.definition.who)
        while not followed.outcome.done():
            try:
                program = await self._resident.program()
                if followed.teller is not program:
                    said = {**self._about(run, spec), "handle": dict(handle.data), "cursors": self._cursors(run)}
                    await program.ask("watch", said)
                    followed.teller = program
                await asyncio.wait({followed.outcome, program.over}, return_when=asyncio.FIRST_COMPLETED)
            except AppFault as fault:
                if self._resident.given_up:
                    return self._nobody_knows("watch", fault)
            except (AnswerRefused, AnswerUnsupported) as no:
                return unknown("watch", str(no))
            else:
                if not followed.outcome.done() and self._resident.given_up:
                    return self._nobody_knows("watch", program.over.result())
        return followed.outcome.result()

    async def stop(self, run: Run, spec: Spec, handle: Handle, stage: Stage) -> StopReport:
        del spec
        said = {"run": run.name, "handle": dict(handle.data), "stage": stage.value}
        try:
            if self._resident.given_up and self._resident.resting and self._resident.last is not None:
                raise self._resident.last
            body = await (await self._resident.program()).ask("stop", said)
            return capped_stop(read(self.definition.who, StopAnswer, body, "ok").stop)
        except (AppFault, AnswerRefused, AnswerUnsupported) as fault:
            told = [Evidence(source="stop", text=str(fault))]
            return StopReport(strength=Strength.ASKED, by=f"stop({stage.value}) had no answer", evidence=told)

    async def find(self, run: Run, spec: Spec) -> Handle | Outcome | None:
        while True:
            try:
                program = await self._resident.program()
                body = await program.ask("find", self._about(run, spec))
                answer = read(self.definition.who, FindAnswer, body, "ok")
                if answer.outcome is not None:
                    return capped(answer.outcome)
                return None if answer.handle is None else self._handle(answer.handle)
            except (AnswerRefused, AnswerUnsupported, ValueError) as no:
                return unknown("find", f"{no}; whether the run was begun is not known")
            except AppFault as fault:
                if self._resident.given_up:
                    return self._nobody_knows("find", fault)

    async def clean(self, run: Run, spec: Spec, handle: Handle | None) -> None:
        del spec
        self._followed.drop(run.name)
        if self._resident.resting and self._resident.last is not None:
            raise self._resident.last  # nobody waits for a broken program to tidy up
        try:
            said = {"run": run.name, "handle": None if handle is None else dict(handle.data)}
            await (await self._resident.program()).ask("clean", said)
        except AnswerUnsupported:
            pass
        finally:
            self._hidden.pop(run.name, None)

    # ---------------------------------------------------------------- within

    async def _told(self, kind: str, body: Body) -> Mapping[str, Any] | None:
        return await self._followed.told(self.definition.who, kind, body)

    async def _cut_off(self, run: Run, spec: Spec, fault: Exception) -> Handle | Outcome:
        """The program failed in the middle of a start: ask the next process what became of it."""
        found = await self.find(run, spec)
        if found is None:
            return _failed(Cause.START_FAILED, fault)
        if isinstance(found, Handle):
            return found
        told = [*found.evidence, Evidence(source="start", text=str(fault))]
        return Outcome(cause=found.cause, code=found.code, result=found.result, outputs=found.outputs, evidence=told)

    def _nobody_knows(self, verb: str, fault: AppFault) -> Outcome:
        said = f"after {self._resident.failures} faults in a row the program is asked no more; the last: {fault}"
        return unknown(verb, said)

    def _about(self, run: Run, spec: Spec) -> dict[str, Any]:
        values = spec.model_dump(mode="json")
        for name, table in self.definition.fields.items():
            if table.fill and isinstance(values[name], str):
                values[name] = run.fill(values[name])
        return {"run": run.name, "facts": facts(run), "spec": values}

    def _cursors(self, run: Run) -> dict[str, str]:
        found = {source: run.log.cursor(source) for source in self.definition.sources}
        return {source: cursor for source, cursor in found.items() if cursor is not None}

    def _handle(self, data: Mapping[str, Json]) -> Handle:
        return Handle(kind="executable", scope=self.definition.scope, data=data)

    def _clean(self, text: str) -> str:
        for form in (form for forms in self._hidden.values() for form in forms):
            text = text.replace(form, MASK)
        return text

    def _missing(self) -> str:
        """Why there is no such program here; empty when there is."""
        word = self.definition.command[0]
        found = os.path.join(self.definition.folder, word) if os.sep in word else word
        if shutil.which(found, path=self.environment.get("PATH")):
            return ""
        return f"command {word!r} of {self.definition.file} is not there, or cannot be executed"

    async def _beside(self, kind: str, body: Mapping[str, Any] | None = None) -> Body:
        """Ask the resident; without a worker (`anyjob plugins`, `explain`) a process for this question alone."""
        if self.served:
            return await (await self._resident.program()).ask(kind, body)
        welcome = {"node": "", "folder": None}
        program = await Program.begin(self.definition, self.environment, welcome, self._told, self._clean)
        try:
            return await program.ask(kind, body)
        finally:
            await program.close()


def _failed(cause: Cause, error: Exception) -> Outcome:
    return because(cause, "start", str(error))
