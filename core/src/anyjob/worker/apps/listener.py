"""Where applications dial in."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import os
import socket
import stat
from collections import OrderedDict
from collections.abc import Awaitable, Callable
from typing import Final

from anyjob.listenaddress import ListenAddress
from anyjob.problem import plain
from anyjob.worker.apps.burst import Burst
from anyjob.worker.apps.faults import AppFault

__all__ = ["STRANGERS", "Listener", "Visit"]

Visit = Callable[[asyncio.StreamReader, asyncio.StreamWriter, str, Callable[[], None]], Awaitable[None]]
"""A connection from its first byte to its end; the last argument is to be called once it is known who it is."""

_log = logging.getLogger(__name__)
STRANGERS: Final = 256
"""Connections of which nobody knows who it is; the oldest makes room. A hundred may come in one turn of the loop."""
_AGAIN: Final = 1.0
"""Seconds between tries to have an address that somebody else has."""


class Listener:
    """Listens on all of the addresses; one that cannot be had is tried again until it can."""

    def __init__(self, visit: Visit) -> None:
        self._visit = visit
        self._servers: dict[ListenAddress, asyncio.Server] = {}
        self._tries: list[asyncio.Task[None]] = []
        self._strangers: OrderedDict[asyncio.Task[None], None] = OrderedDict()
        self._visits: set[asyncio.Task[None]] = set()
        self._closed = False
        self._burst = Burst()
        self.faults: dict[ListenAddress, str] = {}
        """Why an address cannot be had."""

    async def open(self, address: ListenAddress, mode: int = 0o600) -> None:
        """Listen there, now or as soon as it can be had. `mode`: who may connect to a Unix socket."""
        if address in self._servers or address in self.faults:
            return
        try:
            await self._bind(address, mode)
        except OSError as error:
            self.faults[address] = _why(error)
            _log.warning("cannot listen on %s: %s", address, self.faults[address])
            self._tries.append(asyncio.get_running_loop().create_task(self._again(address, mode)))

    def bound(self) -> dict[ListenAddress, str]:
        """Where it listens now, as text; a port 0 is told as the port that it got."""
        return {address: _bound(address, server) for address, server in self._servers.items()}

    async def close(self) -> None:
        """Listen no longer, and end every connection."""
        self._closed = True
        for task in self._tries:
            task.cancel()
        loop = asyncio.get_running_loop()
        for listening in (one for server in self._servers.values() for one in server.sockets):
            loop.remove_reader(listening.fileno())
        for _ in range(4):
            # What was accepted in this very moment still comes, and is closed: a server that is closed loses it.
            await asyncio.sleep(0)
        for address, server in self._servers.items():
            server.close()
            if address.path:
                with contextlib.suppress(OSError):
                    os.unlink(address.path)
        self._servers.clear()
        visits = list(self._visits)
        for visit in visits:
            visit.cancel()
        await asyncio.gather(*self._tries, *visits, return_exceptions=True)
        await asyncio.sleep(0)  # in which their transports close

    async def _again(self, address: ListenAddress, mode: int) -> None:
        while True:
            await asyncio.sleep(_AGAIN)
            try:
                await self._bind(address, mode)
            except OSError as error:
                self.faults[address] = _why(error)
            else:
                del self.faults[address]
                return

    async def _bind(self, address: ListenAddress, mode: int) -> None:
        if address.path:
            await asyncio.to_thread(_clear, address.path)
            # Nobody may connect in the moment before its mode is set.
            before = os.umask(0o777)
            try:
                listening = socket.socket(socket.AF_UNIX)
                listening.bind(address.path)
            finally:
                os.umask(before)
            os.chmod(address.path, mode)
            server = await asyncio.start_unix_server(self._came, sock=listening)
        else:
            server = await asyncio.start_server(self._came, address.host, address.port)
        self._servers[address] = server

    def _came(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        if self._closed:
            return writer.transport.abort()
        task = asyncio.get_running_loop().create_task(self._live(reader, writer))
        self._visits.add(task)
        self._strangers[task] = None
        task.add_done_callback(lambda task: self._left(task, writer))
        while len(self._strangers) > STRANGERS:
            self._strangers.popitem(last=False)[0].cancel()
        return None

    def _left(self, task: asyncio.Task[None], writer: asyncio.StreamWriter) -> None:
        # Here and not in the task: one that is cancelled before its first step does nothing at all.
        self._strangers.pop(task, None)
        self._visits.discard(task)
        writer.transport.abort()

    async def _live(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        try:
            await self._visit(reader, writer, _from(writer), lambda: self._strangers.pop(task, None))
        except AppFault as fault:
            self.note(str(fault))
        except Exception:  # noqa: BLE001 - a defect here must not end the others
            _log.exception("a connection failed")

    def note(self, text: str) -> None:
        """Log what somebody did who could do it as often as he likes."""
        shown, left = self._burst.take()
        if left:
            _log.info("%d further lines about connections were left out", left)
        if shown:
            _log.info("%s", plain(text))


def _from(writer: asyncio.StreamWriter) -> str:
    peer = writer.get_extra_info("peername")
    if isinstance(peer, tuple):
        host, port = str(peer[0]), str(peer[1])  # pyright: ignore[reportUnknownArgumentType]
        return f"tcp:{f'[{host}]' if ':' in host else host}:{port}"
    return f"unix:{writer.get_extra_info('sockname')}"


def _bound(address: ListenAddress, server: asyncio.Server) -> str:
    if address.path or address.port:
        return str(address)
    return str(ListenAddress(host=address.host, port=server.sockets[0].getsockname()[1]))


def _clear(path: str) -> None:
    """Take away the socket of a process that is gone. Raises OSError for one that lives, or is no socket."""
    try:
        if not stat.S_ISSOCK(os.lstat(path).st_mode):
            raise FileExistsError(17, "something that is no socket is there")
    except FileNotFoundError:
        return
    with socket.socket(socket.AF_UNIX) as trial:
        trial.settimeout(1)
        try:
            trial.connect(path)
        except (ConnectionRefusedError, FileNotFoundError):
            with contextlib.suppress(FileNotFoundError):
                os.unlink(path)
            return
    raise FileExistsError(98, "another process listens there")


def _why(error: OSError) -> str:
    return error.strerror or str(error)
