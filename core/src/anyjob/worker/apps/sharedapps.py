"""The processes of a worker that many runs share: found by what the runs have in common, started when there is none."""

from __future__ import annotations

import asyncio
import hashlib
import hmac
import logging
import os
import secrets
import shutil
import stat
import tempfile
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Final, Protocol

from anyjob.errors import StateUnusable
from anyjob.executor.app import Shared
from anyjob.executor.base import Stage
from anyjob.job import Job, parts_of
from anyjob.listenaddress import ListenAddress
from anyjob.outcome import Outcome, StopReport
from anyjob.plugins.binding import Binding
from anyjob.run import Run
from anyjob.spec import CommonXAttrs
from anyjob.version import VERSION
from anyjob.worker.apps.application import Application
from anyjob.worker.apps.faults import AppAway
from anyjob.worker.apps.messages import PROTOCOLS
from anyjob.worker.apps.sharedapp import SharedApp
from anyjob.worker.apps.sharedbook import KeptProcess, SharedBook
from anyjob.worker.apps.tokens import digest
from anyjob.worker.face import FaceContext, RunFace
from anyjob.worker.order import RunOrder
from anyjob.worker.record import RunRecord
from anyjob.worker.states import RunState

if TYPE_CHECKING:
    from anyjob.executor.launcher import Place

__all__ = ["SharedApps", "SharedHost"]

_log = logging.getLogger(__name__)
_PATH: Final = 100
"""Bytes that the path of a socket may have, so that every language can connect to it."""
_FORCED: Final = 1.0
"""Seconds in which a run that is forced may end without its process."""
_LEAVING: Final = 5.0
"""Seconds in which those that are not needed any more may end."""
_KEPT: Final = 20
"""Folders of processes that ended otherwise than asked, which are kept for their logs."""


class SharedHost(FaceContext, Protocol):
    """What they need of their worker."""

    @property
    def log_quota(self) -> int:
        """Bytes that the log of a shared process may have; it belongs to no job that could say."""
        ...

    async def local_place(self) -> Place:
        """The local launcher, ready."""
        ...


