"""A worker for the length of one command."""

from __future__ import annotations

import asyncio
import os
import sys
import time
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, Final, NoReturn, Self

from anyjob.cli import status
from anyjob.cli.hosting import load_host
from anyjob.cli.report import instance_json, log_of
from anyjob.cli.said import cause_in_words, said_of_observer, summary
from anyjob.cli.screen import Screen
from anyjob.cli.stops import Stops
from anyjob.cli.streams import silence, write
from anyjob.errors import AnyJobError
from anyjob.modes import TaskPlan
from anyjob.outcome import Outcome
from anyjob.problem import plain
from anyjob.worker.instance import Firing, Instances, LiveInstance
from anyjob.worker.retry import retry_after
from anyjob.worker.worker import LiveRun, Worker

if TYPE_CHECKING:
    from anyjob.plugins import PluginHost
    from anyjob.settings import Settings

__all__ = ["Session", "Wanted", "leave", "load_host"]

_OWN_IDLE: Final = 1.0
"""Seconds that the shim of an own folder stays: commands in a loop must not gather shims."""
_TAIL: Final = 16 << 10
"""Bytes at the end of a log in which its last line is looked for."""
_SHOWN_LOGS: Final = 5
"""Log paths that a summary names; of more it names the folder."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Wanted:
    """What the caller wants to see. `json`: one object at the end in place of log and summary; `quiet`: neither."""

    json: bool = False
    quiet: bool = False


def leave(status: int) -> NoReturn:
    """End this process now, also when a call of an executor that ignored its stop still holds a thread."""
    for stream in (sys.stdout, sys.stderr):
        with suppress(OSError):
            stream.flush()
    os._exit(status)


class Session:
    """A worker on a state folder, and what it shows of its instances.

    Leaving the block leaves whatever is still going to a later worker on the folder.
    """

    def __init__(
        self, host: PluginHost, settings: Settings, folder: Path, wanted: Wanted, *, own: bool = False
    ) -> None:
        """`own`: nothing further will run in the folder, so its shim need not wait long for more."""
        self.folder, self._host, self._wanted = folder, host, wanted
        worker = settings.worker
        if own:
            worker = worker.model_copy(update={"shim_idle": min(_OWN_IDLE, worker.shim_idle)})
        self._worker = Worker(host, folder, worker, settings.secrets, settings.egress)
        # Most jobs need no application, and the address may be a lasting worker's.
        self._worker.listens_early = False
        self._own = own
        self.instances = Instances(self._worker)
        self.left: list[LiveInstance] = []
        """What an earlier worker left unfinished, or finished and did not show."""

    async def __aenter__(self) -> Self:
        self.stops = Stops()
        await self._worker.start()
        self.left = await self.instances.resume()
        known = {live.firing.instance for live in self.left}
        others = [run for run in self._worker.resumed if run.record.order.instance not in known]
        # The end of a run of no instance is for the program that submitted it.
        self.left += [_alone(run) for run in others if run.record.outcome is None]
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None
    ) -> None:
        await self.instances.close()
        if self._own and not any(run.record.outcome is None for run in self._worker.live.values()):
            await self._worker.apps.shared.dismiss()
        await self._worker.close()
        await self._let_observers_end()

    async def _let_observers_end(self) -> None:
        """An observer has a thread of its own, which would end with the command: in the middle of the run's end."""
        await asyncio.to_thread(self._host.close)
        for one in self._host.observers.report():
            if (one.failed or one.dropped or one.waiting) and not self._wanted.quiet:
                hangs = "; it is left there, and what it was not told is lost" if one.waiting else ""
                self._say([plain(f"observer {one.plugin!r}: {said_of_observer(one)}{hangs}")])

    async def see(self, live: LiveInstance) -> int:
        """Show an instance to its end and say how it ended. Returns the exit status that fits."""
        loop = asyncio.get_running_loop()
        drained = asyncio.Event()
        screen = Screen(
            lambda: _state(live),
            lambda: loop.call_soon_threadsafe(drained.set),
            logs=not (self._wanted.json or self._wanted.quiet),
            notes=not self._wanted.quiet,
        )
        screen.start()
        self.stops.then(lambda force: self._stop(live, screen, force=force))
        outcome = await self._follow(live, screen)
        stopped = self.stops.first
        self.stops.over()
        screen.close()
        await self._first(drained)
        if outcome is None:
            self._say(
                [f"job {live.firing.job.name!r} was left going; `anyjob resume --state {self.folder}` takes it over"]
            )
        else:
            self._end(live, outcome)
        if stopped is not None:
            return status.of_signal(stopped)
        return status.FAILED if outcome is None else status.of_outcome(outcome)

    # ---------------------------------------------------------------- while it is going

    async def _follow(self, live: LiveInstance, screen: Screen) -> Outcome | None:
        """Feed the screen until the end. None: the caller does not want to wait any more."""
        begun, over = 0, set[str]()
        ended = asyncio.ensure_future(live.outcome())
        while True:
            live.changed.clear()
            for note in self._worker.apps.notes():
                screen.note(note)
            for run in live.runs[begun:]:
                self._begin(live, run, screen)
            begun = len(live.runs)
            for run in live.runs:
                if run.record.outcome is not None and run.name not in over:
                    over.add(run.name)
                    screen.end(run.name)
                    self._tell_retry(live, run, run.record.outcome, screen)
            if ended.done():
                return ended.result()
            if self.stops.let_go.is_set():
                ended.cancel()
                return None
            await self._first(live.changed, ended)

    async def _first(self, event: asyncio.Event, *others: asyncio.Future[Outcome]) -> None:
        """Wait for one of them, or until the waiting is let go of."""
        waits = [asyncio.ensure_future(event.wait()), asyncio.ensure_future(self.stops.let_go.wait())]
        try:
            await asyncio.wait([*waits, *others], return_when=asyncio.FIRST_COMPLETED)
        finally:
            for wait in waits:
                wait.cancel()

    def _begin(self, live: LiveInstance, run: LiveRun, screen: Screen) -> None:
        order = run.record.order
        prefix = f"[{order.task}] " if len(live.plans) > 1 else ""
        screen.begin(run.name, log_of(run, self._runs), self._encoding(run), prefix)

    def _encoding(self, run: LiveRun) -> str:
        try:
            return self._host.dispatch(run.record.order.job, run.record.binding).common.encoding
        except AnyJobError:  # the job cannot run any more; its log can still be read
            return "utf-8"

    def _tell_retry(self, live: LiveInstance, run: LiveRun, outcome: Outcome, screen: Screen) -> None:
        order = run.record.order
        plan = next((plan for plan in live.plans if plan.task == order.task), None)
        if plan is None or live.stopping.is_set():
            return
        wait = retry_after(outcome, order.attempt, plan)
        if wait is not None:
            which = f" of task {order.task}" if len(live.plans) > 1 else ""
            tries = f"{order.attempt + 1} of {plan.attempts + 1}{which}"
            said = f"attempt {tries} {cause_in_words(outcome)}"
            if any(item.source == "preflight" for item in outcome.evidence):
                said = f"nothing was started (try {tries}), as it {cause_in_words(outcome)}"
            screen.note(f"{said}; the next begins in {wait:g} s")

    def _stop(self, live: LiveInstance, screen: Screen, *, force: bool) -> None:
        if self.instances.live.get(live.firing.instance) is live:
            self.instances.stop(live.firing.instance, force=force)
        else:
            live.stop(force=force)
        again = "a third signal leaves it going" if force else "a second signal forces it"
        screen.note(f"{'forcing' if force else 'stopping'} job {live.firing.job.name!r}; {again}")

    # ---------------------------------------------------------------- at the end

    @property
    def _runs(self) -> Path:
        return self._worker.folder.runs

    def _end(self, live: LiveInstance, outcome: Outcome) -> None:
        if self._wanted.json:
            import json

            lost = _put(json.dumps(instance_json(live, outcome, self._runs)) + "\n")
            if lost:
                cause = cause_in_words(outcome)
                self._say([f"standard output cannot be written ({lost}); job {live.firing.job.name!r} {cause}"])
        if not (self._wanted.json or self._wanted.quiet):
            started = min((run.record.started for run in live.runs if run.record.started), default=None)
            ended = max((run.record.ended for run in live.runs if run.record.ended), default=None)
            seconds = None if started is None or ended is None else max(0.0, ended - started)
            if self._in_a_line(live):
                write(sys.stderr, "\n")
            self._say(
                summary(
                    live.firing.job.name, outcome, seconds, list(self._logs(live)), logged=self._logged(live, outcome)
                )
            )
        if self.instances.live.get(live.firing.instance) is live:
            # Only now: a command that dies before leaves the instance to `resume`.
            self.instances.forget(live.firing.instance)

    def _in_a_line(self, live: LiveInstance) -> bool:
        """Whether our line would go on one of the job's: its bytes are piped as they are, to where ours go too."""
        if len(live.plans) != 1 or not live.runs or sys.stdout.isatty():
            return False
        try:
            with log_of(live.runs[-1], self._runs).open("rb") as log:
                log.seek(max(0, log.seek(0, os.SEEK_END) - 1))
                end = log.read()
            return end not in (b"", b"\n") and os.path.sameopenfile(sys.stdout.fileno(), sys.stderr.fileno())
        except (OSError, ValueError):  # no log, or a stream that is no file
            return False

    def _logged(self, live: LiveInstance, outcome: Outcome) -> bool:
        """Whether the log ends with the result. Of several tasks each has its own, and the whole has none to show."""
        if len(live.plans) != 1 or not live.runs:
            return True
        try:
            with log_of(live.runs[-1], self._runs).open("rb") as log:
                log.seek(max(0, log.seek(0, os.SEEK_END) - _TAIL))
                end = log.read()
        except FileNotFoundError:
            return False
        text = end.decode(self._encoding(live.runs[-1]), "replace").rstrip()
        return f"\n{text}".endswith(f"\n{outcome.result.strip()}")

    def _logs(self, live: LiveInstance) -> Iterator[Path]:
        logs = [log for run in live.runs if (log := log_of(run, self._runs)).exists()]
        if len(logs) <= _SHOWN_LOGS:
            yield from logs
        else:
            yield self._runs

    def _say(self, lines: Iterator[str] | list[str]) -> None:
        first, *rest = lines
        write(sys.stderr, "".join(f"{line}\n" for line in (f"anyjob: {first}", *rest)))


