"""The jobs of `anyjob up`, from the API's side: made, run, shown."""

from __future__ import annotations

import asyncio
import sys
import threading
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from anyjob.cli import status
from anyjob.cli.stops import Stops
from anyjob.cli.streams import write
from anyjob_server.cli.follow import follow, show_end
from anyjob_server.cli.making import make_job
from anyjob_server.client.client import Client
from anyjob_server.client.jobfile import JobFile
from anyjob_server.client.target import Target

__all__ = ["Ascent", "Wanted"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Wanted:
    """What the caller wants to see. `lasting`: the folder is his own, and jobs in it may be made anew."""

    quiet: bool
    as_json: bool
    lasting: bool


class _Left(Exception):
    """The caller does not want to wait any more."""


class Ascent:
    """One command's way. The calls are made on a thread beside the server's loop."""

    def __init__(self, state: Path, wanted: Wanted) -> None:
        self._state, self._wanted = state, wanted
        self._left = threading.Event()
        self._stopped = threading.Event()
        self._going: tuple[Target, int] | None = None

    async def run(self, jobs: Sequence[JobFile], stops: Stops) -> int:
        """All of them; the exit status. Raises what the calls raise."""
        loop = asyncio.get_running_loop()
        stopping = list[asyncio.Future[None]]()

        def signalled(force: bool) -> None:  # noqa: FBT001 - as Stops calls it
            if force or self._stopped.is_set():
                self._left.set()
                return
            self._stopped.set()
            if self._going is not None:
                stopping.append(loop.run_in_executor(None, self._stop, *self._going))

        stops.then(signalled)
        result = await asyncio.to_thread(self._run, jobs)
        # While there is still a server that answers: a call that it does not hear any more waits for a minute.
        await asyncio.gather(*stopping, return_exceptions=True)
        return result if stops.first is None else status.of_signal(stops.first)

    # ---------------------------------------------------------------- on the thread

    def _run(self, jobs: Sequence[JobFile]) -> int:
        made = [make_job(self._state, job, lasting=self._wanted.lasting) for job in jobs]
        results = list[int]()
        for target, ident in made:
            if self._stopped.is_set():
                break
            results.append(self._see(target, ident))
        return next((result for result in results if result), 0)

    def _see(self, target: Target, ident: int) -> int:
        quiet, as_json = self._wanted.quiet, self._wanted.as_json
        with Client(target) as client:
            instance = client.execute(ident)
            self._going = target, instance
            if self._stopped.is_set():
                client.stop(instance)
            try:
                info = follow(client, instance, log=not (quiet or as_json), sleep=self._sleep)
            except _Left:
                told = f"`anyjob serve --state {self._state}` takes it over"
                write(sys.stderr, f"anyjob: instance {instance} goes on; {told}\n")
                return status.FAILED
            self._going = None
            return show_end(info, quiet=quiet, as_json=as_json)

    def _sleep(self, seconds: float) -> None:
        if self._left.wait(seconds):
            raise _Left

    def _stop(self, target: Target, instance: int) -> None:
        if not self._wanted.quiet:
            write(sys.stderr, f"anyjob: stopping instance {instance}; a second signal leaves it going\n")
        with Client(target) as client:
            client.stop(instance)
