"""One conversation with a program, over any pair of streams: handshake, requests with their answers, and whatever the
program says by itself."""

from __future__ import annotations

import asyncio
import contextlib
import itertools
import logging
from collections.abc import Awaitable, Callable, Mapping
from typing import Any, Final

from anyjob.problem import Problem, short
from anyjob.worker.apps.codec import Body, decode, encode, read
from anyjob.worker.apps.faults import (
    PROGRAM,
    AnswerRefused,
    AnswerUnsupported,
    AppDeaf,
    AppEnded,
    AppFault,
    AppRefused,
    AppSilent,
    BadMessage,
    LineTooLong,
    Remedies,
    WrongProtocol,
)
from anyjob.worker.apps.frame import HELLO_LIMIT, LINE_LIMIT, LineOverflow, Lines
from anyjob.worker.apps.messages import PROTOCOLS, Hello, Refusal

__all__ = ["Admit", "Link", "Told"]

Told = Callable[[str, Body], Awaitable[Mapping[str, Any] | None]]
"""Called with each message that is no answer, one after the other. What it gives is the answer, if one is owed; None:
such a message is not known. It may raise AppFault, which ends the conversation, or AnswerRefused."""

Admit = Callable[[Hello], Awaitable[Mapping[str, Any]]]
"""What the `welcome` says beside the rest. It may raise AppRefused."""

_log = logging.getLogger(__name__)
_CHUNK: Final = 1 << 16
_UNREAD: Final = 2 * LINE_LIMIT
"""Bytes that may wait for a program which does not read."""
_LAST: Final = 10
"""No request waits longer than so many times the patience, however much else is answered."""
_ANSWERS: Final = frozenset({"ok", "error", "unsupported"})


