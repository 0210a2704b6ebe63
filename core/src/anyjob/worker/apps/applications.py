"""All applications of a worker: those that dial in, and those that it started itself."""

from __future__ import annotations

import asyncio
import logging
import shlex
from collections import OrderedDict
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, Final, Protocol

from anyjob.errors import AnyJobError
from anyjob.executor.services import SeenApp
from anyjob.outcome import Outcome
from anyjob.run import Run
from anyjob.worker.apps.appbook import AppBook, KnownApp
from anyjob.worker.apps.appcalls import AppCalls
from anyjob.worker.apps.application import Application
from anyjob.worker.apps.appsettings import AppsSettings
from anyjob.worker.apps.codec import Body
from anyjob.worker.apps.faults import APPLICATION, AppFault, AppRefused, WrongProtocol
from anyjob.worker.apps.keyfile import KEY_FILE, KeyFile
from anyjob.worker.apps.link import Link
from anyjob.worker.apps.listener import Listener
from anyjob.worker.apps.messages import Hello
from anyjob.worker.apps.news import News
from anyjob.worker.apps.outofsight import out_of_sight
from anyjob.worker.apps.refusals import Refusals
from anyjob.worker.apps.seenfile import SEEN_FILE, SeenFile
from anyjob.worker.apps.sharedapps import SharedApps, SharedHost
from anyjob.worker.apps.tokens import Tokens, digest

__all__ = ["AppHost", "Applications"]

_log = logging.getLogger(__name__)
_HELLO: Final = 10.0
"""Seconds until a connection must have said who it is."""
_ANSWER: Final = 30.0
"""Seconds until an answer is late."""
_MOST: Final = 1000
"""Applications that may be connected at one time."""
_LOOK: Final = 3.0
"""Seconds between two looks at whether keys have changed."""
_LINGER: Final = 1.0
"""Seconds in which somebody who was refused may read why."""


class AppHost(SharedHost, Protocol):
    """What the applications need of their worker."""

    @property
    def node(self) -> str:
        """The name of the node, which an application is told in the answer to its hello."""
        ...

    def going(self, run: str) -> bool:
        """Whether the run is this worker's, and not over."""
        ...

    async def serve_apps(self, job_type: str) -> str:
        """Make the executor of the type ready for applications. Returns the type's own name; raises AnyJobError."""
        ...


