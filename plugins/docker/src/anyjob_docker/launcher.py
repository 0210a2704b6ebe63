"""Commands in containers of a Docker engine."""

from __future__ import annotations

import asyncio
import json
import os
import sys
import threading
import time
from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Any, Final

from anyjob.executor import (
    Capabilities,
    Command,
    DeadlineBy,
    Exit,
    Handle,
    Health,
    Launcher,
    Limit,
    ProgressReader,
    Stage,
)
from anyjob.job import BadJob
from anyjob.outcome import Cause, Evidence, StopReport, Strength
from anyjob.problem import Problem
from anyjob.spec import CommonXAttrs, read_spec
from anyjob_docker.address import Address, BadAddress, find_address
from anyjob_docker.asked import asked_limits
from anyjob_docker.beginning import Beginning
from anyjob_docker.container import plan
from anyjob_docker.ends import Seen, gone, judge
from anyjob_docker.engine import Engine, run_of
from anyjob_docker.enginelog import EngineLogs
from anyjob_docker.entryfile import EntryFile, entry_file
from anyjob_docker.finishing import finished, seen_of
from anyjob_docker.folder import HostFolder
from anyjob_docker.handles import address_of, make_handle
from anyjob_docker.options import DockerOptions
from anyjob_docker.peer import engine_started
from anyjob_docker.policy import beyond_ordinary, refusals, secret_problem
from anyjob_docker.pump import Pump
from anyjob_docker.refusal import problems_exit, refused_exit
from anyjob_docker.settings import DockerSettings
from anyjob_docker.starting import Started
from anyjob_docker.tidy import Tidy
from anyjob_docker.trouble import EngineAway, EngineRefused
from anyjob_docker.watches import LIVE, Watch

if TYPE_CHECKING:
    from anyjob.executor import Services
    from anyjob.job import Job
    from anyjob.run import Run, RunFacts

__all__ = ["DockerLauncher", "hears"]

_LIMITS: Final[frozenset[Limit]] = frozenset({"memory", "cpu", "pids"})
_PAUSE: Final = 0.5
_BEGINS: Final = 10.0
"""Seconds in which a container that was started must be seen to have begun, or its command to have ended."""
_AGAIN: Final = 2.0
_UP: Final = 3.0
"""Seconds in which a container that was started takes signals: before, its init would not hear one."""
_STOPPED: Final = 2.0
_STOPPING: Final = 12.0
"""Seconds in which an engine that has stopped a container is gone itself, if it is going."""
_SHOWN: Final = "{run}"


