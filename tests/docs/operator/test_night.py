"""docs/night.md: each situation is made for real, and its commands say what the page says."""

from __future__ import annotations

import os
import re
import signal
import socket
import threading
from collections.abc import Callable, Generator, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import pytest
from tests.core.cli.program import gone, until
from tests.docs.operator.house import House
from tests.docs.operator.pages import Block, blocks
from tests.grounds.postgres.cluster import Postgres

from anyjob.job import Job
from anyjob.outcome import Cause
from anyjob.status import InstanceStatus
from anyjob_server.client.errors import BadRequest, CallFailed

PAGE = [block for block in blocks("night.md") if block.language == "sh"]
NUMBER = re.compile(r"\b2662865511173946\b")
SLOW = "echo connecting to the warehouse; sleep 600"

Situation = Callable[[House], Generator[int]]


def of(section: str) -> list[Block]:
    found = [block for block in PAGE if block.section == section]
    assert found, f"the page has no commands under {section!r}"
    return found


def see(house: House, block: Block, instance: int = 0) -> None:
    """The block's commands about that instance."""
    text = NUMBER.sub(str(instance), block.text)
    house.follow(Block(language="sh", text=text, output=block.output, mark=block.mark, section=block.section))


@pytest.fixture(scope="module")
def house(tmp_path_factory: pytest.TempPathFactory) -> Iterator[House]:
    """One server for all of the night; what runs in it is ended after each test."""
    made = House(tmp_path_factory.mktemp("night"))
    made.call("systemctl start anyjob")
    yield made
    made.clean()


@pytest.fixture(autouse=True)
def calm(house: House) -> Iterator[None]:
    yield
    with house.client() as client:
        going = [one.id for one in client.instances(None, None, 20) if not one.status.finished]
        for instance in going:
            with suppress(BadRequest):  # it ended by itself meanwhile
                client.stop(instance)
        for job in [*client.jobs()]:
            client.delete(job.id)
    for instance in going:
        house.until_ended(instance)


def run(house: House, name: str, content: str = SLOW, **fields: object) -> int:
    """A job of that name runs, and has written its first line."""
    with house.client() as client:
        wire = {"Name": name, "JobType": "shell", "Content": content, **fields}
        instance = client.execute(client.create_job(Job.from_wire(wire)))
        until(lambda: client.log(instance, "").lines, "its first line")
        until(lambda: client.instance(instance).status is InstanceStatus.RUNNING, "that it runs")
    return instance


def test_a_job_did_not_run(house: House) -> None:
    instance = run(house, "nightly", TimeType=1, TimeExpression="0 0 2 * * ?")
    house.call("anyjob job run nightly", expect=2)
    (block,) = of("A job did not run")
    see(house, block, instance)


def test_an_instance_hangs(house: House) -> None:
    instance = run(house, "nightly")
    for block in of("An instance hangs"):
        see(house, block, instance)
    with house.client() as client:
        assert client.instance(instance).status is InstanceStatus.FAILED


def test_a_stop_does_not_end(house: House) -> None:
    instance = run(house, "stubborn", "trap '' TERM; echo I stay; while :; do sleep 0.2; done", XAttrs={"grace": 6})
    with house.client() as client:
        client.stop(instance)
    (block,) = of("A stop does not end")
    see(house, block, instance)
    house.until_ended(instance)
    assert "proven gone" in house.call(f"anyjob instance show {instance}")


@contextmanager
def swallows() -> Generator[tuple[str, list[bytes]]]:
    """A server that takes a request and never answers; what it got."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        got = list[bytes]()
        held = list[socket.socket]()

        def take() -> None:
            while True:
                try:
                    peer, _ = listener.accept()
                except OSError:
                    return
                held.append(peer)
                got.append(peer.recv(65536))

        thread = threading.Thread(target=take, daemon=True)
        thread.start()
        yield f"http://127.0.0.1:{listener.getsockname()[1]}/pay", got
        listener.shutdown(socket.SHUT_RDWR)
        for peer in held:
            peer.close()
        thread.join()


def test_an_instance_is_unknown(house: House) -> None:
    with swallows() as (url, got):
        with house.client() as client:
            wire = {"Name": "pay", "JobType": "http", "Content": {"url": url, "method": "POST"}}
            instance = client.execute(client.create_job(Job.from_wire(wire)))
            until(lambda: got, "the request")
            until(lambda: client.instance(instance).status is InstanceStatus.RUNNING, "that it runs")
        house.call("systemctl kill --signal=KILL anyjob; systemctl start anyjob")
        house.until_ended(instance)
        for block in of("An instance is unknown"):
            see(house, block, instance)
            if "retry" in block.text:
                until(lambda: len(got) == 2, "the request of the retry")
            else:
                assert len(got) == 1 or "success" in block.text, "it was sent twice"
        with house.client() as client:
            over = client.instance(instance)
        assert (over.status, over.outcome and over.outcome.cause) == (InstanceStatus.SUCCESS, Cause.UNKNOWN)


def test_no_server_answers(house: House) -> None:
    instance = run(house, "nightly")
    house.call("systemctl kill --signal=KILL anyjob")
    for block in of("No server answers"):
        see(house, block, instance)


def test_a_type_is_not_well(house: House) -> None:
    with house.client() as client:
        wire = {
            "Name": "cluster",
            "JobType": "k8s",
            "Content": "true",
            "XAttrs": {"image": "busybox", "resource": "shell"},
        }
        client.create_job(Job.from_wire(wire))
    (block,) = of("A type is not well")
    see(house, block)


@contextmanager
def settings(house: House, lines: str) -> Generator[None]:
    """Further lines of [server], and a start with them."""
    before = house.settings.read_text()
    house.settings.write_text(before + lines)
    house.call("systemctl restart anyjob")
    yield
    house.settings.write_text(before)
    house.call("systemctl restart anyjob")


def test_the_disk_is_full(house: House) -> None:
    """Fuller than somebody wants: a disk that has no byte left is tests/plugins/server/engine/test_full.py's."""
    with house.client() as client:
        ident = client.create_job(Job(name="a", job_type="shell", content="true"))
    with settings(house, 'free_disk = "1Ti"\n'):
        (block,) = of("The disk is full")
        see(house, block)
        assert "Free some space" in house.call(f"anyjob job run {ident}", expect=1)
    house.call(f"anyjob job run {ident} --wait")


