"""One application: a process in which code of a job type runs, over all of its connections."""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Callable, Mapping
from typing import Any, Final

from anyjob.executor.base import Stage
from anyjob.executor.services import SeenApp
from anyjob.outcome import Cause, Evidence, Json, Outcome, StopReport, Strength, unknown
from anyjob.run import Run
from anyjob.worker.apps.appbook import KnownApp
from anyjob.worker.apps.codec import Body, read
from anyjob.worker.apps.faults import AnswerRefused, AnswerUnsupported, AppAway, AppEnded, AppFault, AppWorn, brief
from anyjob.worker.apps.followed import Followed, FollowedRuns, capped_stop
from anyjob.worker.apps.keeper import Keeper
from anyjob.worker.apps.link import Link
from anyjob.worker.apps.messages import HeldAnswer, Hello, Names, StopAnswer
from anyjob.worker.apps.news import News
from anyjob.worker.apps.outofsight import how_lost, out_of_sight

__all__ = ["Application"]

SOURCES: Final = ("app",)
_TRIES: Final = 5
"""Faults in a row after which its runs are not asked for any more."""
_SETTLED: Final = 60.0
"""Seconds after which a connection counts as well: a fault after that begins the row anew."""
_AFTER_WATCH: Final = frozenset({"log", "result"})
_log = logging.getLogger(__name__)


