"""One process that many runs share: started through the local launcher, so that it outlives the worker."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable
from dataclasses import replace
from typing import TYPE_CHECKING, Final

from anyjob.executor.base import Stage
from anyjob.executor.command import Command, Exit
from anyjob.executor.handle import Handle
from anyjob.executor.said import without_word
from anyjob.outcome import Cause, Evidence, Outcome, Retry, StopReport, Strength
from anyjob.run import Run
from anyjob.worker.apps.application import Application
from anyjob.worker.apps.sharedbook import KeptProcess

if TYPE_CHECKING:
    from anyjob.executor.launcher import Place
    from anyjob.worker.face import RunFace

__all__ = ["SharedApp"]

_log = logging.getLogger(__name__)
_LAST_WORDS: Final = 2.0
"""Seconds in which what a process said before its end is read."""
_LOG: Final = Evidence(source="log", text="what the run logged right before that may be missing")


class SharedApp:
    """The process, from its start to its end. `app` is it as an application, once it has dialled in.

    `forced` are the runs whose stop killed it; `killed`: why this worker ended it, empty: it did not.
    """

    def __init__(self, kept: KeptProcess, face: RunFace, place: Place, ended: Callable[[SharedApp], None]) -> None:
        self.kept, self._face, self._place, self._ended = kept, face, place, ended
        loop = asyncio.get_running_loop()
        self.ready: asyncio.Future[Application | Outcome] = loop.create_future()
        self.over: asyncio.Future[Exit] = loop.create_future()
        self.app: Application | None = None
        self.forced: set[str] = set()
        self.killed = ""
        self._handle: Handle | None = None
        self._tasks: set[asyncio.Task[None]] = set()
        self._idle: asyncio.TimerHandle | None = None

    @property
    def folder(self) -> str:
        """The path of its folder, with its log."""
        return self._face.folder_path

    @property
    def empty(self) -> bool:
        """Whether it holds no run."""
        return self.app is None or not self.app.given

    # ---------------------------------------------------------------- its beginning

    async def begin(self, command: Command) -> None:
        """Start it. Raises BadJob and what else the launcher's start raises; then there is none."""
        self._begun(await self._place.start(self._face, command))

    async def resume(self) -> bool:
        """Take up what an earlier worker started. False: it was never started."""
        found = await self._place.find(self._face)
        if found is not None:
            self._begun(found)
        return found is not None

    def _begun(self, got: Handle | Exit) -> None:
        if isinstance(got, Handle):
            self._handle = got
            self.spawn(self._watch(got))
            asyncio.get_running_loop().call_later(self.kept.wait, self._too_late)
        else:
            self.spawn(self._bury(got))

    def arrived(self, app: Application) -> None:
        """It has dialled in."""
        self.app = app
        if not self.ready.done():
            self.ready.set_result(app)

    def _too_late(self) -> None:
        if not self.ready.done() and not self.over.done():
            self.kill(f"it had not dialled in after {self.kept.wait:g} s")

    # ---------------------------------------------------------------- its end

    def rest(self, seconds: float, rested: Callable[[], None]) -> None:
        """It has no run. `rested` is called when it has had none for so long."""
        self.wake()
        self._idle = asyncio.get_running_loop().call_later(seconds, rested)

    def wake(self) -> None:
        """It has something to do."""
        if self._idle is not None:
            self._idle.cancel()
            self._idle = None

    def leave(self, why: str) -> None:
        """End it gently: it has no run."""
        self.wake()
        if not self.killed:
            self.killed = why
            self.spawn(self._leave())

    async def _leave(self) -> None:
        await self._stop(Stage.ASK)
        await asyncio.wait({self.over}, timeout=self._face.grace)
        if not self.over.done():
            await self._stop(Stage.FORCE)

    def kill(self, why: str) -> None:
        """End it now. `why` is the evidence of the runs that it takes along."""
        if not self.killed:
            self.killed = why
        self.spawn(self._kill())

    async def _kill(self) -> None:
        await self._stop(Stage.FORCE)

    async def force(self, run: Run) -> StopReport:
        """The run does not end otherwise: kill the process under it."""
        self.forced.add(run.name)
        return await self._stop(Stage.FORCE)

    async def _stop(self, stage: Stage) -> StopReport:
        if self._handle is None:
            return StopReport(strength=Strength.ASKED, by="the shared process has not begun")
        return await self._place.stop(self._face, self._handle, stage)

    async def _watch(self, handle: Handle) -> None:
        try:
            exit_ = await self._place.watch(self._face, handle)
        except Exception as error:  # noqa: BLE001 - whatever it is: its end can not be seen any more
            exit_ = Exit(code=None, cause=Cause.UNKNOWN, evidence=[Evidence(source="shim", text=str(error))])
        await self._bury(exit_)

    async def _bury(self, exit_: Exit) -> None:
        app = self.app
        if app is not None and app.link is not None:
            # What it said before its end counts; a process of its own may hold the connection open.
            link = app.link
            await asyncio.wait({link.over}, timeout=_LAST_WORDS)
            await link.drop()
        self.wake()
        self.over.set_result(exit_)
        if not self.ready.done():
            self.ready.set_result(self._never_ready(exit_))
        if app is not None:
            app.over(lambda run: self._fate(run, exit_))
        self._ended(self)
        try:
            await self._place.clean(self._face, self._handle)
        except Exception as error:  # noqa: BLE001 - it is over; tidying up must not change that
            _log.warning("%s: cleaning up failed: %s", self.kept.name, error)

    def _never_ready(self, exit_: Exit) -> Outcome:
        outcome = without_word(exit_)
        cause = Cause.START_FAILED if outcome.cause in (Cause.FAILED, Cause.EXIT_CODE) else outcome.cause
        seen = exit_.code is not None or exit_.signal is not None
        text = self.killed or ("it ended before it had dialled in" if seen else "it was not seen to come up")
        said = [Evidence(source="shared process", text=f"{self.kept.name}: {text}"), *self._words(exit_)]
        last = f"; the last line of its log: {exit_.last_line[:500]}" if exit_.last_line else ""
        result = f"the shared process {self.kept.name} did not come up: {text}{last}"
        return replace(outcome, cause=cause, result=result, evidence=[*outcome.evidence, *said])

    def _fate(self, run: Run, exit_: Exit) -> Outcome:
        """How a run ended that was going on in it. What ended the process is known, who is to blame often not."""
        name, others = self.kept.name, self.forced - {run.name}
        plain = replace(without_word(exit_), result="", outputs={}, ended=None)
        if run.name in self.forced or (run.stopping and self.forced):
            text = f"its process {name} was killed, because it did not end otherwise"
            return self._told(plain, Cause.STOPPED, text, exit_)
        if self.forced:
            text = f"the stop of run {', '.join(sorted(others))} killed the process {name}, which this run shared"
            return replace(self._told(plain, Cause.EVICTED, text, exit_), retry=Retry(again=True))
        if self.killed:
            return self._told(plain, Cause.EVICTED, f"the shared process {name} was killed: {self.killed}", exit_)
        many = 0 if self.app is None else len(self.app.given)
        shared = f", shared by {many} runs" if many > 1 else ""
        return self._told(plain, plain.cause, f"its process was {name}{shared}", exit_)

    def _told(self, plain: Outcome, cause: Cause, text: str, exit_: Exit) -> Outcome:
        said = Evidence(source="shared process", text=text)
        code = plain.code if cause is plain.cause else None
        evidence = [said, *plain.evidence, _LOG, *self._words(exit_)]
        return replace(plain, cause=cause, code=code, evidence=evidence)

    def _words(self, exit_: Exit) -> list[Evidence]:
        """What it left behind to be read: files that its command returns, and the last line of its log."""
        left = [Evidence(source=name, text=str(path)) for name, path in sorted(exit_.returned.items())]
        if exit_.last_line:
            left.append(Evidence(source=self._face.log_path, text=f"its last line: {exit_.last_line[:500]}"))
        return left

    # ---------------------------------------------------------------- its worker

    def spawn(self, work: Awaitable[None]) -> None:
        """Let `work` go on beside, until it ends by itself."""
        task = asyncio.ensure_future(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def let_go(self) -> None:
        """The worker ends. The process goes on, and ends by itself when nothing is left to do."""
        self.wake()
        tasks = list(self._tasks)
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
