"""Runs the samples of one job type through the real host and the real worker, in a state folder of its own."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncGenerator, Callable, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, Any, Final, Self, TypeVar

from anyjob.errors import AnyJobError
from anyjob.executor.app import AppExecutor
from anyjob.executor.handle import Handle
from anyjob.job import Job
from anyjob.outcome import Json, Outcome
from anyjob.plugins import Bound, ExecutorType, PluginHost
from anyjob.plugins.settings import PluginSettings
from anyjob.plugins.types import resolve
from anyjob.samples import Sample, Samples, SampleSource
from anyjob.testing.endshim import end_shim
from anyjob.testing.fault import Fault, check, lacks, told
from anyjob.testing.promise import Promise, description, excused
from anyjob.testing.supply import Supply
from anyjob.testing.whole import whole
from anyjob.worker.face import RunFace
from anyjob.worker.instance import new_instance_id
from anyjob.worker.order import RunOrder
from anyjob.worker.record import RunRecord
from anyjob.worker.settings import SecretSource, WorkerSettings
from anyjob.worker.states import RunState
from anyjob.worker.worker import LiveRun, Worker

if TYPE_CHECKING:
    from collections.abc import Awaitable

__all__ = ["Finished", "Rig"]

T = TypeVar("T")

_TIDY: Final = 5.0
"""Seconds in which what a failed case left going must end."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Finished:
    """A run that is over: the `order` that it was given by, its `outcome`, and `log`, all that it wrote."""

    order: RunOrder
    outcome: Outcome
    log: bytes

    @property
    def said(self) -> str:
        """The outcome for people."""
        return told(self.outcome)


