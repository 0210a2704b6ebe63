"""Many jobs side by side, to their ends."""

from __future__ import annotations

import asyncio
import os
import threading
import time
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path
from typing import Final

from anyjob.cli import status
from anyjob.cli.stops import Stops
from anyjob.errors import AnyJobError
from anyjob.job import BadJob, Job
from anyjob.outcome import Cause, Evidence, Outcome
from anyjob_server.cli.follow import follow
from anyjob_server.cli.making import make_job
from anyjob_server.cli.tour.door import Door
from anyjob_server.cli.tour.peers import Peers
from anyjob_server.cli.tour.row import Row, State
from anyjob_server.cli.tour.shows import Show
from anyjob_server.client.client import Client
from anyjob_server.client.errors import BadRequest
from anyjob_server.client.jobfile import JobFile
from anyjob_server.client.target import Target
from anyjob_server.server import Server

__all__ = ["Tour"]

_AT_ONCE: Final = min(8, max(2, 2 * (os.cpu_count() or 1)))
"""Jobs that run at one time: most of them wait more than they count."""


class _Left(Exception):
    """The caller does not want to wait any more."""


class Tour:
    """One command's way. Calls are made on threads beside the server's loop."""

    def __init__(self, server: Server, show: Show, made: Path, *, lasting: bool) -> None:
        self._server, self._show, self._made, self._lasting = server, show, made, lasting
        self._left, self._stopped = threading.Event(), threading.Event()
        self._going: dict[Row, tuple[Target, int]] = {}
        self._threads = ThreadPoolExecutor(_AT_ONCE + 1)
        """One more than jobs: for their stops."""
        self._making = threading.Lock()
        self._names = set[tuple[str, str]]()
        """App groups and names of the jobs that were made."""

    async def run(self, rows: Sequence[Row], stops: Stops) -> int:
        """All of them; the exit status. Raises what the calls raise."""
        stops.then(self._signalled)
        gate = asyncio.Semaphore(_AT_ONCE)
        besides = {row.beside.folder: row.beside for row in rows}
        async with Peers(besides.values(), self._made, Door(self._server.worker)) as peers:
            await asyncio.gather(*(self._visit(row, peers, gate) for row in rows))
            # While there is still a server that answers: a stop that it does not hear any more waits for a minute.
            await asyncio.to_thread(self._threads.shutdown)
        return self._status(rows) if stops.first is None else status.of_signal(stops.first)

    def _status(self, rows: Sequence[Row]) -> int:
        for row in rows:
            if row.wrong:
                return (row.info and status.of_outcome(row.info.ended)) or status.FAILED
        return status.SUCCEEDED if any(row.as_meant for row in rows) else status.FAILED

    def _signalled(self, force: bool) -> None:  # noqa: FBT001 - as Stops calls it
        if force or self._stopped.is_set():
            self._left.set()
            return
        self._stopped.set()
        self._show.say("stopping what runs; a second signal leaves it going")
        for target, instance in list(self._going.values()):
            self._threads.submit(_stop, target, instance)

    async def _visit(self, row: Row, peers: Peers, gate: asyncio.Semaphore) -> None:
        row.why = await peers.lacking(row.beside, row.file.name) or await self._lacking(row)
        if row.why:
            row.state = State.ABSENT
            self._show.ended(row)
            return
        async with gate:
            if self._stopped.is_set():
                row.state = State.SKIPPED
            else:
                await asyncio.get_running_loop().run_in_executor(self._threads, self._run, row)
            self._show.ended(row)

    async def _lacking(self, row: Row) -> str:
        """What the product itself says of the job before it runs. A wrong job is the server's to refuse."""
        try:
            job = Job.from_wire(row.job.fields)
            return await self._server.engine.lacking(job)
        except (BadJob, AnyJobError):
            return ""

    # ---------------------------------------------------------------- on a thread

    def _run(self, row: Row) -> None:
        try:
            with self._making:
                target, ident = make_job(self._server.state, self._apart(row), lasting=self._lasting)
            with Client(target) as client:
                row.began, row.state = time.monotonic(), State.RUNNING
                instance = client.execute(ident)
                self._going[row] = target, instance
                if self._stopped.is_set():
                    client.stop(instance)
                row.info = follow(client, instance, log=False, sleep=self._sleep)
        except BadRequest as refused:
            row.state, row.why = State.REFUSED, refused.message
        except _Left:
            row.state = State.LEFT
            row.why = f"goes on; `anyjob serve --state {self._server.state}` takes it over"
        else:
            row.state = State.OVER
            cause = row.info.ended.cause
            if cause is Cause.DEPENDENCY_MISSING and cause is not row.meant:
                row.state, row.why = State.ABSENT, _missing(row.info.ended)
            elif cause is Cause.STOPPED and self._stopped.is_set():
                row.state = State.STOPPED
        finally:
            self._going.pop(row, None)

    def _apart(self, row: Row) -> JobFile:
        """The job, in an app group of its type's name where it names none and another job has its name: files that are
        run one by one may well call their jobs alike."""
        job = row.job
        group = job.text("GroupId")
        if not group and (group, job.name) in self._names:
            group = row.type
            job = replace(job, fields={**job.fields, "GroupId": group})
        self._names.add((group, job.name))
        return job

    def _sleep(self, seconds: float) -> None:
        if self._left.wait(seconds):
            raise _Left


def _missing(outcome: Outcome) -> str:
    """What evidence says is missing: of the first shard, where there are several."""
    said = next(iter(outcome.evidence), Evidence(source="", text=outcome.result))
    return said.text.removeprefix(f"{Cause.DEPENDENCY_MISSING.value}: ")


def _stop(target: Target, instance: int) -> None:
    with Client(target) as client:
        client.stop(instance)
