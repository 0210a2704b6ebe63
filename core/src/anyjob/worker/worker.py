"""The worker: accepts runs, supervises them, finds them again after a crash. A library; the command line and the
server use it too."""

from __future__ import annotations

import asyncio
import logging
import platform
import threading
from collections import OrderedDict
from collections.abc import AsyncIterator, Mapping, Sequence
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, Self

from anyjob.egress import Egress, EgressSettings
from anyjob.errors import AnyJobError, StateUnusable
from anyjob.executor.app import AppExecutor
from anyjob.executor.environment import base_environment
from anyjob.executor.launcher import Launcher
from anyjob.outcome import Json, Outcome, unknown
from anyjob.plugins.binding import BoundPlace
from anyjob.plugins.draft import RunDraft
from anyjob.run import Event
from anyjob.spec import CommonXAttrs
from anyjob.worker.apps.appbook import AppBook
from anyjob.worker.apps.applications import Applications
from anyjob.worker.apps.sharedbook import SharedBook
from anyjob.worker.book import JobShelf, RunBook
from anyjob.worker.counters import Counters
from anyjob.worker.face import RunFace
from anyjob.worker.guard import Guard
from anyjob.worker.identity import RunAs, no_own, own_name
from anyjob.worker.ledger import Ledger, LedgerPart
from anyjob.worker.local.launcher import LocalLauncher
from anyjob.worker.mailbox import Mailbox
from anyjob.worker.observed import ObservedFile
from anyjob.worker.order import RunOrder
from anyjob.worker.record import RunRecord
from anyjob.worker.secrets import SecretStore
from anyjob.worker.services import ExecutorServices
from anyjob.worker.serving import Served, Serving
from anyjob.worker.settings import SecretSource, WorkerSettings
from anyjob.worker.statefolder import StateFolder
from anyjob.worker.states import RunState
from anyjob.worker.supervisor import Supervisor

if TYPE_CHECKING:
    from anyjob.job import Job
    from anyjob.plugins.binding import Binding, Bound
    from anyjob.plugins.host import PluginHost
    from anyjob.problem import Problem
    from anyjob.worker.local.shimclient import ShimClient

__all__ = ["LiveRun", "Worker"]

_log = logging.getLogger(__name__)
_BOUND_JOBS = 4096


class LiveRun:
    """A run that the worker has accepted: what its submitter holds."""

    __slots__ = ("_outcome", "_supervisor", "record")

    def __init__(self, record: RunRecord, supervisor: Supervisor | None) -> None:
        self.record, self._supervisor = record, supervisor
        self._outcome = record.outcome

    @property
    def name(self) -> str:
        """The run's, unique to this start."""
        return self.record.order.name

    @property
    def progress(self) -> tuple[int, int] | None:
        """(done, total), as the job said last."""
        return None if self._supervisor is None else self._supervisor.face.progress_now

    @property
    def force_at(self) -> float | None:
        """When a stop becomes force, epoch seconds; None: it was not asked to end yet, or is over."""
        return None if self._supervisor is None else self._supervisor.force_at

    async def outcome(self) -> Outcome:
        """Wait for the end. Cancelling the wait does not touch the run."""
        if self._outcome is None:
            assert self._supervisor is not None
            self._outcome = await asyncio.shield(self._supervisor.over)
        return self._outcome

    def stop(self, *, force: bool = False) -> None:
        """Ask the run to stop, durably; the ladder goes on by itself. `force` skips the rest of the grace."""
        if self._supervisor is not None:
            self._supervisor.stop(force=force)


