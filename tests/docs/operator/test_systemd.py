"""The unit of docs/operate.md, word for word, under a real systemd."""

from __future__ import annotations

import re
import socket
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import count
from pathlib import Path

import pytest
from tests.core.cli.program import until
from tests.docs.operator.pages import blocks
from tests.grounds.systemd import Systemd, lent_systemd

from anyjob.errors import AnyJobError
from anyjob.job import Job
from anyjob.outcome import Strength
from anyjob.status import InstanceStatus
from anyjob_server.client.client import Client
from anyjob_server.client.target import find_target

pytestmark = [
    pytest.mark.needs("root"),
    pytest.mark.needs("cgroup2"),
    pytest.mark.needs("systemd"),
    pytest.mark.timeout(120),
]

ANYJOB = "/opt/anyjob/bin/anyjob"
STATE = "/var/lib/anyjob/server"
KEY, SECRET = "the-operators-key", "the-operators-secret"


class Unit:
    """The server as the page's unit runs it."""

    def __init__(self, machine: Systemd, port: int) -> None:
        self.machine, self.port, self._numbers = machine, port, count(1)
        (unit,) = [block.text for block in blocks("operate.md") if block.language == "ini"]
        machine.write("/etc/systemd/system/anyjob.service", unit)
        machine.write("/etc/anyjob/anyjob.toml", f'[server]\nlisten = "127.0.0.1:{port}"\n')
        machine.write("/etc/anyjob/first-key", f"ANYJOB_ACCESS_KEY_ID={KEY}\nANYJOB_ACCESS_KEY_SECRET={SECRET}\n")
        machine.call("chmod", "600", "/etc/anyjob/first-key")
        machine.call("useradd", "--system", "--no-create-home", "--shell", "/usr/sbin/nologin", "anyjob")
        machine.call("ln", "-s", sys.prefix, "/opt/anyjob")
        machine.call("systemctl", "daemon-reload")

    def does(self, verb: str) -> None:
        self.machine.call("systemctl", verb, "anyjob")

    def told(self, name: str) -> str:
        return self.machine.call("systemctl", "show", "--value", f"--property={name}", "anyjob").strip()

    @property
    def pid(self) -> int:
        return int(self.told("MainPID"))

    @property
    def journal(self) -> str:
        return self.machine.call("journalctl", "--no-pager", "--output=cat", "--unit=anyjob")

    def client(self) -> Client:
        """Of the server that runs, once it answers."""
        until(self.answers, "an answer")
        return Client(find_target(self.state, environment={}))

    def answers(self) -> bool:
        """With the key of the server that runs: the file of a killed one stays until the next has written its own."""
        try:
            with Client(find_target(self.state, environment={})) as client:
                client.instances(None, None, 1)
        except (AnyJobError, OSError):
            return False
        return True

    @property
    def state(self) -> Path:
        return self.machine.seen(STATE)

    def most_files(self, pid: int) -> int:
        """That a process may have open, by its hard limit."""
        limits = self.machine.seen(f"/proc/{pid}/limits").read_text()
        (found,) = re.findall(r"^Max open files +\d+ +(\d+)", limits, re.MULTILINE)
        return int(found)

    def runs(self, client: Client) -> Run:
        """One that waits, and has written a line."""
        flag = f"{STATE}/go-{next(self._numbers)}"
        self.machine.seen(flag).touch()
        content = f"echo $$; while [ -e {flag} ]; do sleep 0.1; done; echo over"
        instance = client.execute(client.create_job(Job(name=flag, job_type="shell", content=content)))
        until(lambda: client.log(instance, "").lines, "its first line")
        (pid,) = client.log(instance, "").lines
        return Run(self, instance, pid, self.machine.seen(flag))


@dataclass(frozen=True)
class Run:
    """`pid` is its number in the machine, and its first line."""

    unit: Unit
    instance: int
    pid: str
    flag: Path

    @property
    def lives(self) -> bool:
        return (self.unit.machine.seen("/proc") / self.pid).exists()

    def ends_once(self, client: Client) -> None:
        """It ends with its whole log, and was started once."""
        assert self.lives
        # A server that is killed within a tenth of a second had not yet written that it runs; its successor does.
        until(lambda: client.instance(self.instance).status is InstanceStatus.RUNNING, "that it runs")
        assert self.flag.exists()
        self.flag.unlink()
        until(lambda: client.instance(self.instance).status.finished, "its end")
        ended = client.instance(self.instance)
        assert ended.status is InstanceStatus.SUCCESS, ended
        assert client.log(self.instance, "").lines == [self.pid, "over"]
        assert [one.id for one in client.instances(ended.job_id, None, 9)] == [self.instance]


@pytest.fixture(scope="module")
def machine() -> Iterator[Unit]:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    with lent_systemd() as made:
        yield Unit(made, port)


@pytest.fixture
def unit(machine: Unit) -> Unit:
    machine.does("start")
    return machine


def test_it_starts_as_the_page_says(unit: Unit) -> None:
    """As the unit's user, in a state folder that systemd made, with a first key that is not in the journal."""
    with unit.client() as client:
        run = unit.runs(client)
        assert unit.told("ActiveState") == "active"
        owner = unit.machine.call("stat", "--format=%U %a", STATE, f"/proc/{unit.pid}", f"/proc/{run.pid}").split()
        assert owner[0::2] == ["anyjob"] * 3
        assert owner[1] == "700"
        assert KEY in unit.machine.call(ANYJOB, "key", "list", "--state", STATE)
        assert SECRET not in unit.journal
        assert unit.journal.count("anyjob: serving ") == 1
        assert f"127.0.0.1:{unit.port}" in unit.journal
        # Where systemd itself may not raise it so far, it comes as near as it can.
        assert unit.most_files(unit.pid) == min(65536, unit.most_files(1))
        assert unit.told("OOMPolicy") == "continue"
        run.ends_once(client)


def test_a_stop_is_proved_in_the_unit_s_own_group(unit: Unit) -> None:
    """Delegate=yes."""
    with unit.client() as client:
        run = unit.runs(client)
        client.stop(run.instance)
        until(lambda: client.instance(run.instance).status.finished, "its end")
        outcome = client.instance(run.instance).outcome
        assert outcome is not None
        assert outcome.stop is not None
        assert (outcome.stop.strength, outcome.stop.by) == (Strength.PROVEN, "cgroup v2")
        assert not run.lives


def test_a_run_outlives_a_restart(unit: Unit) -> None:
    before = unit.pid
    with unit.client() as client:
        run = unit.runs(client)
    unit.does("restart")
    assert unit.pid != before
    with unit.client() as client:
        run.ends_once(client)


def test_a_run_outlives_a_stop(unit: Unit) -> None:
    """KillMode=process: systemd notes what is left over, and the next start takes it over."""
    with unit.client() as client:
        run = unit.runs(client)
    unit.does("stop")
    assert unit.told("ActiveState") == "inactive"
    assert unit.told("Result") == "success"
    assert not unit.answers()
    assert run.lives
    unit.does("start")
    assert re.search(r"Found left-over process \d+ .* in control group while starting unit", unit.journal)
    with unit.client() as client:
        run.ends_once(client)


def test_a_killed_server_comes_again(unit: Unit) -> None:
    """Restart=on-failure."""
    before, restarts = unit.pid, int(unit.told("NRestarts"))
    with unit.client() as client:
        run = unit.runs(client)
    unit.machine.call("kill", "-9", str(before))
    until(lambda: unit.pid not in (0, before), "a server again")
    assert int(unit.told("NRestarts")) == restarts + 1
    with unit.client() as client:
        run.ends_once(client)
