"""One process of an executable."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import os
import signal
import subprocess
from collections import deque
from collections.abc import Callable, Mapping
from typing import Any, Final, Self

from anyjob.problem import plain
from anyjob.worker.apps.burst import Burst
from anyjob.worker.apps.codec import Body
from anyjob.worker.apps.definition import Definition
from anyjob.worker.apps.faults import AppEnded, AppFault, AppNotStarted
from anyjob.worker.apps.link import Link, Told
from anyjob.worker.apps.messages import PROTOCOLS

__all__ = ["Program"]

_log = logging.getLogger(__name__)
_WORDS: Final = 5
"""Lines of standard error that are kept as evidence."""
_LINE: Final = 500
_DRAIN: Final = 2.0
"""Seconds in which what a process wrote before its end is read, if processes of its own hold the stream open."""


class Program:
    """A process that runs, from its handshake to its end. `over` gives why it ended.

    It has a session of its own, the environment that it is given and no more, and the folder of its TOML file as its
    working folder. At its end its process group is killed; runs are in sessions of their own and go on.
    """

    def __init__(self, definition: Definition, process: subprocess.Popen[bytes], clean: Callable[[str], str]) -> None:
        """Use `begin`."""
        self.definition, self._process, self._clean = definition, process, clean
        self._loop = asyncio.get_running_loop()
        self.over: asyncio.Future[AppFault] = self._loop.create_future()
        self._exited: asyncio.Future[None] = self._loop.create_future()
        self._pidfd = os.pidfd_open(process.pid)
        self._loop.add_reader(self._pidfd, self._exit_seen)
        self._words: deque[str] = deque(maxlen=_WORDS)
        self._burst = Burst()

    @classmethod
    async def begin(
        cls,
        definition: Definition,
        environment: Mapping[str, str],
        welcome: Mapping[str, Any],
        told: Told,
        clean: Callable[[str], str],
    ) -> Self:
        """Start the process and shake hands. Raises AppFault; then no process is left.

        `clean` takes secrets out of text that goes to the worker's log. Raises AppNotStarted.
        """
        own = {"ANYJOB_PROTOCOL": str(PROTOCOLS[0]), "ANYJOB_JOB_TYPE": definition.job_type}
        try:
            process = subprocess.Popen(  # noqa: ASYNC220 - it returns at the exec; asyncio's waits for more than the end
                definition.command,
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=subprocess.PIPE,
                cwd=definition.folder,
                env={**environment, **own},
                start_new_session=True,
            )
        except OSError as error:
            missing = isinstance(error, FileNotFoundError)
            why = f"{definition.command[0]}: {error.strerror or error}"
            raise AppNotStarted(definition.who, why, missing=missing) from None
        made = cls(definition, process, clean)
        connected = asyncio.ensure_future(made._connect(told))
        try:
            await asyncio.shield(connected)
            await made._link.greet(welcome)
        except AppFault:
            raise await made._fault() from None
        except BaseException:  # a verb may be cancelled at any await
            await connected
            await made.kill()
            raise
        return made

    async def _connect(self, told: Told) -> None:
        process = self._process
        assert process.stdin is not None
        assert process.stdout is not None
        assert process.stderr is not None
        out, err = asyncio.StreamReader(), asyncio.StreamReader()
        connect = self._loop.connect_read_pipe
        self._out, _ = await connect(lambda: asyncio.StreamReaderProtocol(out), process.stdout)
        self._err, _ = await connect(lambda: asyncio.StreamReaderProtocol(err), process.stderr)
        writer, _ = await self._loop.connect_write_pipe(asyncio.BaseProtocol, process.stdin)
        self._link = Link(self.definition.who, out, writer, told, self.definition.patience.answer)
        self._listening = self._loop.create_task(self._listen(err))
        self._watching = self._loop.create_task(self._to_the_end())

    async def ask(self, kind: str, body: Mapping[str, Any] | None = None) -> Body:
        """Send a request and wait for its answer. Raises what Link.ask raises, AppEnded with the exit status."""
        try:
            return await self._link.ask(kind, body)
        except AppFault:
            raise await self._fault() from None

    async def close(self) -> None:
        """End its input; after the grace, kill it. Its runs go on."""
        self._link.close()
        await asyncio.wait({self._exited}, timeout=self.definition.patience.grace)
        await self.kill()

    async def kill(self) -> None:
        """End it now."""
        self._kill_group()
        await asyncio.shield(self._watching)

    async def _fault(self) -> AppFault:
        """Why it ended, with what is known once the process is gone."""
        return await asyncio.shield(self.over)

    def _exit_seen(self) -> None:
        # Before it is reaped, so that its process group cannot be somebody else's yet.
        self._kill_group()
        self._loop.remove_reader(self._pidfd)
        os.close(self._pidfd)
        self._process.wait()
        self._exited.set_result(None)

    def _kill_group(self) -> None:
        if not self._exited.done():
            with contextlib.suppress(ProcessLookupError):
                os.killpg(self._process.pid, signal.SIGKILL)

    async def _to_the_end(self) -> None:
        link = self._link
        await asyncio.wait({self._exited, link.over}, return_when=asyncio.FIRST_COMPLETED)
        if self._exited.done():
            await asyncio.wait({link.over}, timeout=_DRAIN)
        elif isinstance(link.over.result(), AppEnded):
            # An orderly end closes the stream a moment before the process is over.
            await asyncio.wait({self._exited}, timeout=_DRAIN)
        fault = link.over.result() if link.over.done() else None
        by_itself = self._exited.done()
        self._kill_group()
        await self._exited
        await asyncio.wait({self._listening}, timeout=_DRAIN)
        self._listening.cancel()
        if fault is None or (isinstance(fault, AppEnded) and by_itself):
            fault = AppEnded(self.definition.who, _how(self._process.returncode), " / ".join(self._words))
        await link.drop()
        self._out.close()
        self._err.close()
        for pipe in (self._process.stdin, self._process.stdout, self._process.stderr):
            if pipe is not None:
                pipe.close()  # the transports would do so in the loop's next turn, which need not come
        self.over.set_result(fault)

    async def _listen(self, stderr: asyncio.StreamReader) -> None:
        """Standard error to the worker's log: bounded, and nothing that a terminal would act on."""
        rest = b""
        while data := await stderr.read(4096):
            *lines, rest = (rest + data).split(b"\n")
            if len(rest) > _LINE:
                lines, rest = [*lines, rest], b""
            for line in lines:
                self._note(line)
        self._note(rest)

    def _note(self, line: bytes) -> None:
        text = plain(self._clean(line.decode(errors="replace").strip()))
        if not text:
            return
        text = text if len(text) <= _LINE else f"{text[: _LINE - 3]}..."
        self._words.append(text)
        shown, left = self._burst.take()
        if left:
            _log.info("%s: %d further lines were left out", self.definition.job_type, left)
        if shown:
            _log.info("%s: %s", self.definition.job_type, text)


def _how(code: int) -> str:
    return f"was ended by signal {-code}" if code < 0 else f"ended by itself with exit code {code}"
