"""Starts DataWorks flows and follows them."""

from __future__ import annotations

import json
import time
from collections.abc import Iterable, Mapping, Sequence
from datetime import date
from secrets import token_hex
from typing import TYPE_CHECKING, Any, Final, cast

from anyjob.executor import Capabilities, Handle, Health, RemoteExecutor, Scope, Stage
from anyjob.outcome import Cause, Json, Outcome, StopReport, Strength, because
from anyjob.problem import Problem
from anyjob_dataworks.api import Api, Known, NotThere
from anyjob_dataworks.api2020 import Api2020
from anyjob_dataworks.api2024 import Api2024
from anyjob_dataworks.credentials import PRACTICE, Credentials, Wallet
from anyjob_dataworks.ends import bad, not_begun, start_refused
from anyjob_dataworks.faults import CallFault, Trouble
from anyjob_dataworks.follow import Follow
from anyjob_dataworks.health import HealthCheck
from anyjob_dataworks.plan import plan_of
from anyjob_dataworks.poller import Door, Poller
from anyjob_dataworks.preview import preview_of

if TYPE_CHECKING:
    from anyjob.executor import Services
    from anyjob.run import Run, RunFacts
    from anyjob_dataworks.settings import DataworksSettings
    from anyjob_dataworks.spec import DataworksSpec

__all__ = ["DataworksExecutor"]

_APIS: Final[Mapping[str, Api]] = {api.version: api for api in (Api2020(), Api2024())}
_ASKED, _MARK, _DAY = "asked", "mark", "day"
_KIND: Final = "flow"
_NO_REGION: Final = "names no region, and [executors.dataworks] region is not set; write one such as cn-shanghai"