class DockerLauncher(Launcher[DockerOptions]):
    """One engine a worker, unless its settings changed while runs go on: those stay with theirs."""

    def __init__(self, settings: DockerSettings) -> None:
        self._settings = settings
        self._address: Address | None = None
        self._engines: dict[str, Engine] = {}
        self._begun: dict[str, asyncio.Task[Handle | Exit | None]] = {}
        """Starts whose handle is not kept yet: a stop may cut off who awaits them, not them."""
        self._pump, self._logs, self._progress = Pump(), EngineLogs(), ProgressReader()
        self._tidy: Tidy | None = None

    def capabilities(self, options: DockerOptions) -> Capabilities:
        del options
        return Capabilities(deadline=DeadlineBy.SHIM, proof=Strength.REPORTED, resumes=True, limits=_LIMITS, maps=True)

    def check(self, job: Job, options: DockerOptions) -> Iterable[Problem]:
        common, _ = read_spec(CommonXAttrs, job)
        if common is None:
            return []
        refused = refusals(options, common.limits, common.user, self._settings, xattrs=job.xattrs)
        return [*refused, *secret_problem(options, common)]

    def privileges(self, job: Job, options: DockerOptions) -> Iterable[str]:
        common, _ = read_spec(CommonXAttrs, job)
        return [] if common is None else beyond_ordinary(options, common, self._settings, job.xattrs)

    # ---------------------------------------------------------------- beside runs

    async def serve(self, services: Services) -> None:
        await asyncio.to_thread(self._entry)  # it may have to be built
        self._tidy = Tidy(services.folder, self._engine)
        self._tidy.begin()

    async def close(self) -> None:
        self._pump.close()
        self._logs.close()
        self._progress.close()
        if self._tidy is not None:
            await self._tidy.close()
        for task in self._begun.values():
            task.cancel()
        await asyncio.gather(*self._begun.values(), return_exceptions=True)
        self._begun.clear()
        for engine in self._engines.values():
            await engine.close()
        self._engines.clear()

    async def health(self) -> Health:
        """Whether the engine answers; `why` says which it is, and what it keeps."""
        try:
            engine = self._engine(self._found())
            info = await engine.ask(engine.client.info)
        except BadAddress as bad:
            return Health(state="unhealthy", why=str(bad))
        except EngineAway as away:
            return Health(state="undetected" if away.missing else "unhealthy", why=str(away))
        except EngineRefused as refused:
            return Health(state="unhealthy", why=str(refused))
        entry = await asyncio.to_thread(self._entry)
        return Health(state="healthy", why=_told(engine.address, info, entry))

    async def preflight(self, options: DockerOptions) -> Iterable[Problem]:
        del options
        field = "launchers.docker.host"
        try:
            engine = self._engine(self._found())
            await engine.ask(engine.client.ping)
        except (BadAddress, EngineAway, EngineRefused) as error:
            return [Problem(field=field, value="", remedy=f"names no engine that can be used. {error}")]
        return []

    def preview(self, run: RunFacts, command: Command, options: DockerOptions) -> Mapping[str, Sequence[str]]:
        common = run.common
        refused = refusals(options, common.limits, run.user, self._settings, look=True, xattrs=run.job.xattrs)
        if refused:
            raise BadJob(refused, run.job.name)
        entry = self._entry()
        secrets = {name: run.secret(name) for name in common.secrets}
        made = plan(
            run, command, options, self._settings, work=f"{_SHOWN}/work", control=f"{_SHOWN}/control",
            entry=None if entry.path is None else str(entry.path), secrets=secrets, quota=common.log_quota,
        )  # fmt: skip
        lines = [f"name {run.name}", *json.dumps(made.config, indent=2, ensure_ascii=False).split("\n")]
        by = "the entry helper" if entry.path else f"the engine's log, because {entry.why}"
        said = [
            f"engine: {self._where()}",
            f"pull policy: {options.pull_policy or self._settings.pull_policy}",
            f"output: by {by}",
            *(f"{name}: by the entry helper, not in the container's options" for name in made.hidden),
        ]
        return {"Container": lines, "Engine": said}

    def _where(self) -> str:
        try:
            found = self._found()
        except BadAddress as bad:
            return str(bad)
        return f"{found.url}, named by {found.said_by}"

    def _found(self) -> Address:
        """The worker's engine. Raises BadAddress."""
        if self._address is None:
            self._address = find_address(self._settings, os.environ)
        return self._address

    def _engine(self, address: Address) -> Engine:
        known = self._engines.get(address.url)
        if known is None:
            known = Engine(address, self._settings.timeout, self._settings.threads)
            self._engines[address.url] = known
        return known

    def _entry(self) -> EntryFile:
        if self._settings.entry == "off":
            return EntryFile(None, '[launchers.docker] entry is "off"')
        return entry_file()

    # ---------------------------------------------------------------- the verbs

    async def start(self, run: Run, command: Command, options: DockerOptions) -> Handle | Exit:
        given_up = threading.Event()
        task = asyncio.get_running_loop().create_task(self._begin(run, command, options, given_up))
        task.add_done_callback(lambda done: done.cancelled() or done.exception())
        self._begun[run.name] = task
        try:
            got = await asyncio.shield(task)
        except asyncio.CancelledError:
            given_up.set()
            raise
        assert got is not None  # it was not given up
        return got

    async def watch(self, run: Run, handle: Handle, options: DockerOptions) -> Exit:
        del options
        self._begun.pop(run.name, None)
        engine, ident, folder = self._engine(address_of(handle)), str(handle.data["id"]), HostFolder(run.folder)
        helper = bool(handle.data.get("helper"))
        with engine.watches.of(run.name) as watch:
            if helper:
                self._pump.add(run, folder.log)
            else:
                self._logs.add(run, engine, ident)
            self._progress.add(run, f"{folder.work}/progress")
            begins = time.monotonic() + _BEGINS
            try:
                while True:
                    watch.changed.clear()
                    known, seen = await _inspected(engine, ident)
                    unseen = known and seen is not None and seen["State"]["Status"] == "created"
                    if unseen and not folder.status().over and time.monotonic() < begins:
                        await asyncio.sleep(_PAUSE)  # the start has not come back to it, or it went away over the start
                        continue
                    if known and (seen is None or seen["State"]["Status"] not in LIVE):
                        break
                    await _change(watch, known=known)
                await (self._pump.drain(run.name) if helper else self._logs.drain(run.name))
                started = None
                if seen is not None and seen["State"]["ExitCode"] > 128 and not run.stopping:
                    started = await _engines_part(engine, watch)
            finally:
                self._pump.drop(run.name)
                self._logs.drop(run.name)
                self._progress.drop(run)
        status = folder.status()
        about = seen_of(handle, run, watch, started)
        ended = gone(run.name, status, about) if seen is None else judge(ident, seen["State"], status, about)
        return finished(run, folder, ended, handle.data.get("returns"))

    async def stop(self, run: Run, handle: Handle, stage: Stage, options: DockerOptions) -> StopReport:
        del options
        engine, ident = self._engine(address_of(handle)), str(handle.data["id"])
        signal = "SIGKILL" if stage is Stage.FORCE else f"SIG{handle.data.get('signal') or run.common.stop_signal}"
        if stage is Stage.ASK and handle.data.get("helper"):
            await hears(HostFolder(run.folder))
        try:
            sent = await engine.ask(lambda: engine.client.kill(ident, signal))
            seen = await engine.ask(lambda: engine.client.inspect(ident))
        except (EngineAway, EngineRefused) as error:
            return StopReport(
                strength=Strength.ASKED,
                by=f"docker: {signal} was not sent",
                evidence=[Evidence(source="docker", text=str(error))],
                survivors=[f"container {run.name}"],
            )
        if seen is None:
            said = Evidence(source="docker", text=f"container {run.name} is gone")
            return StopReport(strength=Strength.REPORTED, by="docker: no such container", evidence=[said])
        state = seen["State"]
        said = Evidence(source="docker", text=f"container {ident[:12]}: {state['Status']}, code {state['ExitCode']}")
        if state["Status"] not in LIVE:
            return StopReport(strength=Strength.REPORTED, by="docker: container ended", evidence=[said])
        by = f"docker: {signal} was {'sent' if sent else 'not taken'}"
        return StopReport(strength=Strength.ASKED, by=by, evidence=[said], survivors=[f"container {run.name}"])

    async def find(self, run: Run, options: DockerOptions) -> Handle | Exit | None:
        begun = self._begun.get(run.name)
        if begun is not None:
            return await asyncio.shield(begun)
        folder = HostFolder(run.folder)
        if not folder.exists:
            return None  # files come before the container
        engine = self._engine(self._found())
        while True:
            known, seen = await _inspected(engine, run.name)
            if known:
                break
            await asyncio.sleep(_PAUSE)  # without the engine's word nobody knows what there is
        if seen is None:
            status = folder.status()
            about = Seen(image=options.image)
            return finished(run, folder, gone(run.name, status, about)) if status.up else None
        config, state = seen["Config"], seen["State"]
        if run_of(seen) != run.name:
            return None
        if state["Status"] == "created":
            if not state["Error"]:
                # Created and never started, unless an engine is just about to.
                return None if folder.revoke() else make_handle(engine.address, seen["Id"], config, run)
            limits = asked_limits(run.job.xattrs, run.common.limits, self._settings.limits)
            return refused_exit(500, state["Error"], options, run.user, str(folder.work), config, limits)
        return make_handle(engine.address, seen["Id"], config, run)

    async def clean(self, run: Run, handle: Handle | None, options: DockerOptions) -> None:
        del options
        self._begun.pop(run.name, None)
        folder = HostFolder(run.folder)
        if handle is None and not folder.exists:
            return
        engine = self._engine(self._found() if handle is None else address_of(handle))
        ident = run.name if handle is None else str(handle.data["id"])
        assert self._tidy is not None
        await self._tidy.remove(engine, run.name, ident, sure=handle is not None)
        await asyncio.to_thread(folder.clean)

    def deadline_command(self, handle: Handle) -> Sequence[str] | None:
        grace = handle.data.get("grace", 10)
        return [
            sys.executable, "-I", "-m", "anyjob_docker.deadline",
            address_of(handle).to_json(), str(handle.data["id"]), str(grace),
        ]  # fmt: skip

    async def _begin(
        self, run: Run, command: Command, options: DockerOptions, given_up: threading.Event
    ) -> Handle | Exit | None:
        try:
            engine = self._engine(self._found())
        except BadAddress as bad:
            return problems_exit(
                Cause.BAD_CONFIG, [Problem(field="launchers.docker.host", value="", remedy=f"cannot be used: {bad}")]
            )
        beginning = Beginning(run, command, options, self._settings, engine, self._entry(), given_up)
        got = await beginning.run()
        if not isinstance(got, Started):
            return got
        assert beginning.plan is not None
        return make_handle(engine.address, got.ident, beginning.plan.config, run, got.warnings)