class Application:
    """`link` is its connection, None while it has none. `given` are the runs that it may hold.

    When it is lost it has `reconnect` seconds to come back; then its runs are over, as far as anybody can know, and
    `gone` is set. What the process of a resident was seen to do comes before that (`over`).
    """

    def __init__(self, keeper: Keeper, known: KnownApp) -> None:
        self.known = known
        self._keeper = keeper
        self.software = self.address = ""
        self.names = frozenset(known.names)
        self.details: Mapping[str, Json] = {}
        self.since = 0.0
        self._faults = 0
        self.credential = ""
        """The digest of the token with which it came last."""
        self.asked = 0
        """When it was given a run last, as a count of all."""
        self.link: Link | None = None
        self.gone = False
        self.dismissed = ""
        """Why this worker itself ended its last connection; empty: it did not."""
        self._newer: frozenset[str] | None = None
        """The runs of a new process of the same name that came while this one was awaited."""
        self._first = True
        self.given = {run for run, entry in keeper.book.given.items() if entry.app == known.key}
        self._followed = FollowedRuns(SOURCES)
        self._stages: dict[str, Stage] = {}
        self._news = News()
        self._tasks: set[asyncio.Task[None]] = set()
        self._loop = asyncio.get_running_loop()
        self._timer: asyncio.TimerHandle | None = None
        self._wait_for_it()

    @property
    def key(self) -> str:
        """What tells it from all others, the same over reconnects."""
        return self.known.key

    @property
    def who(self) -> str:
        """As messages name it."""
        if self.known.resident:
            return f"The shared process {self.known.resident}"
        return f"Application {self.known.name or self.key!r} of app group {self.known.group!r}"

    @property
    def _brief(self) -> str:
        return self.who[0].lower() + self.who[1:]

    @property
    def busy(self) -> bool:
        """Whether a run goes on in it. It may hold others, until it has heard that they are over."""
        return any(not followed.outcome.done() for followed in self._followed.runs.values())

    @property
    def seen(self) -> SeenApp:
        """It as executors are shown it, at this moment."""
        known = self.known
        return SeenApp(
            id=known.key,
            name=known.name,
            group=known.group,
            software=self.software,
            names=sorted(self.names),
            details=self.details,
            address=self.address,
            connected=self.link is not None,
            since=self.since,
            runs=len(self.given),
            resident=bool(known.resident),
        )

    # ---------------------------------------------------------------- its connections

    def attach(self, link: Link, hello: Hello, address: str) -> None:
        """It has dialled in. The newest connection is the one that counts."""
        older, self.link = self.link, link
        if older is not None:
            text = f"{self.who}: its connection from {address} takes the place of the one from {self.address}"
            self._keeper.note(text)
        elif self.since:
            self._keeper.note(f"{self.who} is back, from {address}")
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        self.dismissed, self._newer = "", None
        self.software, self.address, self.since = hello.software, address, time.time()
        self.known.name = hello.app
        self._serves(hello.names, hello.details)
        link.who = self.who
        if older is None and self._first:
            self._first = False
            self._keeper.note(f"{self.who} is connected, from {address}, and serves {len(self.names)} names")
        link.over.add_done_callback(lambda over: self._parted(link, over.result()))
        self._spawn(self._take_up(link, older))

    def _serves(self, names: list[str], details: Mapping[str, Json]) -> None:
        known = self.known
        self.known = KnownApp(
            key=known.key,
            job_type=known.job_type,
            group=known.group,
            resident=known.resident,
            name=known.name,
            names=tuple(names),
        )
        self.names, self.details = frozenset(names), details
        try:
            self._keeper.book.came(self.known)
        except OSError as error:  # it serves all the same; only the next worker would not wait for it
            _log.warning("%s: the worker's ledger cannot be written: %s", self.who, error)

    async def _take_up(self, link: Link, older: Link | None) -> None:
        """Go on with what it holds: what this worker waits for is told again, what is over is let go."""
        if older is not None:
            await older.drop()
        for run in sorted(self.given):
            if self.link is not link:
                return
            followed = self._followed.runs.get(run)
            if followed is not None and not followed.outcome.done():
                if followed.teller is not link:
                    await self._rewatch(followed, link)
            elif not self._keeper.going(run):
                await self._forget(run)
        self._news.tell()
        self._keeper.changed(self)

    def _parted(self, link: Link, fault: AppFault) -> None:
        if self.link is not link:
            return
        self.link = None
        self._keeper.note(str(fault))
        if time.time() - self.since > _SETTLED:
            self._faults = 0
        self._faults += not isinstance(fault, AppEnded)
        if self._faults < _TRIES or not self.busy:
            self._wait_for_it()
            self._keeper.changed(self)
            return
        worn = AppWorn(self.who, self._faults, fault)
        if not self._keeper.late(self, worn.said):
            self.over(lambda run: out_of_sight(run, self._brief, worn.brief))

    def _wait_for_it(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
        self._timer = self._loop.call_later(self._keeper.reconnect, self._give_up)

    def _give_up(self) -> None:
        if self._keeper.late(self, f"was not connected for {self._keeper.reconnect:g} s"):
            return
        self.over(lambda run: out_of_sight(run, self._brief, self._how_lost(run)))

    def _how_lost(self, run: Run) -> str:
        came = self._newer is not None and run.name not in self._newer
        return how_lost(self.who, self.dismissed, self._keeper.reconnect, self.known.name if came else None)

    def passed_by(self, newer: Application, runs: list[str]) -> None:
        """Another process came for the first time, perhaps this one started again. It proves nothing of this one."""
        mine, its = self.known, newer.known
        same = (mine.job_type, mine.group, mine.name) == (its.job_type, its.group, its.name)
        if self.link is None and same and self.names & newer.names and not mine.resident:
            self._newer = frozenset(runs)

    async def send_away(self, why: str) -> None:
        """End its connection; `why` goes on after "because"."""
        self.dismissed = why
        if self.link is not None:
            await self.link.drop()

    def over(self, outcome: Callable[[Run], Outcome]) -> None:
        """It will not come back: each of its runs that go on ends as `outcome` says."""
        self.gone = True
        if self._timer is not None:
            self._timer.cancel()
        for followed in list(self._followed.runs.values()):
            if not followed.outcome.done():
                followed.over(outcome(followed.run))
        self._news.tell()
        self._keeper.given_up(self, outcome)

    async def linked(self) -> Link:
        """Its connection, awaited as long as it may still come back. Raises AppAway."""
        while self.link is None:
            if self.gone:
                raise AppAway(self.who, "is not expected any more")
            await self._news.wait()
        return self.link

    async def close(self) -> None:
        """Let it go; its runs go on."""
        if self._timer is not None:
            self._timer.cancel()
        for task in self._tasks:
            task.cancel()
        link, self.link = self.link, None
        if link is not None:
            await link.part()

    # ---------------------------------------------------------------- what it says

    async def told(self, link: Link, kind: str, body: Body) -> Mapping[str, Any] | None:
        """A message that is no answer, over one of its connections."""
        if kind == "names":
            said = read(self.who, Names, body)
            self._serves(said.names, said.details)
            self._keeper.changed(self)
            return {}
        if kind in _AFTER_WATCH:
            followed = self._followed.runs.get(str(body.get("run")))
            if followed is not None and followed.teller is not link:
                return {}  # said before its `watch` came, which has it said again from the right byte
        return await self._followed.told(self.who, kind, body)

    # ---------------------------------------------------------------- what it is asked

    async def ask(self, kind: str, body: Mapping[str, Any]) -> Body:
        """A request over the connection that there is. Raises AppAway and what Link.ask raises."""
        if self.link is None:
            raise AppAway(self.who)
        return await self.link.ask(kind, body)

    async def start(self, run: Run, body: Mapping[str, Any]) -> None:
        """Give it a run: durably, then by `start`.

        Raises AnswerRefused or AnswerUnsupported when it was not begun, AppFault when nobody knows, OSError when it was
        not given. Raises AppAway.
        """
        link = self.link
        if link is None:
            if not self.given:
                self._keeper.emptied(self)
            raise AppAway(self.who)
        self._keeper.book.give(run.name, self.key)
        self.given.add(run.name)
        self._followed.follow(run, self.who).teller = link
        try:
            await link.ask("start", {"run": run.name, **body})
        except (AnswerRefused, AnswerUnsupported):
            self._taken_back(run.name)
            raise

    async def find(self, run: str) -> bool:
        """Whether it holds the run, asked as soon as it is connected.

        Raises AppAway when it does not come back, AnswerRefused and AnswerUnsupported.
        """
        while True:
            link = await self.linked()
            try:
                held = read(self.who, HeldAnswer, await link.ask("find", {"run": run}), "ok").held
            except AppFault:
                if self.link is link and not link.over.done():
                    raise
                await asyncio.sleep(0)  # lost meanwhile: its next connection is asked
                continue
            if not held:
                self._taken_back(run)
            return held

    async def watch(self, run: Run) -> Outcome:
        """The run's end, as the application says it."""
        followed = self._followed.follow(run, self.who)
        if self.gone and not followed.outcome.done():
            return out_of_sight(run, self._brief, f"{self.who} is not expected any more")
        link = self.link
        if followed.teller is None and link is not None:
            await self._rewatch(followed, link)
        outcome = await asyncio.shield(followed.outcome)
        if followed.retire or outcome.cause is Cause.OUT_OF_MEMORY:
            self._keeper.worn(self)
        return outcome

    async def ended(self, run: str, seconds: float) -> bool:
        """Whether the run is over, as it says it, within so many seconds."""
        until = self._loop.time() + seconds
        while (left := until - self._loop.time()) > 0:
            followed = self._followed.runs.get(run)
            if followed is not None:
                await asyncio.wait({followed.outcome}, timeout=left)
                return followed.outcome.done()
            if not self._keeper.going(run):
                return True
            await asyncio.sleep(0.02)  # nobody watches it yet
        return not self._keeper.going(run)

    async def _rewatch(self, followed: Followed, link: Link) -> None:
        run = followed.run
        stage = self._stages.get(run.name)  # one that comes from now on is said by itself
        cursors = {source: cursor for source in SOURCES if (cursor := run.log.cursor(source)) is not None}
        try:
            await link.ask("watch", {"run": run.name, "cursors": cursors}, lambda: self._tells(followed, link))
            if stage is not None:
                await link.ask("stop", {"run": run.name, "stage": stage.value})
        except (AnswerRefused, AnswerUnsupported) as no:
            if followed.teller is not link and not followed.outcome.done():
                followed.over(unknown("application", str(no)))
        except AppFault:
            pass  # the next connection is asked

    @staticmethod
    def _tells(followed: Followed, link: Link) -> None:
        followed.teller = link

    async def stop(self, run: Run, stage: Stage) -> StopReport:
        """Pass a stage of the ladder on, now or as soon as it is connected."""
        self._stages[run.name] = stage
        try:
            body = await self.ask("stop", {"run": run.name, "stage": stage.value})
            return capped_stop(read(self.who, StopAnswer, body, "ok").stop)
        except (AppFault, AnswerRefused, AnswerUnsupported) as fault:
            told = [Evidence(source="stop", text=brief(fault))]
            return StopReport(strength=Strength.ASKED, by=f"stop({stage.value}) had no answer", evidence=told)

    def clean(self, run: str) -> None:
        """The outcome is durable: it may forget the run. It is told so beside."""
        followed = self._followed.drop(run)
        stage = self._stages.pop(run, None)
        if run not in self.given:
            return
        told = followed is not None and followed.outcome.done()
        if self.link is None or not told:
            self._keeper.book.let_go(run, stop=stage is not None)
        if self.link is not None:
            self._spawn(self._forget(run))

    def forget(self, run: str) -> None:
        """It holds a run that nobody waits for."""
        self._spawn(self._forget(run))

    async def _forget(self, run: str) -> None:
        entry = self._keeper.book.given.get(run)
        try:
            if entry is not None and entry.let_go and entry.stop:
                await self.ask("stop", {"run": run, "stage": Stage.FORCE.value})
        except (AnswerRefused, AnswerUnsupported):
            pass  # it holds it no longer
        except AppFault:
            return
        try:
            await self.ask("clean", {"run": run})
        except AppFault:
            return  # its next connection is told
        except (AnswerRefused, AnswerUnsupported) as no:
            _log.info("%s", no)
        self._taken_back(run)

    def _taken_back(self, run: str) -> None:
        self.given.discard(run)
        self._followed.drop(run)
        try:
            self._keeper.book.take_back(run)
        except OSError as error:
            _log.warning("run %s: the worker's ledger cannot be written: %s", run, error)
        if not self.given:
            self._keeper.emptied(self)

    def _spawn(self, work: Any) -> None:
        task = self._loop.create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
