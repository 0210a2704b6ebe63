"""How a store is opened: by one server at a time, from any older version, from no newer one."""

from __future__ import annotations

import asyncio
import os
import re
import stat
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Connection
from tests.plugins.server.store.place import Place, a_group, a_job

from anyjob_server.store import SealUnusable, Store, StoreInUse, StoreLost, StoreNewer, StoreUnusable, jobs, keys
from anyjob_server.store.migrate import alembic_config
from anyjob_server.store.sealing import Seal
from anyjob_server.store.tables import METADATA, VERSION_TABLE

HEAD = ScriptDirectory.from_config(alembic_config()).get_current_head()


def test_it_is_there_again(place: Place) -> None:
    store = place.open()

    async def run() -> int:
        group = await a_group(store)
        (job,) = await store.write(lambda c: jobs.insert(c, [a_job(group)]))
        return job

    job, ident = asyncio.run(run()), store.ident
    store.close()
    with pytest.raises(StoreLost, match="this server has closed it"):
        asyncio.run(store.write(lambda _: None))
    again = place.open()
    assert again.ident == ident
    found = again.read_now(lambda c: jobs.get(c, job))
    assert found is not None
    assert found.job.content == "echo hello"


def test_one_server_at_a_time(place: Place) -> None:
    store = place.open()
    with pytest.raises(StoreInUse, match=rf"pid {os.getpid()}|process {os.getpid()} on") as caught:
        place.open()
    assert "Stop that server" in str(caught.value)
    store.close()
    place.open()


def test_tables_are_as_the_code_says(place: Place) -> None:
    def differences(c: Connection) -> list[object]:
        return compare_metadata(MigrationContext.configure(c, opts={"version_table": VERSION_TABLE}), METADATA)

    assert place.open().read_now(differences) == []


def test_the_page_names_every_table() -> None:
    page = (Path(__file__).parents[4] / "plugins/server/docs/store.md").read_text().partition("## Tables")[2]
    rows = [line.split("|")[1] for line in page.splitlines() if line.startswith("| `")]
    assert set(re.findall(r"`(\w+)`", "".join(rows))) == {*METADATA.tables, VERSION_TABLE}


def test_a_later_version_is_not_touched(place: Place) -> None:
    place.open().close()
    place.ask(f"UPDATE {VERSION_TABLE} SET version_num = '9999'")
    with pytest.raises(StoreNewer, match="Install that version again, or restore the backup") as caught:
        place.open()
    assert (caught.value.revision, caught.value.known) == ("9999", HEAD)
    place.ask(f"UPDATE {VERSION_TABLE} SET version_num = '{HEAD}'")
    place.open()


def test_from_the_first_version(place: Place) -> None:
    """The database that the first version left, with a row in it, is upgraded and still says the same."""
    kind = "sqlite" if place.url is None else "postgresql"
    script = (Path(__file__).parent / f"first-{kind}.sql").read_text()
    place.state.mkdir()
    place.ask_all(script)
    Seal.make(place.state / "server.key")
    store = place.open()
    assert place.ask(f"SELECT version_num FROM {VERSION_TABLE}") == [(HEAD,)]
    assert store.ident == "the first"
    found = store.read_now(lambda c: jobs.get(c, 1))
    assert found is not None
    assert (found.name, found.job.content, found.next_fire) == ("job", "echo hello", 5)


def test_a_database_of_somebody_else(place: Place) -> None:
    place.state.mkdir()
    place.ask("CREATE TABLE jobs (x INTEGER)")
    with pytest.raises(StoreUnusable, match="jobs"):
        place.open()
    assert place.ask("SELECT * FROM jobs") == []
    with pytest.raises(Exception, match="meta"):
        place.ask("SELECT * FROM meta")


def test_files_are_their_users_alone(tmp_path: Path) -> None:
    old = os.umask(0)
    try:
        store = Store.open(None, tmp_path / "state")
    finally:
        os.umask(old)
    asyncio.run(a_group(store))
    modes = {path.name: stat.S_IMODE(path.stat().st_mode) for path in (tmp_path / "state").iterdir()}
    assert modes == dict.fromkeys(
        ["server.db", "server.db-wal", "server.db-shm", "server.db.lock", "server.key"], 0o600
    )
    store.close()


