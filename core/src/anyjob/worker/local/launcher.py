"""Commands as processes of this node, owned by the shim."""

from __future__ import annotations

import asyncio
import os
import shutil
import signal
import time
from pathlib import Path
from typing import cast

from anyjob.errors import ContractBroken, ShimLost
from anyjob.executor.base import Stage
from anyjob.executor.capabilities import Capabilities, DeadlineBy, Health, Limit
from anyjob.executor.command import Command, Exit
from anyjob.executor.handle import Handle, Scope
from anyjob.executor.launcher import Launcher
from anyjob.executor.progress import ProgressReader
from anyjob.executor.returned import with_map
from anyjob.executor.said import OUTCOME_FILE
from anyjob.job import BadJob
from anyjob.outcome import Cause, Evidence, Json, StopReport, Strength
from anyjob.problem import Problem
from anyjob.run import RUN_FOLDER, Run
from anyjob.worker.face import RunFace
from anyjob.worker.identity import Identity, assigned, reachable, resolve_user
from anyjob.worker.local.enforcement import enforcement
from anyjob.worker.local.exits import read_exit
from anyjob.worker.local.options import LocalOptions
from anyjob.worker.local.shimclient import ShimClient
from anyjob.worker.local.shimvalues import Ended, RunAs, RunLimits, ShimOptions, Started, StartOrder, WarmStart
from anyjob.worker.settings import WorkerSettings

__all__ = ["LocalLauncher"]

_LIMITS: frozenset[Limit] = frozenset({"memory", "cpu", "pids"})
_RETURNS = frozenset({"result", "map", OUTCOME_FILE})