class Worker:
    """Runs jobs on this node.

        async with Worker(PluginHost.load(), Path("state")) as worker:
            run = await worker.submit(RunOrder(job=job, instance=1))
            print(await run.outcome())
            worker.forget(run.name)

    Leaving the block leaves the runs going; the next worker on the folder finds them in `resumed`. All methods
    belong to the loop that entered the block. Implements `Owner` and `AppHost`.
    """

    def __init__(
        self,
        host: PluginHost,
        state: Path,
        settings: WorkerSettings | None = None,
        secrets: Mapping[str, SecretSource] | None = None,
        egress: EgressSettings | None = None,
    ) -> None:
        """`state`: the folder in which everything that must outlive this process is kept; one worker at a time."""
        self.host, self.settings = host, settings or WorkerSettings()
        self.node = self.settings.node or platform.node()
        self.base_environment = base_environment(self.settings.environment)
        self.run_as: RunAs = no_own
        self._own_name = own_name()
        self._path, self._parts = state, list[LedgerPart]()
        self._secrets = SecretStore(secrets or {})
        self._egress = Egress(egress)
        self.shelf, self._counters, self.mailbox = JobShelf(), Counters(), Mailbox()
        self.book = RunBook(self.shelf)
        self.apps = Applications(self, self.settings.apps)
        self._observed = ObservedFile(host.observers)
        self.live: dict[str, LiveRun] = {}
        self._supervisors: dict[str, Supervisor] = {}
        self.serving = Serving(host, self._give_services)
        self._bindings: OrderedDict[int, tuple[Job, Binding]] = OrderedDict()
        self.resumed: list[LiveRun] = []
        self.listens_early = True
        """Applications may dial in from the start; else only once a job whose type has applications is here."""

    @property
    def force_wait(self) -> float:
        return self.settings.force_wait

    # ---------------------------------------------------------------- life

    def add_part(self, part: LedgerPart) -> None:
        """Let `part` own lines of the ledger, for what is built upon runs. Before `start`."""
        self._parts.append(part)

    async def start(self) -> None:
        """Take the state folder and everything that an earlier worker left there. Raises StateInUse, StateUnusable."""
        self.folder = StateFolder(self._path)
        self._runs = str(self.folder.runs)
        parts: list[LedgerPart] = [*self._own_parts, *self._parts]
        try:
            self._ledger = Ledger(self.folder.ledger, parts)
        except BaseException:
            self.folder.close()
            raise
        for part in self._own_parts:
            part.write = self._ledger.write
        self._observed.begin(self.folder.path)
        await self.apps.resume(self.folder.shared)
        if self.listens_early:
            await self.apps.open(self.folder.path)
        for record in list(self.book.records.values()):
            self.resumed.append(await self._resume(record))

    @property
    def _own_parts(self) -> list[JobShelf | RunBook | Mailbox | Counters | AppBook | SharedBook]:
        return [self.shelf, self.book, self.mailbox, self._counters, self.apps.book, self.apps.shared.book]

    async def close(self) -> None:
        """Let go: runs that can outlive a worker do; their next worker finds them."""
        tasks = [supervisor.task for supervisor in self._supervisors.values()]
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        await self.apps.close()  # before the launcher, which it watches processes through
        await self.serving.close()
        self._observed.close()
        self._ledger.close()
        self.folder.close()

    async def __aenter__(self) -> Self:
        await self.start()
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None
    ) -> None:
        await self.close()

    def write(self, line: Mapping[str, object]) -> None:
        """Append a line of a part that was added; it outlives this process on return."""
        self._ledger.write(line)

    # ---------------------------------------------------------------- runs

    async def submit(self, order: RunOrder) -> LiveRun:
        """Accept a run; it survives this process from here on. The same name again gives the same run, never a
        second start.

        Raises BadJob, UnknownJobType, PluginError, StateUnusable: then nothing was accepted.
        """
        known = self.live.get(order.name)
        if known is not None:
            return known
        binding = order.binding or self.bind(order.job)
        bound = self.host.dispatch(order.job, binding)
        await self.serving.of(bound)
        try:
            record = self.book.accept(order, binding)
        except OSError as error:
            raise StateUnusable(self.folder.path, f"{error.strerror}; the run was not accepted") from error
        return self._drive(record, bound)

    def forget(self, name: str) -> None:
        """The outcome is kept elsewhere. Only for runs that are over."""
        run = self.live.pop(name, None)
        if run is None or run.record.state is RunState.ENDED:
            self.book.forget(name)

    def bind(self, job: Job) -> Binding:
        """Bound once for each Job object: checking a job costs more than running a small one. Raises as the host."""
        known = self._bindings.get(id(job))
        if known is None or known[0] is not job:
            known = self._bindings[id(job)] = (job, self.host.bind(job))
            while len(self._bindings) > _BOUND_JOBS:
                self._bindings.popitem(last=False)
        return known[1]

    def _drive(self, record: RunRecord, bound: Bound) -> LiveRun:
        face = RunFace(record, self, f"{self._runs}/{record.order.name}", bound.common, bound.place)
        on_node = bound.place is None or bound.place.on_node
        face.unless_said(self.settings.log_quota, self.run_as(record.order.job) if on_node else None)
        supervisor = Supervisor(self, record, face, bound)
        self._supervisors[record.order.name] = supervisor
        run = self.live[record.order.name] = LiveRun(record, supervisor)
        return run

    async def _resume(self, record: RunRecord) -> LiveRun:
        name = record.order.name
        try:
            bound = self.host.dispatch(record.order.job, record.binding)
            await self.serving.of(bound)
        except AnyJobError as error:
            if record.state is RunState.ENDED:
                run = self.live[name] = LiveRun(record, None)
                return run
            # Whatever the run did or does, nobody here can read it any more.
            self.book.ended(record, unknown("worker", f"the run cannot be taken up again: {error}"))
            run = self.live[name] = LiveRun(record, None)
            return run
        return self._drive(record, bound)

    async def _give_services(self, owner: str, served: Served) -> None:
        served.services = ExecutorServices(
            owner=owner,
            node=self.node,
            environment=self.base_environment,
            egress=self._egress,
            own_folder=self.folder.own(owner, launcher=isinstance(served, Launcher)),
            counters=self._counters,
            mailbox=self.mailbox,
            apps=self.apps.of(owner),
        )
        if isinstance(served, LocalLauncher):
            served.attach(self.folder.shim, self.settings)
        if isinstance(served, AppExecutor):
            await self.apps.open(self.folder.path)

    async def local_place(self) -> BoundPlace:
        """The local launcher, ready, for processes that are no run's."""
        return await self.serving.local_place()

    @property
    def log_quota(self) -> int:
        return self.settings.log_quota

    async def serve_apps(self, job_type: str) -> str:
        """Make the executor of a type ready for applications; the type's own name. Raises AnyJobError where they are
        none of its business."""
        return await self.serving.apps(job_type)

    def going(self, run: str) -> bool:
        """Whether the run is this worker's, and not over."""
        record = self.book.records.get(run)
        return record is not None and record.outcome is None

    async def enabled(self, jobs: Sequence[Job]) -> None:
        """The jobs that are enabled on this worker's app groups, all of them: called by whoever schedules, whenever
        that changes. Each type is told of its own; a job that cannot be dispatched is logged and left out.
        """
        await self.serving.enabled(jobs)

    # ---------------------------------------------------------------- for supervisors and faces

    def prepare(self, face: RunFace, bound: Bound) -> list[str]:
        """Ask the policies about one start; what they changed, a line each. Raises RunRefused."""
        if not self.host.has_policies:
            return []
        # As whom a command runs elsewhere, unless somebody says so, is that place's own to say.
        own = self._own_name if bound.place is None or bound.place.on_node else ""
        draft = RunDraft(
            job=face.job,
            launcher=face.common.launcher,
            user=face.user or own,
            limits=face.common.limits,
            labels=dict(face.common.labels),
            environment={},
        )
        self.host.prepare(draft, bound.capabilities)
        if draft.user != own:
            face.user = draft.user
        face.common = face.common.model_copy(update={"limits": draft.limits, "labels": draft.labels})
        face.extra_environment = draft.environment
        return [f"{change.policy}: {change.what} was {change.before}, is {change.after}" for change in draft.changes]

    def guard(self, face: RunFace) -> Guard:
        return Guard(self, face.name, f"{face.make_folder()}/deadline.log")

    async def shim(self) -> ShimClient:
        """The shim of this state folder, started if it is not there. Raises ShimLost."""
        return await self.serving.shim()

    def started(self, face: RunFace) -> None:
        self.host.observers.run_started(face)

    def ended(self, face: RunFace, outcome: Outcome) -> None:
        self._supervisors.pop(face.name, None)
        self.mailbox.forget(face.name)
        self.host.observers.run_finished(face, outcome)

    def keep_saved(self, record: RunRecord, data: Json) -> None:
        self.book.saved(record, data)

    def keep_cursor(self, record: RunRecord, source: str, cursor: str, size: int) -> None:
        self.book.cursor(record, source, cursor, size)

    def secret(
        self, record: RunRecord, common: CommonXAttrs, name: str, given_up: threading.Event | None = None
    ) -> str:
        return self._secrets.value(record.order.job, common, name, given_up)

    def secret_problems(self, job: Job, common: CommonXAttrs) -> list[Problem]:
        """Which secrets that the job lists none of its runs would be given here, by settings and app group."""
        return self._secrets.problems(job, common)

    def progressed(self, run: RunFace) -> None:
        """Progress is read where it is shown; nothing is kept of it."""

    def listen(self, run: RunFace, key: str) -> None:
        self.mailbox.listen(run.name, key)

    def events(self, run: RunFace) -> AsyncIterator[Event]:
        return self.mailbox.events(run.name)