class Applications:
    """Implements `Keeper`. `by_key` are those that are connected, or may come back; `news` tells of every change."""

    def __init__(self, host: AppHost, settings: AppsSettings) -> None:
        self._host, self._settings = host, settings
        self.book = AppBook()
        self.by_key: dict[str, Application] = {}
        self.news = News()
        self.refusals = Refusals()
        self.asked = 0
        self._listener = Listener(self._visit)
        self._tokens = Tokens(settings.tokens)
        self._callbacks: dict[str, list[Callable[[SeenApp], None]]] = {}
        self._open = False
        self._file = SeenFile(self._seen)
        self._notes: list[str] = []
        self._looking: asyncio.Task[None] | None = None
        self.shared = SharedApps(host, settings.idle)
        self.shared.listen = self._listener.open
        self._fates: OrderedDict[str, Callable[[Run], Outcome]] = OrderedDict()

    @property
    def reconnect(self) -> float:
        return self._settings.reconnect

    @property
    def addresses(self) -> list[str]:
        """Where it listens now."""
        of_settings = set(self._settings.addresses)
        return [text for address, text in self._listener.bound().items() if address in of_settings]

    def of(self, job_type: str) -> AppCalls:
        """The applications of one type."""
        return AppCalls(self, job_type)

    # ---------------------------------------------------------------- life

    async def resume(self, folder: Path) -> None:
        """Those that an earlier worker knew are lost, from now on. `folder` is of the processes that runs share."""
        for known in list(self.book.apps.values()):
            self.by_key[known.key] = Application(self, known)
        await self.shared.resume(folder, {a.known.resident: a for a in self.by_key.values() if a.known.resident})

    async def open(self, folder: Path) -> None:
        """Listen for applications, where the settings say; once. `folder`: the worker's, with its keys."""
        if self._open or not self._settings.listen:
            return
        self._open = True
        await asyncio.to_thread(self._tokens.read, KeyFile(folder / KEY_FILE))
        self._file.open(folder / SEEN_FILE)
        for address in self._settings.addresses:
            await self._listener.open(address)
            if not address.local:
                note = f"listens on {address}, which other machines can reach; what is said there is not encrypted"
                self._notes.append(note)
                _log.warning("%s", note)
        self._looking = asyncio.get_running_loop().create_task(self._look())

    def notes(self) -> list[str]:
        """What an operator should know of where it listens; each is given once."""
        notes, self._notes = self._notes, []
        return notes

    async def _look(self) -> None:
        """Send those away whose key was revoked."""
        while True:
            await asyncio.sleep(_LOOK)
            if self._tokens.refresh():
                for app in list(self.by_key.values()):
                    if app.link is not None and not app.known.resident and not self._tokens.holds(app.credential):
                        _log.info("%s is sent away: its key was revoked", app.who)
                        await app.send_away("its key was revoked")

    async def close(self) -> None:
        """Let all go. They dial again; runs go on meanwhile."""
        self._file.close()
        if self._looking is not None:
            self._looking.cancel()
        await self.shared.close()
        for app in self.by_key.values():
            await app.close()
        await self._listener.close()
        self.shared.tidy()

    # ---------------------------------------------------------------- who dials in

    async def _visit(
        self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, address: str, known: Callable[[], None]
    ) -> None:
        app: Application | None = None

        async def told(kind: str, body: Body) -> Mapping[str, Any] | None:
            return None if app is None else await app.told(link, kind, body)

        async def admit(hello: Hello) -> Mapping[str, Any]:
            nonlocal app
            app = await self._admit(link.who, hello)
            return {"node": self._host.node, "group": app.known.group}

        link = Link(
            f"A connection from {address}",
            reader,
            writer.transport,
            told,
            _ANSWER,
            remedies=APPLICATION,
            stranger=True,
        )
        try:
            hello = await link.greet({}, admit, _HELLO)
            assert app is not None
            known()
            first = not app.since
            app.attach(link, hello, address)
            if first:
                for other in list(self.by_key.values()):
                    other.passed_by(app, hello.runs)
            self._unknown_runs(app, hello.runs)
            process = self.shared.named(app.known.resident)
            if process is not None:
                process.arrived(app)
                if not app.given:
                    self.emptied(app)
            await asyncio.wait({link.over})
        except (AppRefused, WrongProtocol) as no:
            self._listener.note(str(no))
            why = no.why if isinstance(no, AppRefused) else f"it {no.said}"
            self.refusals.add(
                self._tokens.group(link.hello.result().token) if link.hello.done() else None, address, why
            )
            await _until_read(reader, writer)
        finally:
            await link.drop()

    def _unknown_runs(self, app: Application, runs: list[str]) -> None:
        """Runs that it holds and that were never given to it here, as far as anybody here knows.

        A shared process has only this state folder's, which has forgotten them. A user's application may have them from
        another worker on the same address, which will ask for them: they are let alone.
        """
        unknown_ = [run for run in runs if run not in app.given]
        if unknown_ and app.known.resident:
            for run in unknown_:
                app.forget(run)
        elif unknown_:
            self.note(f"{app.who} holds {len(unknown_)} runs of another worker, such as {unknown_[0]}")

    async def _admit(self, who: str, hello: Hello) -> Application:
        if hello.role != "app":
            raise AppRefused(who, 'its role is not "app"', "Only applications dial in.")
        process = self.shared.of_token(hello.token)
        group = process.kept.group if process is not None else self._tokens.group(hello.token)
        if group is None:
            raise AppRefused(
                who, "its token is none of this worker's", "Give it the token of its app group as ANYJOB_APP_TOKEN."
            )
        if not hello.id:
            raise AppRefused(who, "it has no id", "Each process says a random one, the same at every dial.")
        try:
            job_type = await self._host.serve_apps(hello.job_type)
        except AnyJobError as error:
            raise AppRefused(who, str(error), "Correct job_type of its hello, or install what serves it.") from None
        resident = "" if process is None else process.kept.name
        if process is not None and process.kept.job_type != job_type:
            raise AppRefused(who, f"its token is for JobType {process.kept.job_type!r}", "Say that as job_type.")
        key = f"{job_type}/{resident or group}/{hello.id}"
        if process is not None and process.app is not None and process.app.key != key:
            raise AppRefused(who, "another process came with this token first", "It is for one process alone.")
        found = self.by_key.get(key)
        if found is None:
            if len(self.by_key) >= _MOST:
                raise AppRefused(who, f"{_MOST} applications are connected already", "Stop some of them.")
            made = KnownApp(key=key, job_type=job_type, group=group, resident=resident, name=hello.app, names=())
            found = self.by_key[key] = Application(self, made)
        found.credential = digest(hello.token)
        return found

    # ---------------------------------------------------------------- for applications and calls

    def going(self, run: str) -> bool:
        return self._host.going(run)

    def changed(self, app: Application) -> None:
        self.news.tell()
        self._file.changed()
        for callback in self._callbacks.get(app.known.job_type, ()):
            try:
                callback(app.seen)
            except Exception:  # noqa: BLE001 - a plugin's code may raise anything
                _log.exception("an executor failed while it was told of %s", app.who)

    def on_change(self, job_type: str, callback: Callable[[SeenApp], None]) -> None:
        """Call `callback` whenever an application of the type has come, went, or serves other names; what it raises is
        logged."""
        self._callbacks.setdefault(job_type, []).append(callback)

    def late(self, app: Application, why: str) -> bool:
        if self.shared.named(app.known.resident) is None:
            return False
        self.shared.lost(app.known.resident, why)
        return True

    def emptied(self, app: Application) -> None:
        self.shared.emptied(app.known.resident)

    def _seen(self) -> dict[str, list[SeenApp]]:
        types: dict[str, list[SeenApp]] = {}
        for app in self.by_key.values():
            types.setdefault(app.known.job_type, []).append(app.seen)
        return types

    def note(self, text: str) -> None:
        self._listener.note(text)

    def may_come(self, group: str) -> bool:
        """Whether an application of the group can dial in at all."""
        return bool(self._settings.listen) and group in self._tokens.groups

    def worn(self, app: Application) -> None:
        self.shared.retire(app.known.resident)

    def fate(self, app: str, run: Run) -> Outcome | None:
        """How a run ended whose application will not come back; None: it may."""
        if app in self.by_key:
            return None
        known = self._fates.get(app)
        if known is None:
            return out_of_sight(run, "its application", "its application is not expected any more")
        return known(run)

    def given_up(self, app: Application, fate: Callable[[Run], Outcome]) -> None:
        if self.by_key.get(app.key) is app:
            del self.by_key[app.key]
        self._fates[app.key] = fate
        while len(self._fates) > _MOST:
            self._fates.popitem(last=False)
        try:
            self.book.gone(app.key)
        except OSError as error:
            _log.warning("%s: the worker's ledger cannot be written: %s", app.who, error)
        self.changed(app)

    def group_of(self, group: str) -> str | None:
        """The app group in whose applications a job runs; None: it does not say, and there is not just one.

        A job that names none is from a file, of whoever runs the worker.
        """
        if group:
            return group
        groups = self._tokens.groups
        return groups[0] if len(groups) == 1 else None

    def no_group(self) -> str:
        """Why a job without an app group cannot run."""
        if not self._settings.listen:
            return f"the job runs in an application{self.why_none('')}"
        groups = ", ".join(self._tokens.groups)
        if not groups:
            return "no app group has a token here; make one: anyjob key create --app GROUP"
        return f"the job names no app group, and several have tokens here: {groups}; write GroupId"

    def why_none(self, group: str) -> str:
        """What keeps applications of the group away, as the end of a sentence; empty: nothing that is known here."""
        if not self._settings.listen:
            remedy = "set listen under [worker.apps], and give the application that address as ANYJOB_APP"
            return f", as this worker listens for none; {remedy}"
        if group in self._tokens.faults:
            return f"; {self._tokens.faults[group]}"
        if group not in self._tokens.groups:
            return f", as the group has no token here; make one: anyjob key create --app {shlex.quote(group)}"
        faults = [f"cannot listen on {address}: {why}" for address, why in self._listener.faults.items()]
        return f"; {'; '.join(faults)}" if faults else f"; the worker listens on {', '.join(self.addresses)}"


async def _until_read(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    """Closed at once, what was said last would be lost with what was not read."""
    try:
        async with asyncio.timeout(_LINGER):
            writer.write_eof()
            while await reader.read(1 << 16):
                pass
    except (OSError, TimeoutError, AppFault):
        pass