class SharedApps:
    """`at`: the folder in which they live, each in one of its own, with the socket that they dial."""

    def __init__(self, host: SharedHost, idle: float) -> None:
        """`idle`: seconds without a run after which a process is ended."""
        self._host, self._idle = host, idle
        self.book = SharedBook()
        self.at = Path()
        self._socket: ListenAddress | None = None
        self._by_name: dict[str, SharedApp] = {}
        self._taking: dict[tuple[str, str, str | None, str], SharedApp] = {}
        self._locks: dict[tuple[str, str, str | None, str], asyncio.Lock] = {}
        self.listen: Callable[[ListenAddress, int], Awaitable[None]]

    async def resume(self, at: Path, apps: Mapping[str, Application]) -> None:
        """Take up those that an earlier worker left in the folder. `apps`: as what they had dialled in, by name."""
        self.at = at
        if not self.book.processes:
            return
        await self._ready()
        place = await self._host.local_place()
        for kept in list(self.book.processes.values()):
            one = self._make(kept, place)
            if kept.name in apps:
                one.arrived(apps[kept.name])
            if not await one.resume():
                self._drop(one)

    async def close(self) -> None:
        """Let go of all; they go on, and end by themselves when nothing is left to do."""
        for one in list(self._by_name.values()):
            await one.let_go()

    @property
    def where(self) -> str:
        """The path of the socket that they dial; empty as long as there is none."""
        return "" if self._socket is None else self._socket.path

    def tidy(self) -> None:
        """Nobody listens there any more: leave no folder outside the state folder for which nobody will dial."""
        if self._socket is not None and not self._by_name and Path(self._socket.path).parent != self.at:
            shutil.rmtree(Path(self._socket.path).parent, ignore_errors=True)

    async def dismiss(self) -> None:
        """End those without a run that goes on: nothing further will come for them."""
        idle = [one for one in self._by_name.values() if one.app is None or not one.app.busy]
        for one in idle:
            self._retire(one)
            if one.empty:
                one.leave("nothing further was to come")
        if idle:
            await asyncio.wait({one.over for one in idle}, timeout=_LEAVING)

    # ---------------------------------------------------------------- which one

    async def take(self, run: Run, shared: Shared) -> Application | Outcome:
        """A process for the run; its Outcome when none comes up. It is counted: call it once, and start the run.

        Raises BadJob for a user that it may not have.
        """
        assert isinstance(run, RunFace)
        sharing = (run.job.job_type, run.job.owner, run.user, shared.key)
        while True:
            async with self._locks.setdefault(sharing, asyncio.Lock()):
                one = self._taking.get(sharing)
                if one is None or one.killed:
                    one = await self._begin(sharing, shared, run.group_user)
            got = await asyncio.shield(one.ready)
            if isinstance(got, Outcome):
                return got
            try:
                await got.linked()
            except AppAway:
                continue  # it is gone, and another is needed
            if one.killed or self._taking.get(sharing) is not one:
                continue  # it was retired meanwhile
            one.wake()
            one.kept.runs += 1
            if one.kept.runs >= one.kept.most:
                self._retire(one)
            return got

    async def _begin(
        self, sharing: tuple[str, str, str | None, str], shared: Shared, group_user: str | None
    ) -> SharedApp:
        where = await self._ready()
        job_type, group, user, key = sharing
        token = secrets.token_urlsafe(32)
        short = hashlib.sha256(repr(sharing).encode()).hexdigest()[:10]
        name = f"shared-{short}-{secrets.token_hex(4)}"
        kept = KeptProcess(
            name=name, job_type=job_type, key=key, group=group, user=user, token=digest(token), most=shared.runs
        )
        kept.wait, kept.group_user = shared.wait, group_user
        place = await self._host.local_place()
        one = self._make(kept, place)
        self.book.keep(kept)
        command = shared.command
        env: Mapping[str, str] = self._host.base_environment if command.env is None else command.env
        own = {
            "ANYJOB_APP": f"unix:{where}",
            "ANYJOB_APP_TOKEN": token,
            "ANYJOB_APP_RESIDENT": "1",
            "ANYJOB_JOB_TYPE": job_type,
            "ANYJOB_PROTOCOL": str(PROTOCOLS[0]),
        }
        try:
            await one.begin(replace(command, env={**env, **own}, files={}, warm=None))
        except asyncio.CancelledError:
            if not await one.resume():
                self._drop(one)
            raise
        except BaseException:
            self._drop(one)
            raise
        return one

    def _make(self, kept: KeptProcess, place: Place) -> SharedApp:
        namespace, group_id = parts_of(kept.group)
        job = Job(name=kept.name, job_type=kept.job_type, namespace=namespace, group_id=group_id)
        binding = Binding(job_type=kept.job_type, plugin="core", distribution="anyjob", version=VERSION)
        record = RunRecord(order=RunOrder(job=job, instance=0, name=kept.name), binding=binding, state=RunState.RUNNING)
        face = RunFace(record, self._host, str(self.at / kept.name), CommonXAttrs(), None)
        face.user, face.group_user = kept.user, kept.group_user
        face.log_quota = self._host.log_quota
        one = self._by_name[kept.name] = SharedApp(kept, face, place, self._ended)
        if not kept.retired:
            self._taking[kept.sharing] = one
        return one

    # ---------------------------------------------------------------- what becomes of them

    def named(self, name: str) -> SharedApp | None:
        """The process of that name, if it has not ended."""
        return self._by_name.get(name)

    def of_token(self, token: str) -> SharedApp | None:
        """The process whose token it is. Takes as long whichever it is."""
        given, found = digest(token), None
        for one in self._by_name.values():
            if hmac.compare_digest(given, one.kept.token):
                found = one
        return found

    def emptied(self, name: str) -> None:
        """The last run of a process is over."""
        one = self._by_name.get(name)
        if one is None or not one.empty:
            return
        if one.kept.retired:
            one.leave("it was replaced by a new one")
        else:
            one.rest(self._idle, lambda: self._rested(one))

    def _rested(self, one: SharedApp) -> None:
        if one.empty:
            self._retire(one)
            one.leave("it had no run for a while")

    def lost(self, name: str, why: str) -> None:
        """It cannot be talked to."""
        one = self._by_name.get(name)
        if one is not None:
            one.kill(f"it {why}")

    async def stop(self, app: Application, run: Run, stage: Stage) -> StopReport:
        """A stop of one of its runs: it is replaced after that, and killed where nothing else helps."""
        one = self._by_name[app.known.resident]
        self._retire(one)
        if stage is Stage.FORCE:
            one.spawn(self._force(one, app, run))
        return await app.stop(run, stage)

    async def _force(self, one: SharedApp, app: Application, run: Run) -> None:
        """The application may still end the code; if it does not, its neighbours pay for it."""
        if not await app.ended(run.name, _FORCED if app.link is not None else 0) and not one.over.done():
            await one.force(run)

    def retire(self, name: str) -> None:
        """Give the process no more runs."""
        one = self._by_name.get(name)
        if one is not None:
            self._retire(one)

    def _retire(self, one: SharedApp) -> None:
        """It takes no new runs, and ends with its last one."""
        if self._taking.get(one.kept.sharing) is one:
            del self._taking[one.kept.sharing]
        if not one.kept.retired:
            one.kept.retired = True
            try:
                self.book.keep(one.kept)
            except OSError as error:  # the next worker may give it a run more
                _log.warning("%s: the worker's ledger cannot be written: %s", one.kept.name, error)

    def _ended(self, one: SharedApp) -> None:
        self._drop(one, keep_log=not one.killed and not one.forced)

    def _drop(self, one: SharedApp, *, keep_log: bool = False) -> None:
        self._by_name.pop(one.kept.name, None)
        if self._taking.get(one.kept.sharing) is one:
            del self._taking[one.kept.sharing]
        try:
            self.book.over(one.kept.name)
        except OSError as error:
            _log.warning("%s: the worker's ledger cannot be written: %s", one.kept.name, error)
        if not keep_log:
            shutil.rmtree(one.folder, ignore_errors=True)
        else:
            self._prune()

    def _prune(self) -> None:
        dead = [path for path in self.at.glob("shared-*") if path.name not in self._by_name]
        for path in sorted(dead, key=lambda path: path.stat().st_mtime)[:-_KEPT]:
            shutil.rmtree(path, ignore_errors=True)

    # ---------------------------------------------------------------- the place

    async def _ready(self) -> str:
        """Make the folder, and listen there; where that is. Raises StateUnusable."""
        root = os.getuid() == 0
        try:
            self.at.mkdir(mode=0o711 if root else 0o700, parents=True, exist_ok=True)
            self._socket = ListenAddress(path=_socket(self.at))
            await self.listen(self._socket, 0o666 if root else 0o600)
            return self._socket.path
        except OSError as error:
            raise StateUnusable(self.at, f"{error.strerror} ({error.filename})") from error


def _socket(at: Path) -> str:
    """Where the processes dial: in their folder, or in one of ours below the temporary folder where its path is too
    long. Always the same for the same folder, as they dial again when the next worker is there."""
    path = str(at / "sock")
    if len(path.encode()) <= _PATH:
        return path
    folder = Path(tempfile.gettempdir(), f"anyjob-{os.getuid()}-{hashlib.sha256(path.encode()).hexdigest()[:16]}")
    folder.mkdir(mode=0o711 if os.getuid() == 0 else 0o700, exist_ok=True)
    found = folder.lstat()
    if not stat.S_ISDIR(found.st_mode) or found.st_uid != os.getuid() or found.st_mode & 0o022:
        raise PermissionError(1, "it is not ours alone", str(folder))
    return str(folder / "sock")
