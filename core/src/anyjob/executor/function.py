"""Executors that are a plain function."""

from __future__ import annotations

import asyncio
import inspect
import traceback
from abc import abstractmethod
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from functools import cached_property
from typing import TYPE_CHECKING, NamedTuple

from anyjob.errors import PasteRefused, SecretMissing
from anyjob.executor.base import Executor, S, Stage
from anyjob.executor.given import outcome_flaw
from anyjob.executor.handle import Handle, Scope
from anyjob.job import BadJob
from anyjob.outcome import Cause, Evidence, Outcome, StopReport, Strength, unknown

if TYPE_CHECKING:
    from anyjob.run import CallRun, Run, RunFacts

__all__ = ["FunctionExecutor"]


class _Going(NamedTuple):
    """A call that was handed to the threads. `over` is its end on the loop; a watch that is cancelled leaves it.
    `first`: no earlier worker can have begun it."""

    pooled: Future[Outcome]
    over: asyncio.Future[Outcome]
    first: bool


class FunctionExecutor(Executor[S]):
    """An executor whose run is one call of a plain `def` in a thread.

        class GreetExecutor(FunctionExecutor[GreetSpec]):
            def call(self, run, spec):
                return Outcome(cause=Cause.SUCCEEDED, result=f"hello {spec.who}")

    A call dies with its worker; `resume` judges it in the next process. A call that ignores a stop keeps its thread.
    """

    threads: int = 64
    """Calls at once; further ones wait. Set in the class, or on the object before the first call; a thread is made
    when a call needs it."""

    @abstractmethod
    def call(self, run: CallRun, spec: S) -> Outcome:
        """Do the work, in a thread. Poll `run.stopping` or register `run.on_stop`. An exception ends the run as
        `failed`; a missing secret and text that may not be pasted, as `bad_config`."""

    def resume(self, run: CallRun, spec: S) -> Outcome | None:
        """Judge a call that a dead worker had begun, in a thread of the next one. None: call again, for calls that
        may be repeated."""
        del run, spec
        return unknown("worker", "the worker ended during the call; whether it took effect is not known")

    async def start(self, run: Run, spec: S) -> Handle | Outcome:
        self._begin(run, spec, self.call, first=True)
        return Handle(kind="call", scope=Scope.NODE, data={})

    async def watch(self, run: Run, spec: S, handle: Handle) -> Outcome:
        del handle
        calls = self._running
        if run.name not in calls:
            self._begin(run, spec, self._judge, first=False)
        try:
            return await asyncio.shield(calls[run.name].over)
        finally:
            if calls[run.name].over.done():
                del calls[run.name]

    async def stop(self, run: Run, spec: S, handle: Handle, stage: Stage) -> StopReport:
        del spec, handle, stage
        going = self._running.get(run.name)
        if going is not None and going.first and going.pooled.cancel():
            report = StopReport(strength=Strength.PROVEN, by="the call had not begun")
            if not going.over.done():
                going.over.set_result(Outcome(cause=Cause.STOPPED, stop=report))
            return report
        return StopReport(
            strength=Strength.ASKED, by="run.stopping", survivors=["the call has not returned; it keeps its thread"]
        )

    async def find(self, run: Run, spec: S) -> Handle | Outcome | None:
        del run, spec
        return Handle(kind="call", scope=Scope.NODE, data={})

    def going(self, run: RunFacts) -> asyncio.Future[Outcome] | None:
        """The end of the run's call, on the worker's loop, for a subclass that waits for it or asks whether there is
        one. None: this process has not begun it, or its outcome was taken. Not to be cancelled."""
        found = self._running.get(run.name)
        return None if found is None else found.over

    def _judge(self, run: CallRun, spec: S) -> Outcome:
        said = self.resume(run, spec)
        return self.call(run, spec) if said is None else said

    # Made on first use, so that a subclass may write its own `__init__`.
    @cached_property
    def _running(self) -> dict[str, _Going]:
        return {}

    @cached_property
    def _pool(self) -> ThreadPoolExecutor:
        return ThreadPoolExecutor(self.threads, thread_name_prefix=type(self).__name__)

    def _begin(self, run: Run, spec: S, do: Callable[[CallRun, S], Outcome], *, first: bool) -> None:
        def call(face: CallRun) -> Outcome:
            try:
                return _answered(do(face, spec))
            except (BadJob, PasteRefused, SecretMissing) as error:
                # The job asks for what it cannot have: another attempt can only fail the same way.
                evidence = [Evidence(source="call", text=str(error))]
                return Outcome(cause=Cause.BAD_CONFIG, result=str(error), evidence=evidence)
            except (Exception, SystemExit, asyncio.CancelledError) as error:  # noqa: BLE001 - so the run ended, and no worker
                text = "".join(traceback.format_exception(error))
                face.log.write(text.encode())
                return Outcome(
                    cause=Cause.FAILED,
                    result=f"{type(error).__name__}: {error}",
                    evidence=[Evidence(source="exception", text=text[-4000:])],
                )

        loop = asyncio.get_running_loop()
        over: asyncio.Future[Outcome] = loop.create_future()

        def told(pooled: Future[Outcome]) -> None:
            def tell() -> None:
                if over.done():
                    return
                error = pooled.exception()
                over.set_result(pooled.result()) if error is None else over.set_exception(error)

            if not pooled.cancelled():
                try:
                    loop.call_soon_threadsafe(tell)
                except RuntimeError:
                    pass  # the worker has let go; the next one judges the call

        pooled = self._pool.submit(call, run.blocking())
        self._running[run.name] = _Going(pooled, over, first)
        pooled.add_done_callback(told)

    async def close(self) -> None:
        if "_pool" in vars(self):
            self._pool.shutdown(wait=False, cancel_futures=True)


def _answered(got: object) -> Outcome:
    """What a call gave, else an end that nobody knows, which says what is to be mended."""
    if inspect.iscoroutine(got):
        got.close()
        return unknown("call", "call is an `async def`, so nothing was called; make it a plain def, it has a thread")
    if not isinstance(got, Outcome):
        return unknown("call", f"call gave a {type(got).__name__}, not an Outcome")
    flaw = outcome_flaw(got)
    return unknown("call", f"call gave {flaw}") if flaw else got
