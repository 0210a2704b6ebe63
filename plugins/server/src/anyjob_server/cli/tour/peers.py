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
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from types import TracebackType
from typing import IO, Final, Self

from anyjob.errors import SecretMissing
from anyjob.problem import short
from anyjob_server.cli.tour.beside import MADE, Beside, Made, Peer
from anyjob_server.cli.tour.door import Door
from anyjob_server.cli.tour.words import own_name

__all__ = ["Peers"]

_PATIENCE: Final = 15.0
"""Seconds in which a process answers at its address."""
_DIALLING: Final = 60.0
"""Seconds in which an application dials in: a JVM beside others that start takes a while."""
_MAKING: Final = 300.0
_PAUSE: Final = 0.02
_TAIL: Final = 4096


class Peers:
    """`async with Peers(besides, made, door) as peers: why = await peers.lacking(beside, file)`

    Begins what the folders have beside them; leaving the block ends it. `kill -9` of this process ends it too.
    """

    def __init__(self, besides: Iterable[Beside], made: Path, door: Door) -> None:
        self._besides, self._made, self._door = list(besides), made, door
        self._going: list[_Leashed] = []
        self._tasks: dict[Peer | Made, asyncio.Task[str]] = {}

    async def __aenter__(self) -> Self:
        for beside in self._besides:
            for made in beside.made:
                self._tasks[made] = asyncio.create_task(self._make(beside, made))
            for peer in beside.peers:
                self._tasks[peer] = asyncio.create_task(self._begin(beside, peer))
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
        peers = [peer for peer in beside.peers if file in peer.files or not peer.files]
        return await self._first_lack([*(made for made in beside.made if file in made.files), *peers])

    async def _first_lack(self, needed: Sequence[Peer | Made]) -> str:
        said = await asyncio.gather(*(asyncio.shield(self._tasks[one]) for one in needed))
        return next((why for why in said if why), "")

    async def _begin(self, beside: Beside, peer: Peer) -> str:
        if peer.address and await _answers(peer.address):
            return (
                f"{peer.address} is taken, where `{' '.join(peer.command)}` is to listen for these jobs; end who"
                " listens there, or run each job by its file"
            )
        waits = any(MADE in word for word in peer.command)
        if waits and (why := await self._first_lack(beside.made)):
            return why
        try:
            env = await self._door.environment(peer.dials) if peer.dials else {}
        except SecretMissing as error:
            return str(error)
        process = await self._start(beside, peer.command, env)
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(_DIALLING if peer.dials else _PATIENCE):
                while process.goes_on and not await self._is_there(peer):  # noqa: ASYNC110 - nobody tells
                    await asyncio.sleep(_PAUSE)
        if process.goes_on and await self._is_there(peer):
            return ""
        said = "" if process.goes_on else process.last_words()
        missing = "has not dialled in" if peer.dials else f"does not answer at {peer.address}"
        return f"`{' '.join(peer.command)}` {missing}{f': {said}' if said else ''}"

    async def _is_there(self, peer: Peer) -> bool:
        if peer.dials and not self._door.has(peer.dials):
            return False
        return not peer.address or await _answers(peer.address)

    async def _make(self, beside: Beside, made: Made) -> str:
        self._made.mkdir(mode=0o700, parents=True, exist_ok=True)
        process = await self._start(beside, made.command, {})
        try:
            async with asyncio.timeout(_MAKING):
                status = await process.wait()
        except TimeoutError:
            return f"`{' '.join(made.command)}` did not end in {_MAKING:g} s"
        return "" if status == 0 else process.last_words() or f"`{' '.join(made.command)}` ended with {status}"

    async def _start(self, beside: Beside, command: Sequence[str], env: Mapping[str, str]) -> _Leashed:
        meant = {MADE: str(self._made), "{anyjob}": own_name(), "{folder}": str(beside.folder)}
        words = list(command)
        for stands, text in meant.items():
            words = [word.replace(stands, text) for word in words]
        process = await _Leashed.start(words, beside.folder, env)
        self._going.append(process)
        return process


class _Leashed:
    """One process, in a session of its own: a Ctrl-C on the terminal is for the jobs."""

    def __init__(self, process: Process, errors: IO[bytes]) -> None:
        self._process, self._errors = process, errors

    @classmethod
    async def start(cls, command: Sequence[str], folder: Path, env: Mapping[str, str]) -> Self:
        words = [sys.executable if command[0] == "python" else command[0], *command[1:]]
        leash = [sys.executable, "-m", "anyjob_server.cli.tour.leash", str(os.getpid())]
        errors = tempfile.TemporaryFile()  # noqa: SIM115 - open as long as the process goes on
        # By the main thread: the kernel ends a child with the thread that began it.
        process = await asyncio.create_subprocess_exec(
            *leash, *words, cwd=folder, env={**os.environ, **env}, stdin=DEVNULL, stdout=DEVNULL, stderr=errors,
            start_new_session=True,
        )  # fmt: skip
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
