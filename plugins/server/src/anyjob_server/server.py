"""The server of one process: store, plugin host, worker and engine, put together."""

from __future__ import annotations

from contextlib import AsyncExitStack
from datetime import tzinfo
from pathlib import Path
from types import TracebackType
from typing import Self

from anyjob.errors import BadSettings
from anyjob.plugins import PluginHost
from anyjob.problem import Problem
from anyjob.settings import Settings
from anyjob.worker.instance import Instances
from anyjob.worker.worker import Worker
from anyjob_server.api.app import Api, Message, Receive, Send
from anyjob_server.api.dispatcher import Dispatcher
from anyjob_server.api.gateway import Gateway
from anyjob_server.engine.clock import SYSTEM, Clock
from anyjob_server.engine.engine import Engine
from anyjob_server.engine.hold import HOLD_FILE, Hold
from anyjob_server.engine.recovery import claim, refuse_older
from anyjob_server.keys import Keys
from anyjob_server.settings import ServerSettings
from anyjob_server.store import groups, instances
from anyjob_server.store.store import Store
from anyjob_server.trust.groupusers import GroupUsers
from anyjob_server.trust.guard import Guard
from anyjob_server.trust.passage import closed_above

__all__ = ["WORKER_FOLDER", "Server"]

WORKER_FOLDER = "worker"
"""The worker's part of the state folder."""


class Server:
    """`async with Server(host, settings, state) as server: ...`

    Leaving the block fires nothing more and leaves what runs to the next start. Raises, on entering, StoreUnusable,
    StoreInUse, StoreNewer, StateInUse, StateUnusable, OtherDatabase,
    DatabaseOlder, BadSettings.
    """

    store: Store
    worker: Worker
    instances: Instances
    engine: Engine
    hold: Hold
    keys: Keys
    guard: Guard

    def __init__(self, host: PluginHost, settings: Settings, state: Path, clock: Clock = SYSTEM) -> None:
        """`state`: the folder of database, key file and worker; one server at a time.

        Raises BadSettings, before anything is made.
        """
        self.host, self.settings, self.state = host, settings, state
        self.own = ServerSettings.of(settings)
        self._clock = clock
        self._open = AsyncExitStack()
        self._api: Api | None = None
        self.users = self._users()

    async def app(self, scope: Message, receive: Receive, send: Send) -> None:
        """The ASGI application. It answers while the block lasts."""
        assert self._api is not None
        await self._api(scope, receive, send)

    @property
    def zone(self) -> tzinfo:
        """Of the times in answers."""
        return self.own.zone

    async def __aenter__(self) -> Self:
        async with AsyncExitStack() as opening:
            await self._start(opening)
            self._open = opening.pop_all()
        return self

    async def _start(self, opening: AsyncExitStack) -> None:
        database = self.own.database
        self.state.mkdir(mode=0o700, parents=True, exist_ok=True)
        url = None if database is None else database.get_secret_value()
        self.store = Store.open(url, self.state, floor=self.own.free_disk or 0)
        opening.callback(self.store.close)
        self.keys = Keys(self.store)
        self.keys.load()
        folder = self.state / WORKER_FOLDER
        claim(folder, self.store.ident)
        refuse_older(folder, self.store.where, self.store.read_now(instances.next_id))
        settings = self.settings
        self.worker = Worker(self.host, folder, settings.worker, settings.secrets, settings.egress)
        self.worker.run_as = self.users
        self.instances = Instances(self.worker)
        await self.worker.start()
        opening.push_async_callback(self.worker.close)
        self.hold = Hold(self.state / HOLD_FILE, started=self.own.hold)
        calendars = self.own.made_calendars()
        self.engine = Engine(self.store, self.worker, self.instances, calendars, self.own, self._clock, self.hold)
        opening.push_async_callback(self.instances.close)
        opening.push_async_callback(self.engine.close)
        await self.engine.start()
        self.guard = Guard(self.host)
        self._api = Api(Gateway(self.keys), Dispatcher(self))

    def _users(self) -> GroupUsers:
        """As whom jobs run. Raises BadSettings for what this machine cannot keep."""

        def number_of(namespace: str, group_id: str) -> int | None:
            found = self.store.read_now(lambda c: groups.get(c, namespace, group_id))
            return None if found is None else found.id

        users = GroupUsers(self.own.users, number_of)
        problems = users.problems()
        if users.root and users.said("", "*") != "root" and (closed := closed_above(self.state)) is not None:
            remedy = (
                f"lies below {closed}, through which the users of app groups cannot pass; name a folder elsewhere"
                ' (/var/lib/anyjob/server), open it (chmod o+x), or write "*" = "root" under [server.users]'
            )
            problems.append(Problem(field="--state", value=str(self.state), remedy=remedy))
        if problems:
            raise BadSettings(self.settings.source, problems)
        return users

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None
    ) -> None:
        await self._open.aclose()
