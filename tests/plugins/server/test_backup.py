"""A backup taken from a server that runs, and what a restore promises: nothing twice, no number again, nothing in
silence."""

from __future__ import annotations

import json
import shutil
import signal
import sqlite3
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from tests.core.cli.program import until
from tests.plugins.server.serving import Serving

from anyjob.errors import AnyJobError
from anyjob.job import Job
from anyjob.outcome import Cause
from anyjob.settings import Settings
from anyjob.status import InstanceStatus
from anyjob_server.backup import Backup
from anyjob_server.backup import restore as put
from anyjob_server.client.client import Client
from anyjob_server.client.errors import NoServer

TICKS = 'echo "$ANYJOB_SCHEDULE_TIME" >> {}'


@pytest.fixture
def up(tmp_path: Path) -> Iterator[Serving]:
    with Serving(tmp_path) as serving:
        yield serving


def words(up: Serving) -> tuple[str, ...]:
    return ("--state", str(up.state), "--config", str(up.program.folder / "settings.toml"))


def backup(up: Serving, name: str = "kept") -> Path:
    done = up.program("backup", name, *words(up))
    assert done.status == 0, done.err
    return up.program.folder / name


def restore(up: Serving, folder: Path, *options: str) -> str:
    done = up.program("restore", str(folder), *words(up), *options)
    assert done.status == 0, done.err
    return done.out.decode()


def ended(client: Client, instance: int) -> None:
    until(lambda: client.instance(instance).status.finished, f"the end of {instance}")


def state_of(database: Path) -> dict[str, int]:
    with sqlite3.connect(database) as c:
        found = {name: int(value) for name, value in c.execute("SELECT name, value FROM meta") if value.isdigit()}
        found["newest"] = c.execute("SELECT max(id) FROM instances").fetchone()[0]
    c.close()
    return found


class Lived:
    """A server of which a backup was made, and which went on: what it did since is not in the backup."""

    def __init__(self, up: Serving, folder: Path) -> None:
        self.ticks, self.gate, self.second = folder / "ticks", folder / "gate", folder / "second"
        slow = f"echo begun; while ! test -e {self.gate}; do sleep 0.05; done; echo over"
        with up.client() as client:
            client.call("UpdateAppGroup", {"MaxConcurrency": 2})
            tick = Job.from_wire({
                "Name": "tick", "JobType": "shell", "Content": TICKS.format(self.ticks), "TimeType": 1,
                "TimeExpression": "* * * * * ?",
            })  # fmt: skip
            self.tick = client.create_job(tick)
            self.slow = client.execute(client.create_job(Job(name="slow", job_type="shell", content=slow)))
            until(lambda: client.log(self.slow, "").lines == ["begun"], "its first line")
            until(self.ticks.exists, "a tick")
            # It waits for the limit when the backup is made, and runs afterwards.
            client.call("UpdateAppGroup", {"MaxConcurrency": 1})
            second = Job(name="second", job_type="shell", content=f"echo ran >> {self.second}")
            self.waits = client.execute(client.create_job(second))
            until(lambda: client.instance(self.waits).status is InstanceStatus.POOL, "that it waits")
            self.backup = backup(up)
            client.call("UpdateAppGroup", {"MaxConcurrency": 3})
            ended(client, self.waits)
            assert self.second.read_text() == "ran\n"
            before = len(self.ticks.read_text().splitlines())
            until(lambda: len(self.ticks.read_text().splitlines()) > before, "one more tick")
            self.later_job = client.create_job(Job(name="later", job_type="shell", content="true"))
            self.later = client.execute(self.later_job)
            ended(client, self.later)

    def passes(self, up: Serving) -> None:
        """What holds after each restore: of the past nothing runs again, and all goes on with numbers of its own."""
        with up.client() as client:
            until(lambda: client.instance(self.waits).status.finished, "an end of what waited")
            waited = client.instance(self.waits)
            assert waited.ended.cause is Cause.UNKNOWN, "it ran since: nobody may guess, and nobody may run it again"
            assert "put back" in waited.result
            before = len(self.ticks.read_text().splitlines())
            until(lambda: len(self.ticks.read_text().splitlines()) > before, "that time goes on")
            times = self.ticks.read_text().splitlines()
            assert max(Counter(times).values()) == 1, "a time that had fired before the restore fired again"
            new = client.create_job(Job(name="later", job_type="shell", content="true"))
            assert new > self.later_job, "somebody's program still has the old number"
            number = client.execute(new)
            assert number > self.later, "a run with a name that there was"
            ended(client, number)
            why = up.program("why", "tick", "--state", str(up.state)).out.decode()
            assert "whether this fired is not known" in why
        assert self.second.read_text() == "ran\n", "it ran twice"
        names = [path.name for path in (up.state / "worker" / "runs").iterdir()]
        assert max(Counter(name.split("-")[1] for name in names).values()) == 1