def test_the_machine_was_restarted(house: House) -> None:
    """Server, keeper, shim and run are gone at once, and the kernel's boot id is another."""
    instance = run(house, "nightly")
    found = house.call(f"grep -lsz '^ANYJOB_INSTANCE_ID={instance}$' /proc/[0-9]*/environ", expect=None)
    runs = [int(line.split("/")[2]) for line in found.split()]
    boot = Path("/proc/sys/kernel/random/boot_id").read_text().strip()
    journal = house.state / "worker" / "shim" / "journal.jsonl"
    assert boot in journal.read_text()
    # The newest line of the kind is that of the shim which lives.
    shim = re.findall(r'"shim": ?(\d+)', journal.read_text())[-1]
    keeper = re.findall(r"^PPid:\t(\d+)", Path(f"/proc/{shim}/status").read_text(), re.MULTILINE)[0]
    house.call("systemctl kill --signal=KILL anyjob")
    for pid in [int(keeper), int(shim), *runs]:
        if not gone(pid):
            os.kill(pid, signal.SIGKILL)
    until(lambda: all(gone(pid) for pid in runs), "the end of all")
    journal.write_text(journal.read_text().replace(boot, boot[::-1]))
    house.call("systemctl start anyjob")
    house.until_ended(instance)
    (block,) = of("The machine was restarted")
    see(house, block, instance)


def test_who_did_this(house: House) -> None:
    made = house.call("anyjob key create --json")
    key, secret = re.findall(r'"(?:id|secret)": "(.*?)"', made)
    with house.client() as client:
        client.create_job(Job(name="victim", job_type="shell", content="true"))
    other = f"ANYJOB_ACCESS_KEY_ID={key} ANYJOB_ACCESS_KEY_SECRET={secret} ANYJOB_SERVER={house.url}"
    house.call(f"{other} anyjob job delete victim")
    (block,) = of("Who did this?")
    ours = block.output.replace("ci  ", f"{key}  ").replace("job 7", house.call("anyjob audit --most 1").split("  ")[6])
    see(house, Block(language="sh", text=block.text, output=ours, mark="", section=""))


def test_an_access_key_is_lost(house: House) -> None:
    made = house.call("anyjob key create --json")
    (key,) = re.findall(r'"id": "(.*?)"', made)
    first, second = of("An access key is lost")
    said = house.call(first.text)
    assert "on-call" in said
    text = second.text.replace(" ci", f" {key}")
    see(house, Block(language="sh", text=text, output=second.output.replace(" ci ", f" {key} "), mark="", section=""))
    house.call("systemctl stop anyjob")
    assert key in house.call("anyjob key list")
    house.call("anyjob key create --label without-a-server; systemctl start anyjob")


def test_everything_must_stop(house: House) -> None:
    """Whatever table stands last in the settings."""
    hold, stop, release = of("Everything must stop")
    with settings(house, "[executors.http]\n"):
        instance = run(house, "nightly")
        see(house, hold)
        with house.client() as client:
            refused = "the server is held"
            with pytest.raises(CallFailed, match=refused):
                client.execute(client.job("nightly").id)
        see(house, stop, instance)
        assert "runs, waits  0, 0" in house.call("anyjob status", expect=1)
        house.call("systemctl restart anyjob")
        assert refused in house.call("anyjob status", expect=1), "over a restart"
        see(house, release)
        house.call("anyjob status")


@pytest.mark.needs("postgres")
def test_the_database_is_gone(postgres: Postgres, tmp_path: Path) -> None:
    house = House(tmp_path, f'database = "{postgres.database()}"\n')
    try:
        house.call("systemctl start anyjob")
        instance = run(house, "nightly")
        postgres.stop()
        try:
            (block,) = of("The database is gone")
            said = house.call(block.text, expect=1)
            where = re.findall(r"database +postgresql://(\S+)", said)[0]
            ours = block.output.replace("DATABASE", where)
            why = re.findall(r"is lost: (.*?)\. The server goes on", said)
            assert why, said
            see(
                house,
                Block(
                    language="sh", text=block.text, output=ours.replace("connection refused", why[0]),
                    mark=block.mark, section="",
                ),
                instance,
            )  # fmt: skip
        finally:
            postgres.start()
        until(
            lambda: "new work  begins" in re.sub(r"  +", "  ", house.call("anyjob status", expect=None)), "the database"
        )
        assert house.call(f"anyjob instance stop {instance} --wait").count("proven gone")
    finally:
        house.clean()


def test_no_block_is_left_out() -> None:
    """Every section with commands has its test, by name."""
    tests = {name.removeprefix("test_") for name in globals() if name.startswith("test_")}
    names = {re.sub(r"\W+", "_", block.section.lower()).strip("_") for block in PAGE if block.section}
    assert names <= tests