async def _inspected(engine: Engine, ident: str) -> tuple[bool, dict[str, Any] | None]:
    """Whether the engine has said how it stands, and what: None, there is no such container."""
    try:
        return True, await engine.ask(lambda: engine.client.inspect(ident))
    except (EngineAway, EngineRefused):
        return False, None


async def _engines_part(engine: Engine, watch: Watch) -> float | None:
    """When the engine was started, if it is one that ends its containers with itself.

    One that is going has stopped them first: `watch` learns of that only when it is gone.
    """
    try:
        info = await engine.ask(engine.client.info)
    except (EngineAway, EngineRefused):
        info = dict[str, Any]()
    if info.get("LiveRestoreEnabled"):
        return None
    began = time.monotonic()
    while any(note.startswith("kill") for note in watch.notes) and not watch.away:
        if engine.watches.lost is not None:
            watch.away.append((engine.watches.lost, time.time()))
        elif time.monotonic() - began > (_STOPPING if watch.stopped else _STOPPED):
            break
        await asyncio.sleep(0.05)
    return await asyncio.to_thread(engine_started, engine.address.socket)


async def _change(watch: Watch, *, known: bool) -> None:
    """Wait until there is something new; where the engine did not answer, not long."""
    try:
        async with asyncio.timeout(None if known else _AGAIN):
            await watch.changed.wait()
    except TimeoutError:
        pass


async def hears(folder: HostFolder) -> None:
    """Wait until the container hears signals."""
    until = time.monotonic() + _UP
    while folder.exists and not folder.status().up and time.monotonic() < until:  # noqa: ASYNC110 - a file tells
        await asyncio.sleep(0.02)


def _told(address: Address, info: Mapping[str, Any], entry: EntryFile) -> str:
    live = bool(info.get("LiveRestoreEnabled"))
    said = [
        f"engine {info.get('ServerVersion')} at {address.url} (named by {address.said_by})",
        f"its containers {'outlive' if live else 'end with'} it (live-restore {'on' if live else 'off'})",
        "output by the entry helper"
        if entry.path is not None
        else f"output by the engine's log, which loses some when the engine restarts: {entry.why}",
    ]
    lacks = [str(text) for text in info.get("Warnings") or () if str(text).startswith("WARNING: No ")]
    return "; ".join([*said, *lacks])
