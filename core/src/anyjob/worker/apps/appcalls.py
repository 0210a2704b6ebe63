"""The applications of one job type, as its executor uses them."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Final

from anyjob.executor.app import Attached, Shared
from anyjob.executor.base import Stage
from anyjob.executor.handle import Handle, Scope
from anyjob.executor.said import run_facts
from anyjob.executor.services import SeenApp
from anyjob.nearest import did_you_mean
from anyjob.outcome import Cause, Evidence, Json, Outcome, StopReport, Strength, because, unknown
from anyjob.run import Run
from anyjob.worker.apps.application import Application
from anyjob.worker.apps.facts import secrets
from anyjob.worker.apps.faults import AnswerRefused, AnswerUnsupported, AppFault, NoSuchApp, brief

if TYPE_CHECKING:
    from anyjob.worker.apps.applications import Applications

__all__ = ["AppCalls"]

_TRIES: Final = 3
"""Applications that a run may be offered: one that is lost and did not begin it does not count against the run."""
_LISTED: Final = 10
_BEGUN: Final = "whether the run was begun is not known"


class AppCalls:
    """The Apps of one executor."""

    def __init__(self, all_: Applications, job_type: str) -> None:
        self._all, self._type = all_, job_type

    # ---------------------------------------------------------------- the verbs

    async def start(self, run: Run, target: Shared | Attached, request: Mapping[str, Json]) -> Handle | Outcome:
        body = {"facts": run_facts(run), "spec": dict(request), "secrets": secrets(run)}
        left = _TRIES
        while True:
            app = await self._application(run, target)
            if isinstance(app, Outcome):
                return app
            name = target.name if isinstance(target, Attached) else ""
            try:
                await app.start(run, {"name": name, **body})
            except AnswerRefused as no:
                if not no.ending:
                    return _refused(no)
                # It was not begun, and the next one can begin it: the one that replaces it in a redeployment, say.
                self._leaves(app)
                left -= bool(app.known.resident)
                why = str(no)
            except AnswerUnsupported as no:
                return _failed(Cause.START_FAILED, str(no))
            except AppFault as fault:
                if run.name in app.given:
                    found = await self._found(app, run)
                    if found is not None:
                        return found
                left -= 1
                why = fault.brief
            else:
                return _handle(app)
            if not left:
                return _failed(Cause.START_FAILED, why)

    async def watch(self, run: Run, handle: Handle) -> Outcome:
        key = str(handle.data["app"])
        fate = self._all.fate(key, run)
        outcome = await self._all.by_key[key].watch(run) if fate is None else fate
        if outcome.cause is Cause.STOPPED and not run.stopping:
            # Somebody else ended it, a redeployment perhaps: that must not keep it from being tried again.
            text = "the application says that it was stopped, and no stop was asked for"
            said = Evidence(source="worker", text=text)
            return replace(outcome, cause=Cause.EVICTED, evidence=[*outcome.evidence, said])
        return outcome

    async def stop(self, run: Run, handle: Handle, stage: Stage) -> StopReport:
        app = self._all.by_key.get(str(handle.data["app"]))
        if app is None:
            return StopReport(strength=Strength.ASKED, by="the application cannot be asked")
        if self._all.shared.named(app.known.resident) is not None:
            return await self._all.shared.stop(app, run, stage)
        return await app.stop(run, stage)

    async def find(self, run: Run) -> Handle | Outcome | None:
        given = self._all.book.given.get(run.name)
        if given is None:
            return None  # it is written down before it is given away
        app = self._all.by_key.get(given.app)
        return self._lost(given.app, run) if app is None else await self._found(app, run)

    async def _found(self, app: Application, run: Run) -> Handle | Outcome | None:
        try:
            return _handle(app) if await app.find(run.name) else None
        except (AppFault, AnswerRefused, AnswerUnsupported) as fault:
            if app.gone:
                return self._lost(app.key, run)
            return unknown("find", f"{brief(fault)}; {_BEGUN}")

    def _lost(self, key: str, run: Run) -> Outcome | None:
        """The end of a run whose application is gone: what ended a process ended this run too, begun or not."""
        fate = self._all.fate(key, run)
        return fate and replace(fate, evidence=[*fate.evidence, Evidence(source="find", text=_BEGUN)])

    async def clean(self, run: Run, handle: Handle | None) -> None:
        del handle
        given = self._all.book.given.get(run.name)
        if given is None:
            return
        app = self._all.by_key.get(given.app)
        if app is not None:
            app.clean(run.name)
        elif "/shared-" in given.app:
            self._all.book.take_back(run.name)  # its process is gone for good
        else:
            self._all.book.let_go(run.name, stop=run.stopping)

    # ---------------------------------------------------------------- beside the runs

    def seen(self, group: str | None = None) -> Sequence[SeenApp]:
        return [app.seen for app in self._mine() if group is None or app.known.group == group]

    def on_change(self, callback: Callable[[SeenApp], None]) -> None:
        self._all.on_change(self._type, callback)

    async def ask(self, app: str, kind: str, body: Mapping[str, Json]) -> Mapping[str, Json]:
        found = self._all.by_key.get(app)
        if found is None or found.known.job_type != self._type:
            raise NoSuchApp(app, self._type)
        return await found.ask(kind, body)

    # ---------------------------------------------------------------- which one

    async def _application(self, run: Run, target: Shared | Attached) -> Application | Outcome:
        if isinstance(target, Shared):
            return await self._all.shared.take(run, target)
        group = self._all.group_of(run.job.owner)
        if group is None:
            return self._none(None, self._all.no_group())
        wait = target.wait if self._all.may_come(group) else 0.0
        until = asyncio.get_running_loop().time() + wait
        while True:
            app = self._free(group, target.name)
            if app is not None:
                self._all.asked += 1
                app.asked = self._all.asked
                return app
            left = until - asyncio.get_running_loop().time()
            if left <= 0 and not self._expected(group, target.name):
                return self._none(group, self._missing(group, target.name) + _waited(target, wait))
            try:
                async with asyncio.timeout(left if left > 0 else None):
                    await self._all.news.wait()
            except TimeoutError:
                pass

    def _leaves(self, app: Application) -> None:
        """It goes away: give it no more runs."""
        if app.link is not None:
            app.link.leaving = True
        self._all.shared.retire(app.known.resident)

    def _none(self, group: str | None, text: str) -> Outcome:
        outcome = _failed(Cause.DEPENDENCY_MISSING, text)
        refused = [Evidence(source="applications", text=told) for told in self._all.refusals.told(group)]
        return replace(outcome, evidence=[*outcome.evidence, *refused])

    def _mine(self) -> list[Application]:
        return [app for app in self._all.by_key.values() if app.known.job_type == self._type]

    def _attached(self, group: str) -> list[Application]:
        return [app for app in self._mine() if app.known.group == group and not app.known.resident]

    def _free(self, group: str, name: str) -> Application | None:
        able = [
            app for app in self._attached(group) if app.link is not None and not app.link.leaving and name in app.names
        ]
        return min(able, key=lambda app: (len(app.given), app.asked), default=None)

    def _expected(self, group: str, name: str) -> bool:
        """Whether one that serves the name was lost, and may come back."""
        return any(app.link is None and name in app.names for app in self._attached(group))

    def _missing(self, group: str, name: str) -> str:
        apps = [app for app in self._attached(group) if app.link is not None and not app.link.leaving]
        if not apps:
            return (
                f"no application of app group {group!r} serves {name!r}: none is connected{self._all.why_none(group)}"
            )
        names = sorted({served for app in apps for served in app.names})
        more = f" and {len(names) - _LISTED} more" if len(names) > _LISTED else ""
        listed = ", ".join(names[:_LISTED]) + more if names else "nothing"
        near = did_you_mean(name, names)
        who = ", ".join(sorted({app.known.name or app.key for app in apps}))
        return (
            f"no application of app group {group!r} serves {name!r}; {f'{near} ' if near else ''}"
            f"connected: {who}, which serve {listed}"
        )


def _waited(target: Attached, wait: float) -> str:
    """How long one was waited for, as the end of a sentence."""
    where = f" ({target.setting})" if target.setting else ""
    return f"; waited {wait:g} s for one{where}" if wait else ""


def _handle(app: Application) -> Handle:
    return Handle(kind="app", scope=Scope.NODE, data={"app": app.key, "name": app.known.name})


def _failed(cause: Cause, text: str) -> Outcome:
    return because(cause, "start", text)


def _refused(no: AnswerRefused) -> Outcome:
    """It was not begun, and the application says why."""
    if not no.problems:
        return _failed(Cause.START_FAILED, str(no))
    told = [Evidence(source="start", text=str(problem)) for problem in no.problems]
    if no.message:
        told.append(Evidence(source="application", text=no.message))
    return Outcome(cause=Cause.BAD_CONFIG, result=str(no.problems[0]), evidence=told)