class DataworksExecutor(RemoteExecutor["DataworksSpec"]):
    """A run is a flow's instance in DataWorks, found again by ids, or by the run's mark among its parameters."""

    def __init__(self, settings: DataworksSettings) -> None:
        self._settings = settings
        self._wallet = Wallet(settings.credentials)
        self._poller: Poller | None = None
        self._follows: dict[str, Follow] = {}
        self._health = HealthCheck(settings, self._wallet)

    def capabilities(self, spec: DataworksSpec) -> Capabilities:
        return Capabilities(proof=Strength.REPORTED, resumes=True)

    async def serve(self, services: Services) -> None:
        self._poller = Poller(self._settings, services.egress, self._wallet)

    async def close(self) -> None:
        if self._poller is not None:
            self._poller.close()

    async def health(self) -> Health:
        return await self._health.ask(self._poller)

    async def preflight(self, spec: DataworksSpec) -> Iterable[Problem]:
        region = spec.region or self._settings.region
        if region is None:
            return [Problem(field="Content.region", value="", remedy=_NO_REGION)]
        if spec.own_key or _practice(region) or self._wallet.entry(spec.group) is not None:
            return []
        table = f"[executors.dataworks.credentials.{json.dumps(spec.group or '*', ensure_ascii=False)}]"
        remedy = (
            "holds no access key for DataWorks: list ACCESS_KEY_ID and ACCESS_KEY_SECRET there,"
            f" or write id and secret in {table} of the worker's settings"
        )
        return [Problem(field="XAttrs.secrets", value="", remedy=remedy)]

    def preview(self, run: RunFacts, spec: DataworksSpec) -> Mapping[str, Sequence[str]]:
        plan = plan_of(run, spec, self._settings, mark=f"{run.name}.[random]")
        region = spec.region or self._settings.region
        endpoint = f"[Content.region {_NO_REGION}]" if region is None else self._settings.endpoint(region)
        key = "the practice key" if region and _practice(region) else None
        if spec.own_key:
            key = "[secret ACCESS_KEY_ID]"
        elif key is None:
            entry = self._wallet.entry(spec.group)
            key = "[no key]" if entry is None else f"[key of executors.dataworks.credentials.{entry}]"
        return preview_of(_APIS[spec.api], plan, spec, endpoint, key)

    # ---------------------------------------------------------------- verbs

    async def start(self, run: Run, spec: DataworksSpec) -> Handle | Outcome:
        door = self._door(run, spec)
        if isinstance(door, Outcome):
            return door
        api, poller = _APIS[spec.api], self._serving
        plan = plan_of(run, spec, self._settings, mark=f"{run.name}.{token_hex(8)}")
        until = time.monotonic() + self._settings.patience
        saved: dict[str, Json] = {_MARK: plan.mark, _DAY: str(plan.day)}
        told = False
        while True:
            asked, known = False, dict[str, Json]()

            async def intend() -> None:
                """From here on nobody knows, until the answer has come or the mark is found."""
                nonlocal asked
                await run.checkpoint({**saved, **known, _ASKED: True})  # noqa: B023 - awaited within this turn
                asked = True

            try:
                known |= await poller.run(door, lambda ask: api.resolve(plan, ask))
                operation = api.start(plan, known)
                answer = await poller.run(door, lambda ask, sent=operation: ask(sent), intend)
            except NotThere as error:
                return bad(str(error))
            except CallFault as fault:
                if asked and not fault.untouched:
                    run.log.write(f"[anyjob] {fault}\n".encode())
                    return _handle(saved | known)
                if asked:
                    await run.checkpoint({**saved, _ASKED: False})
                if fault.trouble is not Trouble.THROTTLED or time.monotonic() > until:
                    return start_refused(fault, plan) if fault.untouched else _unreadable(fault)
                if not told:
                    run.log.write(f"[anyjob] {fault}; it is tried again\n".encode())
                    told = True
                if run.stopping:
                    return not_begun(plan)
            else:
                return _handle(saved | known | dict(api.started(answer) or {}))

    async def find(self, run: Run, spec: DataworksSpec) -> Handle | Outcome | None:
        saved = run.saved
        if not isinstance(saved, dict) or not saved.get(_ASKED):
            return None
        handle = _handle({name: value for name, value in saved.items() if name != _ASKED})
        follow = self._follow(run, spec, handle)
        if isinstance(follow, Follow) and follow.practice and not follow.found:
            await follow.search()
            if follow.absent:
                return None  # nothing comes late on the practice server; of DataWorks itself nobody may say that
        return handle

    async def watch(self, run: Run, spec: DataworksSpec, handle: Handle) -> Outcome:
        follow = self._follow(run, spec, handle)
        if isinstance(follow, Outcome):
            return follow
        self._follows[run.name] = follow
        try:
            return await follow.to_the_end()
        finally:
            self._follows.pop(run.name, None)

    async def stop(self, run: Run, spec: DataworksSpec, handle: Handle, stage: Stage) -> StopReport:
        follow = self._follows.get(run.name) or self._follow(run, spec, handle)
        if isinstance(follow, Outcome):
            return StopReport(strength=Strength.ASKED, by="nothing was asked", evidence=follow.evidence)
        return await follow.stop()

    # ---------------------------------------------------------------- one run

    @property
    def _serving(self) -> Poller:
        assert self._poller is not None, "serve comes before the first run"
        return self._poller

    def _follow(self, run: Run, spec: DataworksSpec, handle: Handle) -> Follow | Outcome:
        door = self._door(run, spec)
        if isinstance(door, Outcome):
            return door
        data = cast("dict[str, Any]", dict(handle.data))
        known: Known = {**data, **(run.saved if isinstance(run.saved, dict) else {})}
        day = date.fromisoformat(str(data[_DAY]))
        plan = plan_of(run, spec, self._settings, mark=str(data[_MARK]), day=day)
        return Follow(run, spec, self._settings, plan, _APIS[spec.api], known, self._serving, door)

    def _door(self, run: Run, spec: DataworksSpec) -> Door | Outcome:
        region = spec.region or self._settings.region
        if region is None:
            return bad(f"Content.region {_NO_REGION}")
        endpoint, practice = self._settings.endpoint(region), _practice(region)
        if spec.own_key:
            token = run.secret("SECURITY_TOKEN") if "SECURITY_TOKEN" in spec.secrets else ""
            key = Credentials(id=run.secret("ACCESS_KEY_ID"), secret=run.secret("ACCESS_KEY_SECRET"), token=token)
            return Door(endpoint=endpoint, key=key, practice=practice)
        if practice:
            return Door(endpoint=endpoint, key=PRACTICE, practice=True)
        entry = self._wallet.entry(spec.group)
        if entry is None:
            return bad(
                f"[executors.dataworks] has no credentials for app group {spec.group!r}, and the job brings none"
            )
        return Door(endpoint=endpoint, key=None, entry=entry)


def _practice(region: str) -> bool:
    return region.startswith("practice:")


def _handle(data: Mapping[str, Json]) -> Handle:
    return Handle(kind=_KIND, scope=Scope.REMOTE, data=data)


def _unreadable(fault: CallFault) -> Outcome:
    """What was to be looked up before the start could not be: nothing was started."""
    text = f"nothing was started: {fault}"
    return because(Cause.START_FAILED, fault.action, text)