def test_back_to_an_older_point_with_the_workers_folder(up: Serving, tmp_path: Path) -> None:
    """What goes on and stands in the backup is followed; the database of before is kept aside."""
    lived = Lived(up, tmp_path)
    up.end(signal.SIGKILL)
    told = restore(up, lived.backup, "--replace")
    (aside,) = up.state.glob("replaced-*")
    assert str(aside) in told
    assert {path.name for path in aside.iterdir()} == {"server.db", "server.db-wal", "server.db-shm"}
    up.start()
    with up.client() as client:
        assert client.instance(lived.slow).status is InstanceStatus.RUNNING
        lived.gate.touch()
        ended(client, lived.slow)
        assert client.instance(lived.slow).result == "over"
    lived.passes(up)
    up.end(signal.SIGKILL)
    up.start()  # the restore is over: what this one leaves is a crash as any other
    assert "restored" not in state_of(up.state / "server.db")


def test_back_to_an_older_point_on_another_machine(up: Serving, tmp_path: Path) -> None:
    """Nothing is there but the backup. What ran then is unknown, and is not begun again."""
    lived = Lived(up, tmp_path)
    lived.gate.touch()
    with up.client() as client:
        ended(client, lived.slow)
    up.end()
    up.state.rename(tmp_path / "gone")
    restore(up, lived.backup)
    up.start()
    with up.client() as client:
        ended(client, lived.slow)
        assert client.instance(lived.slow).ended.cause is Cause.UNKNOWN
        assert client.log(lived.slow, "").lines == []
    lived.passes(up)


def test_all_that_was_answered_before_is_in_it(up: Serving, tmp_path: Path) -> None:
    """It is made while eight clients make jobs."""
    answered, stop = list[str](), list[bool]()

    def make(number: int) -> None:
        with up.client() as client:
            for turn in range(1_000):
                if stop:
                    return
                client.create_job(Job(name=f"j{number}-{turn}", job_type="shell", content="true"))
                answered.append(f"j{number}-{turn}")

    with ThreadPoolExecutor(8) as pool:
        made = [pool.submit(make, number) for number in range(8)]
        try:
            for turn in range(3):
                until(lambda turn=turn: len(answered) > 20 * (turn + 1), "jobs")
                before = set(answered)
                with sqlite3.connect(backup(up, f"kept{turn}") / "server.db") as c:
                    found = {name for (name,) in c.execute("SELECT name FROM jobs")}
                    assert (
                        c.execute("SELECT count(*) FROM jobs").fetchone()
                        == c.execute("SELECT count(*) FROM job_texts").fetchone()
                    )
                c.close()
                assert before <= found
        finally:
            stop.append(True)
        for one in made:
            one.result()


