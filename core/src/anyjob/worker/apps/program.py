"""One process of an executable."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import os
import signal
from collections import deque
from collections.abc import Callable, Mapping
from typing import Any, Final, Self

from anyjob.problem import plain
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
_BURST: Final = 100
"""Lines of standard error that are logged in each ten seconds."""
_DRAIN: Final = 2.0
"""Seconds in which what a process wrote before its end is read, if processes of its own hold the stream open."""


class Program:
    """A process that runs, from its handshake to its end. `over` gives why it ended.

    It has a session of its own, the environment that it is given and no more, and the folder of its TOML file as its
    working folder. Its end does not touch the runs that it began.
    """

    def __init__(
        self, definition: Definition, process: asyncio.subprocess.Process, told: Told, clean: Callable[[str], str]
    ) -> None:
        """Use `begin`."""
        assert process.stdin is not None
        assert process.stdout is not None
        self.definition, self._process, self._clean = definition, process, clean
        self._loop = asyncio.get_running_loop()
        self.over: asyncio.Future[AppFault] = self._loop.create_future()
        self._words: deque[str] = deque(maxlen=_WORDS)
        self._shown, self._since = 0, self._loop.time()
        self._link = Link(definition.who, process.stdout, process.stdin, told, definition.patience.answer)
        self._stderr = self._loop.create_task(self._listen())
        self._watch = self._loop.create_task(self._to_the_end())

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

        `clean` takes secrets out of text that goes to the worker's log.
        """
        own = {"ANYJOB_PROTOCOL": str(PROTOCOLS[0]), "ANYJOB_JOB_TYPE": definition.job_type}
        try:
            process = await asyncio.create_subprocess_exec(
                *definition.command,
                stdin=asyncio.subprocess.PIPE,
                stdout=asyncio.subprocess.PIPE,
                stderr=asyncio.subprocess.PIPE,
                cwd=definition.folder,
                env={**environment, **own},
                start_new_session=True,
            )
        except OSError as error:
            missing = isinstance(error, FileNotFoundError)
            why = f"{definition.command[0]}: {error.strerror or error}"
            raise AppNotStarted(definition.who, why, missing=missing) from None
        made = cls(definition, process, told, clean)
        try:
            await made._link.greet(welcome)
        except AppFault as fault:
            raise await made._better(fault) from None
        except BaseException:
            await made.kill()
            raise
        return made

    async def ask(self, kind: str, body: Mapping[str, Any] | None = None) -> Body:
        """Send a request and wait for its answer. Raises what Link.ask raises, AppEnded with the exit status."""
        try:
            return await self._link.ask(kind, body)
        except AppFault as fault:
            raise await self._better(fault) from None

    async def close(self) -> None:
        """End its input; after the grace, kill it. Its runs go on."""
        await self._link.close()
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(self.definition.patience.grace):
                await self._process.wait()
        await self.kill()

    async def kill(self) -> None:
        """End it now, with whatever shares its process group."""
        if self._process.returncode is None:
            with contextlib.suppress(ProcessLookupError):
                os.killpg(self._process.pid, signal.SIGKILL)
        await asyncio.shield(self.over)
        await self._watch

    async def _better(self, fault: AppFault) -> AppFault:
        """The fault with what is known once the process is gone."""
        del fault
        return await asyncio.shield(self.over)

    async def _to_the_end(self) -> None:
        exited = self._loop.create_task(self._process.wait())
        await asyncio.wait({exited, self._link.over}, return_when=asyncio.FIRST_COMPLETED)
        if not self._link.over.done():
            await asyncio.wait({self._link.over}, timeout=_DRAIN)
        fault = self._link.over.result() if self._link.over.done() else None
        if fault is not None and not exited.done():
            # An orderly end closes the stream a moment before the process is over.
            await asyncio.wait({exited}, timeout=0.2 if isinstance(fault, AppEnded) else 0)
            if not exited.done():
                with contextlib.suppress(ProcessLookupError):
                    os.killpg(self._process.pid, signal.SIGKILL)
        await exited
        await asyncio.wait({self._stderr}, timeout=_DRAIN)
        self._stderr.cancel()
        if fault is None or isinstance(fault, AppEnded):
            how = _how(self._process.returncode)
            fault = AppEnded(self.definition.who, how, " / ".join(self._words))
        await self._link.drop()
        self._let_go()
        self.over.set_result(fault)

    def _let_go(self) -> None:
        """Close the ends of its streams: processes of its own may hold the others."""
        # asyncio closes them once all are at their end, which need not come; there is no public way to them.
        transport: asyncio.SubprocessTransport = getattr(self._process, "_transport")  # noqa: B009
        transport.close()

    async def _listen(self) -> None:
        """Standard error to the worker's log: bounded, and nothing that a terminal would act on."""
        assert self._process.stderr is not None
        rest = b""
        while data := await self._process.stderr.read(4096):
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
        now = self._loop.time()
        if now - self._since > 10:
            if self._shown > _BURST:
                _log.info("%s: %d further lines were left out", self.definition.job_type, self._shown - _BURST)
            self._shown, self._since = 0, now
        self._shown += 1
        if self._shown <= _BURST:
            _log.info("%s: %s", self.definition.job_type, text)


def _how(code: int | None) -> str:
    if code is None:
        return "closed its output"
    if code < 0:
        return f"was ended by signal {-code}"
    return f"ended by itself with exit code {code}"