@pytest.mark.parametrize("url", ["", "mysql://u:hunter2@h/d", "sqlite://", "sqlite:///:memory:", "hunter2", "http://["])
def test_what_is_no_database(url: str, tmp_path: Path) -> None:
    with pytest.raises(StoreUnusable, match="write postgresql://USER@HOST/NAME, or sqlite:////PATH") as caught:
        Store.open(url, tmp_path)
    assert "hunter2" not in str(caught.value)


def test_no_server_there(tmp_path: Path) -> None:
    with pytest.raises(StoreUnusable, match="postgresql:///none/name cannot be used") as caught:
        Store.open("postgresql://u:hunter2@/name?host=/none", tmp_path)
    assert "hunter2" not in str(caught.value)
    (tmp_path / "file").touch()
    with pytest.raises(StoreUnusable, match="cannot be made"):
        Store.open(None, tmp_path / "file" / "state")
    (tmp_path / "server.db").write_bytes(b"no database" * 1000)
    with pytest.raises(StoreUnusable, match="not a database"):
        Store.open(None, tmp_path)


def test_the_key_file_is_the_databases_own(place: Place) -> None:
    store = place.open()
    row = keys.KeyRow(access_key_id="id", sealed_secret=store.seal.close("s3cret", "id"), created=1)
    asyncio.run(store.write(lambda c: keys.insert(c, row)))
    store.close()
    assert "s3cret" not in str(place.ask("SELECT * FROM access_keys"))
    file = place.state / "server.key"
    right = file.read_bytes()
    file.unlink()
    with pytest.raises(SealUnusable, match="is missing, and the database holds secrets sealed with it"):
        place.open()
    Seal.make(file)
    with pytest.raises(SealUnusable, match="belongs to another database"):
        place.open()
    file.write_bytes(right)
    store = place.open()
    (found,) = store.read_now(keys.every)
    assert store.seal.open(found.sealed_secret, "id") == "s3cret"
    with pytest.raises(SealUnusable, match="does not open what was sealed for 'other'"):
        store.seal.open(found.sealed_secret, "other")


def test_a_key_file_that_others_can_read(tmp_path: Path) -> None:
    file = tmp_path / "server.key"
    seal = Seal.make(file)
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    with pytest.raises(FileExistsError):
        Seal.make(file)
    assert Seal.read(file).open(seal.close("s", "o"), "o") == "s"
    assert seal.close("s", "o") != seal.close("s", "o")
    file.chmod(0o640)
    with pytest.raises(SealUnusable, match=r"can be read by others: its mode is 0640\. Run chmod 600"):
        Seal.read(file)
    file.chmod(0o600)
    file.write_text("short")
    with pytest.raises(SealUnusable, match="holds no key"):
        Seal.read(file)
    for wrong in ("", "1:", "1:****", "2:" + "A" * 60, seal.close("s", "o")[:-2] + "=="):
        with pytest.raises(SealUnusable):
            seal.open(wrong, "o")
    file.unlink()
    file.symlink_to("elsewhere")
    with pytest.raises(SealUnusable, match="cannot be read"):
        Seal.read(file)


def test_the_wheel_brings_the_migrations(tmp_path: Path) -> None:
    """What is installed elsewhere makes its tables from the package alone."""
    uv, source = Path(sys.executable).with_name("uv"), Path(__file__).parents[4] / "plugins/server"
    subprocess.run([uv, "build", "-q", "--wheel", "--out-dir", tmp_path, source], check=True)
    (wheel,) = tmp_path.glob("*.whl")
    with zipfile.ZipFile(wheel) as packed:
        packed.extractall(tmp_path / "site")
    program = (
        "import sys, pathlib, anyjob_server.store as s;"
        "store = s.Store.open(None, pathlib.Path(sys.argv[1])); print(s.__file__); store.close()"
    )
    done = subprocess.run(
        [sys.executable, "-c", program, tmp_path / "state"], capture_output=True, text=True,
        env={**os.environ, "PYTHONPATH": str(tmp_path / "site")},
    )  # fmt: skip
    assert done.stdout.startswith(str(tmp_path / "site")), done.stderr
    assert (tmp_path / "state" / "server.db").exists()
