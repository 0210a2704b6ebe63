"""docs/night.md, the server does not start: each line of the table is what a start really says."""

from __future__ import annotations

import asyncio
import os
import re
import shutil
import socket
import sqlite3
import subprocess
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path

import pytest
from tests.docs.operator.pages import DOCS
from tests.plugins.server.store.place import Place

from anyjob.errors import AnyJobError
from anyjob.plugins import PluginHost
from anyjob.settings import Found, read_settings
from anyjob_server.address import read_address
from anyjob_server.server import Server
from anyjob_server.serving import Serving
from anyjob_server.settings import ServerSettings

SECTION = (DOCS / "night.md").read_text().partition("## The server does not start\n")[2].partition("\n## ")[0]
SAID = re.findall(r"^\| `(.*?)`", SECTION, re.MULTILINE)


class Start:
    """A state folder that a server has used, and settings with which the next one starts."""

    def __init__(self, folder: Path) -> None:
        self.state, self.file = folder / "state", folder / "anyjob.toml"
        self.lines = ["[server]", 'listen = "127.0.0.1:0"']
        if os.getuid() == 0:
            self.lines.append('users = {"*" = "root"}')

    def __call__(self) -> None:
        """Start it and end it. Raises what `anyjob serve` prints."""
        asyncio.run(self._once())

    async def _once(self) -> None:
        self.file.write_text("\n".join(self.lines) + "\n")
        settings = read_settings(Found(file=self.file, by="--config"))
        own = ServerSettings.of(settings)
        server = Server(PluginHost(), settings, self.state)
        async with Serving(server, read_address(own.listen, "server.listen"), environment={}):
            pass

    @property
    def database(self) -> Path:
        return self.state / "server.db"

    def ask(self, statement: str) -> None:
        with closing(sqlite3.connect(self.database)) as c, c:
            c.execute(statement)


@pytest.fixture
def start(tmp_path: Path) -> Start:
    made = Start(tmp_path)
    made()
    return made


def wrong_settings(start: Start) -> None:
    start.lines += ["history = 0", "[worker]", "shim_idel = 3"]


def taken_port(start: Start) -> Iterator[None]:
    with socket.create_server(("127.0.0.1", 0)) as held:
        start.lines[1] = f'listen = "127.0.0.1:{held.getsockname()[1]}"'
        yield


def open_to_all(start: Start) -> None:
    start.lines[1] = 'listen = "0.0.0.0:0"'


def database_held(start: Start) -> Iterator[None]:
    place = Place(start.state, None)
    place.open()
    yield
    place.close()


def others_folder(start: Start) -> None:
    os.chown(start.state, 65534, 65534)


def no_key(start: Start) -> None:
    (start.state / "server.key").unlink()


def open_key(start: Start) -> None:
    (start.state / "server.key").chmod(0o644)


def wrong_key(start: Start) -> None:
    (start.state / "server.key").write_text("QUFBQUFBQUFBQUFBQUFBQUFBQUFBQUFBQUFBQUFBQUE=\n")


def damaged_file(start: Start) -> None:
    with start.database.open("r+b") as stream:
        stream.write(b"garbage, as a disk gives it")


def damaged_ledger(start: Start) -> None:
    (start.state / "worker" / "worker.jsonl").write_bytes(b'{"m": "acc\x00\x00\x00\n{}\n')


def older_database(start: Start) -> None:
    (start.state / "worker" / "runs" / "aj-fffffffffffff-0-1").mkdir(parents=True)


def other_database(start: Start) -> None:
    for file in start.state.glob("server.db*"):
        file.unlink()


def later_version(start: Start) -> None:
    start.ask("UPDATE anyjob_version SET version_num = '9999'")


def no_postgres(start: Start) -> None:
    start.lines.append('database = "postgresql://anyjob@127.0.0.1:1/anyjob"')


MADE: dict[str, Callable[[Start], Iterator[None] | None]] = {
    "cannot be used:": wrong_settings,
    "is in use by another process": taken_port,
    "is reached by other machines": open_to_all,
    "is in use by process": database_held,
    "belongs to user": others_folder,
    "is missing, and the database holds secrets sealed with it": no_key,
    "can be read by others": open_key,
    "does not open what was sealed for": wrong_key,
    "the file is damaged": damaged_file,
    "is damaged in line": damaged_ledger,
    "is older than the worker's folder": older_database,
    "belongs to another database": other_database,
    "was written by a later version": later_version,
    "cannot be used: connection failed": no_postgres,
}


def test_the_table_is_whole() -> None:
    assert list(MADE) == SAID


@pytest.mark.parametrize(
    "said", [pytest.param(one, marks=pytest.mark.needs("root") if one == "belongs to user" else ()) for one in SAID]
)
def test_a_start_says_so_and_begins_nothing(start: Start, said: str) -> None:
    made = MADE[said](start)
    if made is not None:
        next(made)
    with pytest.raises(AnyJobError) as caught:
        start()
    assert said in str(caught.value)
    if made is not None:
        assert next(made, "over") == "over"
    assert not (start.state / "server.json").exists()


def test_a_key_that_is_lost_for_good(start: Start) -> None:
    """The way that the table tells."""
    no_key(start)
    start.ask("DELETE FROM access_keys")
    start.ask("DELETE FROM meta WHERE name = 'sealed'")
    start()
    with closing(sqlite3.connect(start.database)) as c:
        assert c.execute("SELECT label FROM access_keys").fetchall() == [("the first key",)]


def test_a_ledger_that_is_damaged_goes_as_it_says(start: Start) -> None:
    damaged_ledger(start)
    with pytest.raises(AnyJobError) as caught:
        start()
    (command,) = re.findall(r"\((mv .*?)\)", str(caught.value))
    subprocess.run(["bash", "-c", command], check=True)
    start()
    shutil.rmtree(start.state)