def test_what_it_refuses(up: Serving, tmp_path: Path) -> None:
    with up.client() as client:
        client.create_job(Job(name="a", job_type="shell", content="true"))
    kept = backup(up)
    assert {path.name for path in kept.iterdir()} == {"server.db", "server.key", "anyjob.toml", "backup.json"}
    assert all(path.stat().st_mode & 0o077 == 0 for path in (kept, *kept.iterdir()))

    def refused(folder: Path = kept, state: Path = up.state, *, replace: bool = False) -> str:
        with pytest.raises(AnyJobError) as caught:
            put(Backup.read(folder), state, Settings(), replace=replace)
        return str(caught.value)

    again = up.program("backup", "kept", *words(up))
    assert (again.status, again.out) == (1, b"")
    assert "is not empty; a backup overwrites nothing" in again.err
    with pytest.raises(NoServer, match="No server is known"):
        Backup.make(tmp_path / "none", Settings(), tmp_path / "b")
    assert not (tmp_path / "b").exists()
    live = up.program("restore", "kept", *words(up), "--replace")
    assert (live.status, live.out) == (1, b"")
    assert f"is in use by process {up.pid}" in live.err
    assert f"is in use by process {up.pid}" in refused()
    up.end()
    assert "holds server.db already, and nothing is overwritten" in refused()

    bad = tmp_path / "bad"
    shutil.copytree(kept, bad)
    with (bad / "server.db").open("r+b") as stream:
        stream.seek(5000)
        stream.write(b"x")
    assert "server.db is not as it was when the backup was made" in refused(folder=bad, state=tmp_path / "new")
    shutil.copy(kept / "server.db", bad)
    (bad / "server.key").unlink()
    assert "server.key" in refused(folder=bad, state=tmp_path / "new")
    told = json.loads((bad / "backup.json").read_text())
    (bad / "backup.json").write_text(json.dumps(told | {"files": {"../../x": "0"}}))
    assert "../../x is not as it was" in refused(folder=bad, state=tmp_path / "new")
    assert "backup.json is missing" in refused(folder=tmp_path, state=tmp_path / "new")
    assert not (tmp_path / "new").exists(), "nothing was begun"

    other = tmp_path / "other"
    (other / "worker").mkdir(parents=True)
    (other / "worker" / "database").write_text("another\n")
    assert "holds runs of another server than the backup's" in refused(state=other)
    up.start()
    with up.client() as client:
        assert [job.name for job in client.jobs()] == ["a"], "nothing of it harmed the server"


def test_a_database_put_back_by_hand_is_seen(up: Serving, tmp_path: Path) -> None:
    """As somebody does who never heard of `anyjob restore`: the file of yesterday, copied over today's."""
    with up.client() as client:
        job = client.create_job(Job(name="a", job_type="shell", content="true"))
        ended(client, client.execute(job))
        up.end()
        shutil.copy(up.state / "server.db", tmp_path / "yesterday.db")
        up.start()
    with up.client() as client:
        last = client.execute(job)
        ended(client, last)
    up.end()
    shutil.copy(tmp_path / "yesterday.db", up.state / "server.db")
    again = up.program("serve", "--listen", "127.0.0.1:0", *words(up))
    assert (again.status, again.out) == (1, b"")
    assert f"that has runs of instance {last}, to which the database has not come" in again.err
    assert f"Tell it so: anyjob restore --state {up.state}" in again.err
    told = up.program("restore", *words(up))
    assert told.status == 0, told.err
    up.start()
    with up.client() as client:
        number = client.execute(job)
        assert number > last
        ended(client, number)


def test_a_restore_that_was_cut_off_is_begun_again(up: Serving, tmp_path: Path) -> None:
    """Dead before the database has its name: the folder holds the key, a part, and an empty file."""
    with up.client() as client:
        client.create_job(Job(name="a", job_type="shell", content="true"))
    kept = backup(up)
    up.end()
    up.state.rename(tmp_path / "gone")
    up.state.mkdir(mode=0o700)
    shutil.copy(kept / "server.key", up.state)
    (up.state / "server.db").touch()
    for name in ("server.db.part", "server.db.part-wal", "server.key.part"):
        (up.state / name).write_bytes(b"half")
    restore(up, kept)
    up.start()
    with up.client() as client:
        assert [job.name for job in client.jobs()] == ["a"]
    assert not [*up.state.glob("*.part*")]