class Rig:
    """The type under test, and everything to run it with."""

    def __init__(
        self,
        folder: Path,
        *,
        job_type: str = "",
        plugin: object | None = None,
        plugin_settings: PluginSettings | None = None,
        samples: SampleSource | None = None,
        supply: Supply | None = None,
        settings: Mapping[str, object] | None = None,
        launchers: Mapping[str, Mapping[str, object]] | None = None,
        worker: WorkerSettings | None = None,
        worker_beside: WorkerSettings | None = None,
        xattrs: Mapping[str, Json] | None = None,
        patience: float = 30,
        force_wait: float = 2,
    ) -> None:
        """`folder`: empty, for state and scratch files. `plugin` None: the type is looked up among those installed.

        `plugin_settings` are those of [plugins], `settings` the executor's, `launchers` those of [launchers], `worker`
        those of [worker], `worker_beside` those of a worker beside it. `samples`: the type's own unless given. `supply`
        holds them for longer than this rig. `xattrs` stand in each job that does not say otherwise. `patience`: seconds
        after which something that does not happen is called a hang. `force_wait`: seconds after FORCE in which a run
        must be seen to end.
        """
        self.folder, self.patience, self._force_wait = folder, patience, force_wait
        self._launchers, self._xattrs = launchers or {}, xattrs or {}
        self._worker = worker or WorkerSettings()
        self._beside = worker_beside
        self.state = folder / "state"
        self._plugin, self._plugin_settings, self._settings = plugin, plugin_settings, settings or {}
        self._source, self._own_supply = samples, Supply()
        self._supply = supply or self._own_supply
        self._going: list[LiveRun] = []
        self._open: list[Worker] = []
        self.job_type = job_type or self._only_type()

    def beside(self, name: str) -> Rig:
        """Another rig of the same type, with a state folder of its own."""
        return Rig(
            self.folder / name,
            job_type=self.job_type,
            plugin=self._plugin,
            plugin_settings=self._plugin_settings,
            samples=self._source,
            supply=self._supply,
            settings=self._settings,
            launchers=self._launchers,
            worker=self._beside or self._worker,
            xattrs=self._xattrs,
            patience=self.patience,
            force_wait=self._force_wait,
        )

    # ---------------------------------------------------------------- the type

    def host(self) -> PluginHost:
        """A host as a new process would have it."""
        settings = {self.job_type: self._settings} if self._settings else {}
        if self._plugin is None:
            return PluginHost.load(self._plugin_settings, executor_settings=settings, launcher_settings=self._launchers)
        return PluginHost(
            {"tested": self._plugin},
            settings=self._plugin_settings,
            executor_settings=settings,
            launcher_settings=self._launchers,
        )

    def _only_type(self) -> str:
        if self._plugin is None:
            raise Fault("Say which type to test: set job_type, or plugin.")
        offers = PluginHost({"tested": self._plugin}).types()
        check(len(offers) == 1, f"The plugin offers {len(offers)} job types; set job_type to the one to test.")
        return offers[0].kind.job_type

    @cached_property
    def kind(self) -> ExecutorType:
        """What the plugin says of the type. Raises Fault when none offers it."""
        host = self.host()
        for offer in host.types():
            if self.job_type in (offer.kind.job_type, *offer.kind.aliases):
                return offer.kind
        why = "; ".join(f"{report.name}: {report.why}" for report in host.report() if report.why)
        raise Fault(f"No plugin offers JobType {self.job_type!r}. {why}".rstrip())

    @cached_property
    def samples(self) -> Samples:
        """The type's samples: those given, else those that its plugin ships. Raises Fault when it ships none."""
        if self._source is not None:
            return self._supply.take(self._source, "The samples of the test class")
        named = self.kind.samples
        if not named:
            raise Fault(f"JobType {self.job_type!r} has no samples; name them in its ExecutorType.")
        return self._supply.take(
            resolve(named), named if isinstance(named, str) else f"The samples of {self.job_type!r}"
        )

    @cached_property
    def promise(self) -> Promise:
        """What the type promises for its sample `succeeds`."""
        bound = self.bound(self.job(self._present("succeeds")))
        return Promise(
            capabilities=bound.capabilities,
            command=bound.executor.is_command(bound.spec),
            fills=not isinstance(bound.executor, AppExecutor),
            contract=self.kind.contract,
            logs=lambda: self.once("logs", lambda: bool(self.run(self.job(self._present("succeeds"))).log)),
        )

    def once(self, what: str, see: Callable[[], T]) -> T:
        """What `see` gives, asked once for all cases of the class."""
        return self._supply.once(what, see)

    def bound(self, job: Job) -> Bound:
        """The job as a host of its own binds it."""
        host = self.host()
        return host.dispatch(job, host.bind(job))

    def sample(self, name: str) -> Sample:
        """The sample; skips the case where the type need not bring it and does not."""
        if getattr(self.samples, name) is None:
            why = excused(name, self.promise)
            if why:
                lacks(f"{why}, and it has no sample {name}")
        return self._present(name)

    def has(self, name: str) -> bool:
        """Whether the type brings the sample."""
        return getattr(self.samples, name) is not None

    def _present(self, name: str) -> Sample:
        found = getattr(self.samples, name)
        if found is None:
            said = " ".join((description(name) or "").split())
            raise Fault(f"The samples of {self.job_type!r} lack {name!r}, and the type promises it. {said}")
        return found

    # ---------------------------------------------------------------- jobs and runs

    def job(self, sample: Sample, *, xattrs: Mapping[str, Json] | None = None, **fields: Json) -> Job:
        """The job of a sample, with further fields by the API's names; `xattrs` are added to the sample's own."""
        given: dict[str, Json] = {**sample.job, **fields}
        own = given.get("XAttrs", {})
        check(isinstance(own, dict), "XAttrs of a sample is no mapping; write it as one, not as JSON text.")
        merged: dict[str, Any] = {**self._xattrs, **own, **(xattrs or {})}  # pyright: ignore[reportGeneralTypeIssues] - checked above
        wire: dict[str, object] = {"Name": "conformance", "JobType": self.job_type, **given}
        return Job.from_wire({**wire, "XAttrs": merged} if merged else wire)

    def order(self, job: Job, **facts: Any) -> RunOrder:
        """One start of the job, of an instance of its own unless `facts` name one."""
        facts.setdefault("instance", new_instance_id())
        return RunOrder(job=job, **facts)

    @asynccontextmanager
    async def worker(
        self, secrets: Mapping[str, SecretSource] | None = None, settings: WorkerSettings | None = None
    ) -> AsyncGenerator[Worker]:
        """One worker's life on the rig's state folder."""
        async with self.life(Worker(self.host(), self.state, self.settings(settings), secrets)) as worker:
            yield worker

    @asynccontextmanager
    async def life(self, worker: Worker) -> AsyncGenerator[Worker]:
        """The life of a worker that the case made. It takes and lets go of its folder as a whole: Ctrl-C cancels the
        case at any await, and whoever tidies up needs the folder.
        """
        self._open.append(worker)
        try:
            # Awaited itself, not as a task: cases act before the runs that it takes up have had a turn.
            await worker.start()
        except AnyJobError:
            self._open.remove(worker)  # it never had the folder
            raise
        try:
            yield worker
        finally:
            await whole(asyncio.ensure_future(worker.close()))
            self._open.remove(worker)

    def settings(self, settings: WorkerSettings | None = None) -> WorkerSettings:
        """The worker's settings for a case."""
        return (settings or self._worker).model_copy(update={"force_wait": self._force_wait})

    async def submit(self, worker: Worker, order: RunOrder) -> LiveRun:
        """Give the worker a run; the rig ends it if the case does not."""
        run = await worker.submit(order)
        self._going.append(run)
        return run

    async def finish(self, run: LiveRun) -> Finished:
        """Wait for the run's end. Raises Fault when it does not come."""
        name = run.record.order.job.name
        outcome = await self.within(run.outcome(), f"The run of {name!r} has not ended")
        return Finished(order=run.record.order, outcome=outcome, log=self.log(run))

    async def finish_all(self, runs: Sequence[LiveRun]) -> list[Finished]:
        """Wait for the ends of many runs, in their order. Raises Fault when none of those that are left ends within the
        rig's patience: how long all of them take is the machine's affair."""
        left = {asyncio.ensure_future(run.outcome()) for run in runs}
        try:
            while left:
                ended, left = await asyncio.wait(left, timeout=self.patience, return_when=asyncio.FIRST_COMPLETED)
                if not ended:
                    raise Fault(f"{len(left)} of {len(runs)} runs go on, and none has ended for {self.patience:g} s.")
        finally:
            for end in left:
                end.cancel()
        return [await self.finish(run) for run in runs]

    def run(self, job: Job, **facts: Any) -> Finished:
        """One run from start to end, in a worker's life of its own."""

        async def life() -> Finished:
            async with self.worker() as worker:
                return await self.finish(await self.submit(worker, self.order(job, **facts)))

        return asyncio.run(life())

    async def resumed(self, worker: Worker, order: RunOrder) -> Finished:
        """The end of a run that an earlier worker of this folder was given. Raises Fault when it is not known here."""
        run = worker.live.get(order.name)
        if run is None:
            raise Fault("The next worker does not know the run any more.")
        self._going.append(run)
        return await self.finish(run)

    def log(self, run: LiveRun | RunOrder) -> bytes:
        """What the run wrote so far."""
        name = run.name
        with contextlib.suppress(FileNotFoundError):
            return (self.state / "runs" / name / "log").read_bytes()
        return b""

    def face(self, worker: Worker, order: RunOrder, record: RunRecord | None = None) -> RunFace:
        """A run as verbs get it, for calling them beside the worker. `record`: its own, unless the worker has it."""
        bound = worker.host.dispatch(order.job, order.binding)
        live = worker.live.get(order.name)
        record = live.record if live else record or RunRecord(order=order, binding=bound.binding)
        return RunFace(record, worker, f"{worker.folder.runs}/{order.name}", bound.common, bound.place)

    # ---------------------------------------------------------------- waiting

    async def within(self, what: Awaitable[T], fault: str) -> T:
        """Await, at most the rig's patience. Raises Fault then."""
        try:
            async with asyncio.timeout(self.patience):
                return await what
        except TimeoutError:
            raise Fault(f"{fault} within {self.patience:g} s.") from None

    async def verb(self, call: Awaitable[T], name: str) -> T:
        """What a verb of the executor answers. Raises Fault when it fails, or does not answer in time."""
        try:
            return await self.within(call, f"{name} has not returned")
        except Fault:
            raise
        except Exception as error:
            raise Fault(f"{name} fails: {error!r}") from error

    async def until(self, holds: Callable[[], object], fault: str) -> None:
        """Wait until something holds. Raises Fault when it does not within the rig's patience."""

        async def poll() -> None:
            while not holds():  # noqa: ASYNC110 - what is waited for does not know of it
                await asyncio.sleep(0.005)

        await self.within(poll(), fault)

    async def running(self, run: LiveRun) -> Handle:
        """Wait until the run's handle is kept. Raises Fault when it ends before."""
        await self.until(
            lambda: run.record.state in (RunState.RUNNING, RunState.ENDED),
            "start has not returned, while the job goes on: begin the run and return its handle; it has not returned",
        )
        outcome = run.record.outcome
        if outcome is not None:
            raise Fault(f"The run is to go on, and it has ended: {told(outcome)}.")
        assert run.record.handle is not None
        return run.record.handle

    async def said(self, run: LiveRun | RunOrder, sample: Sample, over: Callable[[], bool] = lambda: False) -> None:
        """Wait until the log of the run says that it has come so far, or it is `over`."""
        word = sample.ready.encode()
        await self.until(lambda: word in self.log(run) or over(), f"The log of the run does not say {sample.ready!r}")

    async def ready(self, run: LiveRun, sample: Sample) -> Handle:
        """Wait until the run goes on and its log says that it has come so far. Raises Fault when it has ended."""
        handle = await self.running(run)
        await self.said(run, sample, lambda: run.record.state is RunState.ENDED)
        outcome = run.record.outcome
        if outcome is not None:
            raise Fault(f"The run is to go on, and it has ended: {told(outcome)}.")
        return handle

    # ---------------------------------------------------------------- life

    def __enter__(self) -> Self:
        self.folder.mkdir(parents=True, exist_ok=True)
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        try:
            asyncio.run(self._tidy())
        finally:
            self._own_supply.close()

    def sweep(self) -> None:
        """End whatever is in the state folder, whoever began it. Raises TimeoutError when it does not end."""
        asyncio.run(self._tidy(everything=True))

    async def _tidy(self, *, everything: bool = False) -> None:
        """Leave no run and no shim. `everything`: also runs that this rig was not given, as of a worker that died."""
        while self._open:
            # A second signal tore down the loop of the case before its worker had let go.
            worker = self._open.pop()
            if hasattr(worker, "folder"):
                worker.folder.close()
        if everything or any(run.record.outcome is None for run in self._going):
            async with self.worker() as worker:
                going = [run for run in worker.live.values() if run.record.outcome is None]
                for run in going:
                    run.stop(force=True)
                with contextlib.suppress(TimeoutError):
                    async with asyncio.timeout(_TIDY):
                        await asyncio.gather(*(run.outcome() for run in going))
        await end_shim(self.state / "shim", self._worker.cgroup, _TIDY)