def _put(text: str) -> str:
    """Write to standard output; why it could not be, unless its reader has just gone away."""
    try:
        sys.stdout.write(text)
        sys.stdout.flush()
    except OSError as error:
        silence(sys.stdout.fileno())
        return "" if isinstance(error, BrokenPipeError) else error.strerror or str(error)
    return ""


def _state(live: LiveInstance) -> str:
    """The status line. Called in the screen's thread: it only reads."""
    runs = list(live.runs)
    going = [run for run in runs if run.record.outcome is None]
    begun = min((run.record.started for run in runs if run.record.started), default=None)
    words = [live.firing.job.name, "stopping" if live.stopping.is_set() else "running" if going else "waiting"]
    if begun is not None:
        words.append(f"{time.time() - begun:.0f} s")
    if len(live.plans) > 1:
        words.append(f"{len(live.done)} of {len(live.plans)} tasks over")
    elif going and (progress := going[-1].progress) is not None:
        words.append("{} of {}".format(*progress))
    return "  ".join(words)


def _alone(run: LiveRun) -> LiveInstance:
    """A run that belongs to no instance, as if it were one."""
    order = run.record.order
    firing = Firing(job=order.job, instance=order.instance, job_id=order.job_id, trigger=order.trigger)
    live = LiveInstance(firing, [TaskPlan(task=order.task, name=order.task_name, shard=order.shard)])
    live.runs.append(run)
    live.task = asyncio.get_running_loop().create_task(run.outcome())
    return live