class Link:
    """The worker's side. `over` gives the fault that ended it.

    `patience`: seconds in which the program must answer something while an answer is owed. A request that waits in a
    line of others is not late as long as they are answered. `stranger`: who speaks is not known before `hello` says so;
    until then little is read, and nothing of it is quoted.
    """

    def __init__(
        self,
        who: str,
        reader: asyncio.StreamReader,
        writer: asyncio.WriteTransport,
        told: Told,
        patience: float,
        *,
        remedies: Remedies = PROGRAM,
        stranger: bool = False,
    ) -> None:
        self.who, self.patience = who, patience
        self._reader, self._writer, self._told = reader, writer, told
        self._remedies, self._stranger = remedies, stranger
        self.leaving = False
        """It has said that it goes away and takes no more runs."""
        self._welcomed = asyncio.Event()
        self._loop = asyncio.get_running_loop()
        self.over: asyncio.Future[AppFault] = self._loop.create_future()
        self.hello: asyncio.Future[Hello] = self._loop.create_future()
        self._owed: dict[int, tuple[str, asyncio.Future[Body | Exception], Callable[[], None] | None]] = {}
        self._numbers = itertools.count(1)
        self._heard = self._answered = self._loop.time()
        self._tasks = [self._loop.create_task(self._read())]

    # ---------------------------------------------------------------- the worker speaks

    async def greet(
        self, welcome: Mapping[str, Any], admit: Admit | None = None, patience: float | None = None
    ) -> Hello:
        """Wait for the program's `hello`, at most `patience` seconds, and welcome it. Raises AppFault.

        Nothing that it says meanwhile is taken before it is welcome.
        """
        patience = self.patience if patience is None else patience
        await asyncio.wait({self.hello, self.over}, timeout=patience, return_when=asyncio.FIRST_COMPLETED)
        if self.over.done():
            raise self.over.result()
        if not self.hello.done():
            raise self._ended(AppSilent(self.who, "hello", patience, self._remedies.silent))
        hello = self.hello.result()
        common = [number for number in PROTOCOLS if number in hello.protocols]
        if not common:
            fault = WrongProtocol(self.who, hello.protocols, PROTOCOLS)
            self._send("refused", {"why": str(fault), "protocols": list(PROTOCOLS)})
            raise self._ended(fault)
        if admit is not None:
            try:
                welcome = {**welcome, **await admit(hello)}
            except AppRefused as no:
                self._send("refused", {"why": no.why, "protocols": list(PROTOCOLS)})
                raise self._ended(no) from None
        if self.over.done():
            raise self.over.result()
        self._send("welcome", {"protocol": common[0], "line": LINE_LIMIT, **welcome})
        self._welcomed.set()
        self._tasks.append(self._loop.create_task(self._ping()))
        return hello

    async def ask(
        self, kind: str, body: Mapping[str, Any] | None = None, then: Callable[[], None] | None = None
    ) -> Body:
        """Send a request and wait for its answer. `then` is called with its `ok`, before anything that was said later
        is taken.

        Raises AnswerRefused or AnswerUnsupported, which are answers too, and AppFault when there is none.
        """
        if self.over.done():
            raise self.over.result()
        number = next(self._numbers)
        answer: asyncio.Future[Body | Exception] = self._loop.create_future()
        self._owed[number] = kind, answer, then
        try:
            self._send(kind, {"id": number, **(body or {})})
            return await self._wait(kind, answer)
        finally:
            self._owed.pop(number, None)

    async def _wait(self, kind: str, answer: asyncio.Future[Body | Exception]) -> Body:
        asked = self._loop.time()
        while True:
            due = min(max(asked, self._answered) + self.patience, asked + _LAST * self.patience)
            left = due - self._loop.time()
            if left <= 0:
                raise self._ended(AppSilent(self.who, kind, self.patience, self._remedies.silent))
            await asyncio.wait({answer}, timeout=left)
            if answer.done():
                got = answer.result()
                if isinstance(got, Exception):
                    raise got
                return got

    def _send(self, kind: str, body: Mapping[str, Any]) -> None:
        """Nothing waits until the program has read it: it may be waiting for this very end to read."""
        line = encode(kind, body)
        if len(line) > LINE_LIMIT:
            said = (
                f"it takes a line of {len(line)} bytes, and at most {LINE_LIMIT} are sent; shorten what the job holds"
            )
            raise AnswerRefused(self.who, kind, said)
        waiting = self._writer.get_write_buffer_size()
        if waiting + len(line) > _UNREAD:
            raise self._ended(AppDeaf(self.who, waiting))
        self._writer.write(line)

    async def _ping(self) -> None:
        """Ask for a sign of life after a silence: a program that hangs must not look like one with a long job."""
        while not self.over.done():
            await asyncio.sleep(self.patience)
            if self._owed or self._loop.time() - self._heard < self.patience:
                continue
            with contextlib.suppress(AppFault, AnswerRefused, AnswerUnsupported):
                await self.ask("ping")

    # ---------------------------------------------------------------- the program speaks

    async def _read(self) -> None:
        lines = Lines(HELLO_LIMIT if self._stranger else LINE_LIMIT)
        try:
            while data := await self._reader.read(_CHUNK):
                self._heard = self._loop.time()
                for line in lines.feed(data):
                    if line.strip():
                        await self._take(*decode(self.who, line, self._remedies.line, quote=self._quoted))
                        lines.limit = LINE_LIMIT
            self._ended(AppEnded(self.who, self._remedies.ended, remedy=self._remedies.closed))
        except LineOverflow as over:
            if not self._quoted:
                why = f"hello is longer than {over.limit} bytes; announce more by `names`"
                self._send("refused", {"why": why, "protocols": list(PROTOCOLS)})
            self._ended(LineTooLong(self.who, over.limit, self._remedies.long))
        except AppFault as fault:
            self._ended(fault)
        except OSError as error:
            self._ended(AppEnded(self.who, f"cannot be heard any more: {error}", remedy=self._remedies.closed))
        except Exception as error:  # noqa: BLE001 - a defect here must not leave requests without an answer
            _log.exception("%s: a message could not be taken", self.who)
            self._ended(AppEnded(self.who, f"was let go, because a message could not be taken: {error!r}"))

    async def _take(self, kind: str, body: Body) -> None:
        if not self.hello.done():
            if kind != "hello":
                problem = Problem(field="type", value=kind, remedy="is not the first message; begin with hello")
                raise BadMessage(self.who, kind, problem)
            self.hello.set_result(self._hello(body))
            await self._welcomed.wait()
        elif kind in _ANSWERS:
            self._settle(kind, body)
        else:
            await self._reply(kind, body)

    def _hello(self, body: Body) -> Hello:
        if self._stranger and isinstance(name := body.get("app"), str) and name:
            self.who = f"{self.who}, which calls itself {short(name, 60)!r},"
        try:
            return read(self.who, Hello, body, quote=self._quoted)
        except BadMessage as bad:
            self._send("refused", {"why": f"hello: {bad.problem}", "protocols": list(PROTOCOLS)})
            raise AppRefused(self.who, f"hello: {bad.problem}", "The protocol page has each message.") from None

    @property
    def _quoted(self) -> bool:
        return not self._stranger or self._welcomed.is_set()

    def _settle(self, kind: str, body: Body) -> None:
        """An answer. One that nobody waits for any more is not news."""
        number = body.get("re")
        if not isinstance(number, int):
            problem = Problem(field="re", value=str(number), remedy="is no number of a request; write its id")
            raise BadMessage(self.who, kind, problem)
        self._answered = self._loop.time()
        what, answer, then = self._owed.get(number, ("", None, None))
        if answer is None or answer.done():
            return
        if kind == "ok":
            if then is not None:
                then()
            answer.set_result(body)
        elif kind == "unsupported":
            answer.set_result(AnswerUnsupported(self.who, what))
        else:
            said = read(self.who, Refusal, body)
            problems = [Problem(field=p.field, value=p.value, remedy=p.remedy) for p in said.problems]
            answer.set_result(AnswerRefused(self.who, what, said.message, problems, ending=said.ending))

    async def _reply(self, kind: str, body: Body) -> None:
        number = body.get("id")
        said: Mapping[str, Any] | None
        try:
            said = {} if kind == "ping" else await self._told(kind, body)
        except AnswerRefused as no:
            if number is not None:
                self._send("error", {"re": number, "message": no.message})
            return
        if said is None:
            _log.debug("%s sent a %r, which this worker does not know", self.who, short(kind))
        if number is not None:
            self._send("unsupported" if said is None else "ok", {"re": number, **(said or {})})

    # ---------------------------------------------------------------- the end

    def _ended(self, fault: AppFault) -> AppFault:
        """Record the first fault; what follows from it is not news."""
        if not self.over.done():
            self.over.set_result(fault)
            for task in self._tasks:
                if task is not asyncio.current_task():
                    task.cancel()
            for _, answer, _ in self._owed.values():
                if not answer.done():
                    answer.set_result(fault)
        return self.over.result()

    def close(self) -> None:
        """Say no more: once it has read what was said, the program sees the end of its input."""
        self._writer.close()

    async def part(self) -> None:
        """Say that this worker ends; say and hear no more."""
        if self._welcomed.is_set() and not self.over.done():
            with contextlib.suppress(AppFault):
                self._send("bye", {})
        await self.drop()

    async def drop(self) -> None:
        """Say and hear no more."""
        self._ended(AppEnded(self.who, "was let go"))
        await asyncio.gather(*self._tasks, return_exceptions=True)
        if self._writer.get_write_buffer_size() or not self._writer.is_closing():
            self._writer.abort()
