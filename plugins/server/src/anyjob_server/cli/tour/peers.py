"""The processes beside the jobs of a tour: none outlives the command that began it."""

from __future__ import annotations

import asyncio
import contextlib
import os
import shutil
import signal
import sys
import tempfile
from asyncio.subprocess import DEVNULL, Process
from collections.abc import Iterable, Sequence
from pathlib import Path
from types import TracebackType
from typing import IO, Final, Self

from anyjob.problem import short
from anyjob_server.cli.tour.beside import MADE, Beside, Made, Peer

__all__ = ["Peers"]

_PATIENCE: Final = 15.0
"""Seconds in which a process answers at its address."""
_MAKING: Final = 300.0
_PAUSE: Final = 0.02
_TAIL: Final = 4096


class Peers:
    """`async with Peers(besides, made) as peers: why = await peers.lacking(beside, file)`

    Begins what the folders have beside them; leaving the block ends it. `kill -9` of this process ends it too.
    """

    def __init__(self, besides: Iterable[Beside], made: Path) -> None:
        self._besides, self._made = list(besides), made
        self._going: list[_Leashed] = []
        self._tasks: dict[Peer | Made, asyncio.Task[str]] = {}

    async def __aenter__(self) -> Self:
        for beside in self._besides:
            for peer in beside.peers:
                self._tasks[peer] = asyncio.create_task(self._begin(beside, peer))
            for made in beside.made:
                self._tasks[made] = asyncio.create_task(self._make(beside, made))
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None
    ) -> None:
        for task in self._tasks.values():
            task.cancel()
        await asyncio.gather(*self._tasks.values(), return_exceptions=True)
        for process in self._going:
            await process.end()
        shutil.rmtree(self._made, ignore_errors=True)

    async def lacking(self, beside: Beside, file: str) -> str:
        """Why a file's jobs have not beside them what they need; empty when they have."""
        needed = [*beside.peers, *(made for made in beside.made if file in made.files)]
        said = await asyncio.gather(*(asyncio.shield(self._tasks[one]) for one in needed))
        return next((why for why in said if why), "")

    async def _begin(self, beside: Beside, peer: Peer) -> str:
        if peer.address and await _answers(peer.address):
            return (
                f"{peer.address} is taken, where `{' '.join(peer.command)}` is to listen for these jobs; end who"
                " listens there, or run each job by its file"
            )
        process = await self._start(beside, peer.command)
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(_PATIENCE):
                while peer.address and process.goes_on and not await _answers(peer.address):  # noqa: ASYNC110 - nobody tells
                    await asyncio.sleep(_PAUSE)
        if process.goes_on and (not peer.address or await _answers(peer.address)):
            return ""
        said = "" if process.goes_on else process.last_words()
        return f"`{' '.join(peer.command)}` does not answer at {peer.address}{f': {said}' if said else ''}"

    async def _make(self, beside: Beside, made: Made) -> str:
        self._made.mkdir(mode=0o700, parents=True, exist_ok=True)
        process = await self._start(beside, [word.replace(MADE, str(self._made)) for word in made.command])
        try:
            async with asyncio.timeout(_MAKING):
                status = await process.wait()
        except TimeoutError:
            return f"`{' '.join(made.command)}` did not end in {_MAKING:g} s"
        return "" if status == 0 else process.last_words() or f"`{' '.join(made.command)}` ended with {status}"

    async def _start(self, beside: Beside, command: Sequence[str]) -> _Leashed:
        process = await _Leashed.start(command, beside.folder)
        self._going.append(process)
        return process


class _Leashed:
    """One process, in a session of its own: a Ctrl-C on the terminal is for the jobs."""

    def __init__(self, process: Process, errors: IO[bytes]) -> None:
        self._process, self._errors = process, errors

    @classmethod
    async def start(cls, command: Sequence[str], folder: Path) -> Self:
        words = [sys.executable if command[0] == "python" else command[0], *command[1:]]
        leash = [sys.executable, "-m", "anyjob_server.cli.tour.leash", str(os.getpid())]
        errors = tempfile.TemporaryFile()  # noqa: SIM115 - open as long as the process goes on
        # By the main thread: the kernel ends a child with the thread that began it.
        process = await asyncio.create_subprocess_exec(
            *leash, *words, cwd=folder, stdin=DEVNULL, stdout=DEVNULL, stderr=errors, start_new_session=True
        )
        return cls(process, errors)

    @property
    def goes_on(self) -> bool:
        return self._process.returncode is None

    async def wait(self) -> int:
        return await self._process.wait()

    def last_words(self) -> str:
        """The last line of its standard error."""
        size = self._errors.seek(0, os.SEEK_END)
        self._errors.seek(max(0, size - _TAIL))
        lines = self._errors.read().decode(errors="replace").strip().splitlines()
        return short(lines[-1], 300) if lines else ""

    async def end(self) -> None:
        """Its whole group, at once: it holds nothing that must be put away."""
        with contextlib.suppress(ProcessLookupError):
            os.killpg(self._process.pid, signal.SIGKILL)
        await self._process.wait()
        self._errors.close()


async def _answers(address: str) -> bool:
    host, _, port = address.rpartition(":")
    try:
        _, writer = await asyncio.open_connection(host, int(port))
    except OSError:
        return False
    writer.close()
    return True