class LocalLauncher(Launcher[LocalOptions]):
    """One shim a state folder, started with the first command or with what an earlier worker left."""

    on_node = True

    def __init__(self) -> None:
        self._folder: Path | None = None
        self._settings = WorkerSettings()
        self._client: ShimClient | None = None
        self._opening: asyncio.Lock | None = None
        self._progress = ProgressReader()
        self._begun: dict[str, asyncio.Future[Started | Ended]] = {}
        """Orders that were sent and whose handle is not kept yet: a stop may cut off who awaits them, not them."""
        self._wanted: dict[str, frozenset[str]] = {}
        """Names that a command returns beside the usual ones; in the handle they outlive the worker."""

    def attach(self, folder: Path, settings: WorkerSettings) -> None:
        """Say where the shim lives. Called by the worker before `serve`."""
        self._folder, self._settings = folder, settings

    def capabilities(self, options: LocalOptions) -> Capabilities:
        del options
        return Capabilities(deadline=DeadlineBy.SHIM, proof=Strength.PROVEN, resumes=True, limits=_LIMITS, maps=True)

    async def health(self) -> Health:
        """Healthy on every Linux; `why` says how stops are proved here and what keeps limits."""
        found = await asyncio.to_thread(enforcement, self._settings.cgroup)
        limits = "; ".join(f"{name} by {keeper}" for name, keeper in sorted(found.limits.items()))
        why = f"stops are proved by {found.held_by}" + (f" ({found.why})" if found.why else "")
        return Health(state="healthy", why=f"{why}; limits: {limits or 'none'}")

    async def start(self, run: Run, command: Command, options: LocalOptions) -> Handle | Exit:
        del options
        face = _face(run)
        client = self._client or await self.shim()
        if not command.returns <= _RETURNS:
            self._wanted[run.name] = command.returns - _RETURNS
        begun = self._begun[run.name] = client.start(self._order(face, command))
        if command.warm is not None:
            # Its resident may take long to load, and a stop must not wait for that.
            face.on_stop(lambda: None if begun.done() else client.cancel(face.name))
        return await self._answer(face, begun)

    async def _answer(self, face: RunFace, begun: asyncio.Future[Started | Ended]) -> Handle | Exit:
        try:
            got = await asyncio.shield(begun)
        except ShimLost as lost:
            # The order may have arrived: whether the command runs is not known.
            return Exit(code=None, cause=Cause.UNKNOWN, evidence=[Evidence(source="shim", text=str(lost))])
        return self._read(face, got)

    async def watch(self, run: Run, handle: Handle, options: LocalOptions) -> Exit:
        del options
        client = self._client or await self.shim()
        face = _face(run)
        wanted = _RETURNS.union(cast("list[str]", handle.data.get("returns", ())))
        # Who began the run here and now knows as whom; only for another worker's runs the disk has to tell.
        begun = self._begun.pop(run.name, None) is not None
        work = face.folder_path if begun and face.user is None else _work_folder(face)
        self._progress.add(face, f"{work}/progress")
        try:
            return _exit(face, work, await client.ended(run.name), wanted)
        finally:
            self._progress.drop(run)

    async def stop(self, run: Run, handle: Handle, stage: Stage, options: LocalOptions) -> StopReport:
        del handle, options
        client = self._client or await self.shim()
        proof = await client.stop(run.name, stage.value)
        return StopReport(
            strength=Strength(proof.strength),
            by=proof.by,
            evidence=[Evidence(source=source, text=text) for source, text in proof.evidence],
            survivors=tuple(proof.survivors),
        )

    async def find(self, run: Run, options: LocalOptions) -> Handle | Exit | None:
        del options
        face = _face(run)
        begun = self._begun.get(run.name)
        if begun is not None:
            return await self._answer(face, begun)
        client = self._client or await self.shim()
        known = client.known.get(run.name)
        return None if known is None else self._read(face, known)

    async def clean(self, run: Run, handle: Handle | None, options: LocalOptions) -> None:
        del handle, options
        self._begun.pop(run.name, None)
        self._wanted.pop(run.name, None)
        face = _face(run)
        if face.common.secrets:
            shutil.rmtree(f"{_work_folder(face)}/secrets", ignore_errors=True)
        if self._client is not None:
            self._client.ack([run.name])

    async def close(self) -> None:
        self._progress.close()
        if self._client is not None:
            await self._client.close()
            self._client = None

    # ---------------------------------------------------------------- the shim

    async def shim(self) -> ShimClient:
        """The shim of the state folder, started if it is not there. Raises ShimLost or ContractBroken."""
        if self._folder is None:
            raise ContractBroken(
                "The local launcher", "it was asked to run before a worker attached it", "Use it through a Worker."
            )
        self._opening = self._opening or asyncio.Lock()
        async with self._opening:
            if self._client is None:
                options = ShimOptions(
                    cgroup=self._settings.cgroup, floor=self._settings.free_disk, idle=self._settings.shim_idle
                )
                self._client = await ShimClient.open(self._folder, options)
            return self._client

    def _read(self, face: RunFace, got: Started | Ended) -> Handle | Exit:
        wanted = self._wanted.get(face.name, frozenset[str]())
        if isinstance(got, Ended):
            return _exit(face, _work_folder(face), got, _RETURNS | wanted)
        data: dict[str, Json] = {"pid": got.pid, "start": got.start}
        if wanted:
            data["returns"] = [*sorted(wanted)]
        return Handle(kind="local", scope=Scope.NODE, data=data)

    # ---------------------------------------------------------------- the order

    def _order(self, face: RunFace, command: Command) -> StartOrder:
        common, folder = face.common, face.make_folder()
        user = self._user(face)
        work = folder
        if user is not None:
            # The run's own folder, with its log, stays out of the job's reach.
            os.chmod(folder, 0o711)  # noqa: S103 - passed through on the way to its own part, not listed
            work = f"{folder}/work"
            # What an earlier start left there is the user's, who could have put links in the way of root's writes.
            shutil.rmtree(work, ignore_errors=True)
            os.mkdir(work, 0o700)
        for name, content in command.files.items():
            _put(f"{work}/{name}", content, user)
        if common.secrets:
            os.makedirs(f"{work}/secrets", 0o700, exist_ok=True)
            if user is not None:
                os.chown(f"{work}/secrets", user.uid, user.gid)
            for name, value in face.secrets.items():
                _put(f"{work}/secrets/{name}", value.encode(), user)
        if user is not None:
            os.chown(work, user.uid, user.gid)
        env = face.environment() if command.env is None else dict(command.env)
        if user is not None:
            env |= {"HOME": user.home or work, "USER": user.name, "LOGNAME": user.name}
        cwd = command.cwd or common.cwd or RUN_FOLDER
        limits = common.limits
        asked = limits.memory is not None or limits.cpu is not None or limits.pids is not None
        return StartOrder(
            run=face.name,
            folder=folder,
            log=face.log_path,
            argv=[part.replace(RUN_FOLDER, work) for part in command.argv],
            env={name: value.replace(RUN_FOLDER, work) if "\0" in value else value for name, value in env.items()},
            cwd=cwd.replace(RUN_FOLDER, work),
            user=None if user is None else RunAs(uid=user.uid, gid=user.gid, groups=user.groups),
            limits=RunLimits(memory=limits.memory, cpu=limits.cpu, pids=limits.pids) if asked else None,
            deadline=None if face.deadline is None else _boottime(face.deadline),
            grace=common.grace,
            stop_signal=int(getattr(signal, f"SIG{command.stop_signal or common.stop_signal}")),
            leftovers=command.leftovers or common.leftovers,
            quota=face.log_quota,
            redact=[value.encode() for value in face.secrets.values()],
            warm=None if command.warm is None else WarmStart(key=command.warm.key, argv=command.warm.argv),
        )

    def _user(self, face: RunFace) -> Identity | None:
        if face.user is None:
            return None
        if face.user == face.group_user:
            found = assigned(face.user)
        else:
            found = resolve_user(face.user, face.job.owner, self._settings.users)
        if isinstance(found, Identity):
            found = reachable(found, face.folder_path)
        if isinstance(found, Problem):
            raise BadJob([found], face.job.name)
        return found


def _face(run: Run) -> RunFace:
    """The local launcher is part of the worker: it needs the run's folder and its common keys."""
    if not isinstance(run, RunFace):
        raise ContractBroken("The local launcher", f"it got a {type(run).__name__}", "Use it through a Worker.")
    return run


def _exit(face: RunFace, work: str, ended: Ended, wanted: frozenset[str]) -> Exit:
    return with_map(read_exit(ended, work, face.log_path, wanted, face.common.encoding), face.job)


def _work_folder(face: RunFace) -> str:
    """Where the job may write: the run's folder itself, or the part of it that belongs to the job's own user.

    Told by its owner, so that a later worker knows it too, and a job that makes a folder of that name changes nothing.
    """
    work = f"{face.folder_path}/work"
    try:
        return face.folder_path if os.lstat(work).st_uid == os.getuid() else work
    except FileNotFoundError:
        return face.folder_path


def _put(path: str, content: bytes, user: Identity | None) -> None:
    file = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_CLOEXEC | os.O_NOFOLLOW, 0o600)
    try:
        view = memoryview(content)
        while view:
            view = view[os.write(file, view) :]
        if user is not None:
            os.fchown(file, user.uid, user.gid)
    finally:
        os.close(file)


def _boottime(epoch: float) -> float:
    """A moment of the wall clock as CLOCK_BOOTTIME, which no clock change moves."""
    return time.clock_gettime(time.CLOCK_BOOTTIME) + (epoch - time.time())
