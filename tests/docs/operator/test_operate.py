"""docs/operate.md: every command in it, in the order of the page."""

from __future__ import annotations

import json
import os
import re
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest
from tests.docs.operator.house import House
from tests.docs.operator.pages import DOCS, blocks, usual
from tests.docs.served import serving
from tests.grounds.postgres.cluster import Postgres

from anyjob.job import Job
from anyjob.status import InstanceStatus
from anyjob_server.trust.groupusers import GroupUsers

PAGE = [*blocks("operate.md")]


@pytest.fixture
def house(tmp_path: Path) -> Iterator[House]:
    made = House(tmp_path)
    yield made
    made.clean()


@pytest.mark.timeout(300)
def test_the_page_from_the_first_start_to_the_upgrade(house: House) -> None:
    """With a job that has run twice and, over both restores and the upgrade, one that goes on."""
    slow, numbers = 0, list[int]()
    for block in PAGE:
        if block.language != "sh" or block.mark == "install":
            continue
        if block.text == "anyjob serve\n":
            assert usual(house.serve()) == usual(block.output)
            continue
        if "anyjob hold" in block.text:
            house.follow(block)
            with house.client() as client:
                waits = client.job("wanted")
            house.call(f"anyjob job run {waits.id}", expect=1)
            continue
        if block.mark == "stopped":
            house.call("systemctl stop anyjob")
            house.follow(block)
            house.call("systemctl start anyjob")
            continue
        if block.text.startswith("anyjob backup /var/backups/anyjob/monday"):
            with house.client() as client:
                job = client.create_job(Job(name="wanted", job_type="shell", content="true"))
                numbers = [client.execute(job)]
                house.until_ended(numbers[0])
                numbers.append(client.execute(job))
                house.until_ended(numbers[1])
            house.follow(block)
            house.end_by_hand()
            house.call("systemctl start anyjob")
            continue
        house.follow(block)
        if "restore" in block.text:
            with house.client() as client:
                assert [one.id for one in client.instances(None, None, 10)] == numbers[::-1]
        if "moving" in block.text:
            house.call("systemctl start anyjob")
            assert "the server is held" in house.call("anyjob status", expect=1), "over a restart"
            assert "begins again" in house.call("anyjob hold --release")
        if block.text.startswith("anyjob backup /var/backups/anyjob/before-upgrade"):
            house.call("systemctl start anyjob")
            with house.client() as client:
                content = "while ! test -e gate; do sleep 0.05; done; echo through"
                job = client.create_job(Job(name="slow", job_type="shell", content=f"cd {house.folder}; {content}"))
                slow = client.execute(job)
            house.call("systemctl stop anyjob")
    with house.client() as client:
        assert client.instance(slow).status is not InstanceStatus.FAILED, "it went on over the upgrade"
        (house.folder / "gate").touch()
        house.until_ended(slow)
        assert client.instance(slow).result == "through"


@pytest.mark.timeout(600)
def test_the_packages_are_built_and_installed_from_files(tmp_path: Path) -> None:
    """Without an index pip could get nothing of that name from elsewhere, and the names it asks for are not ours."""
    build, extra = [block.text.replace("/opt/anyjob", f"{tmp_path}/opt") for block in PAGE if block.mark == "install"]
    dist = f"{tmp_path}/opt/wheels"
    bare = {name: value for name, value in os.environ.items() if name not in {"VIRTUAL_ENV", "PYTHONPATH"}}
    bare["PIP_NO_COMPILE"] = "1"  # bytecode is half of pip's time
    said = ""
    for text in (build, f"cd {dist}\n{extra}"):
        done = subprocess.run(
            ["bash", "-ec", text], cwd=DOCS.parents[2], env=bare, capture_output=True, text=True, timeout=500
        )
        assert done.returncode == 0, done.stdout + done.stderr
        said += done.stdout
    ours = re.findall(r"^(?:Collecting|Downloading) (anyjob\S*)", said, re.MULTILINE)
    assert ours == [], "of an index"
    assert re.search(r"^Successfully installed .*\banyjob-server-", said, re.MULTILINE)
    assert re.search(r"^Successfully installed .*\bpsycopg-", said, re.MULTILINE)
    listed = subprocess.run(
        [tmp_path / "opt/bin/anyjob", "plugins", "--json"], env=bare, cwd=tmp_path, capture_output=True, text=True
    )
    assert {"shell", "python", "http"} <= set(json.loads(listed.stdout)["types"]), listed.stderr


@pytest.mark.needs("postgres")
def test_its_database_is_that_of_the_settings(tmp_path: Path, postgres: Postgres) -> None:
    (text,) = [block.text for block in PAGE if block.language == "toml"]
    url = postgres.database()
    places = {"postgresql://anyjob@db.example/anyjob": url}
    with serving(tmp_path / "served", text, replace=places) as served:
        (end,) = served.fire("{Name: kept, JobType: shell, Content: echo kept}")
        status = served.serving.program("status", "--json", "--state", str(served.serving.state))
    postgres.drop(url)
    assert (end.cause, end.result) == ("succeeded", "kept")
    assert b"postgresql" in status.out, status


def test_the_line_about_users_is_the_servers() -> None:
    (said,) = [block.text for block in PAGE if block.mark == "log"]
    assert said == f"anyjob: {GroupUsers({}, lambda namespace, group: None, root=True).summary()}\n"


@pytest.mark.needs("systemd")
def test_systemd_takes_the_unit(tmp_path: Path) -> None:
    (unit,) = [block.text for block in PAGE if block.language == "ini"]
    file = tmp_path / "anyjob.service"
    file.write_text(unit.replace("/opt/anyjob/bin/anyjob", "/bin/true").replace("User=anyjob", "User=root"))
    done = subprocess.run(["systemd-analyze", "verify", file], capture_output=True, text=True)
    # What an older systemd does not know it says and passes over, as the page says.
    complaints = [line for line in done.stderr.splitlines() if str(file) in line and "DelegateSubgroup" not in line]
    assert (done.returncode, complaints) == (0, []), done.stderr
