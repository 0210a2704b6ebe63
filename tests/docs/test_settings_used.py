"""Every settings block of the pages is the file of a server that starts, warns of nothing, and does what it says.

Blocks that need a ground are used so by tests of their own (`tests/docs/claims.py`), through the same `serving`.
"""

from __future__ import annotations

import json
import os
import re
import shutil
import sys
import tempfile
import tomllib
from collections.abc import Callable, Iterator, Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final

import pytest
from tests.docs.fences import Fence, blocks, fences, pages
from tests.docs.rules import rule
from tests.docs.served import Served, serving

BLOCKS = [fence for page in pages() for fence in fences(page) if rule(fence) == "settings"]


@pytest.fixture
def folder() -> Iterator[Path]:
    """One that other users can pass, unlike pytest's own: a block may say that jobs run as such."""
    made = Path(tempfile.mkdtemp(prefix="anyjob-settings-", dir="/tmp"))
    made.chmod(0o711)
    yield made
    shutil.rmtree(made)


def executables(folder: Path) -> None:
    (definition,) = blocks("core/docs/protocol.md", "toml", "job_type")
    command = f"command = {json.dumps([sys.executable, '-c', ''])}"
    (folder / "sql").mkdir()
    (folder / "sql" / "executor.toml").write_text(re.sub(r"^command = .*$", command, definition, flags=re.MULTILINE))


def of_the_executable(served: Served) -> None:
    with served.client("default") as client:
        about = {"Name": "rows", "ExecuteMode": "standalone", "TimeType": 100, "Content": "select 1"}
        assert client.call("CreateJob", {**about, "JobType": "sql"})["JobId"]
    assert "sql" in served.refusal("{Name: rows, JobType: sqk, Content: select 1}")


def secrets(folder: Path) -> None:
    (folder / "db_password").write_text("well-kept")
    (folder / "payments.token").write_text("a-token-of-payments")


def of_all_parts(served: Served) -> None:
    job = """{Name: told, JobType: shell, XAttrs: {secrets: {PASSWORD: db_password}},
        Content: 'test "$(cat "$ANYJOB_SECRETS/PASSWORD")" = well-kept; echo $?; echo "${OF_THE_SERVER:-nothing}"'}"""
    (told,) = served.fire(job, GroupId="payments")
    assert (told.cause, told.log[-2:]) == ("succeeded", ["0", "nothing"]), told
    assert "db_password" in served.refusal(job)
    called = served.fire(
        "{Name: denied, JobType: http, Content: {url: 'http://10.0.0.53/'}}",
        "{Name: elsewhere, JobType: http, Content: {url: 'http://127.0.0.1/'}}",
    )
    assert [end.cause for end in called] == ["rejected", "rejected"], called


def of_http(served: Served) -> None:
    job = "{{Name: call, JobType: http, Content: {{url: 'https://127.0.0.1:9/', tls: {{ca: {file}}}}}}}"
    inside, outside = served.fire(
        job.format(file=served.serving.program.folder / "tls" / "ca.pem"), job.format(file="/etc/hostname")
    )
    assert (inside.cause, outside.cause) == ("dependency_missing", "bad_config")
    assert "is no file on this worker" in inside.result
    assert "lies in none of the folders that [executors.http] files lists" in outside.result


def of_calendars(served: Served) -> None:
    (block,) = blocks("plugins/server/docs/time.md", "toml")
    job: dict[str, Any] = {"JobType": "shell", "Content": "true", "ExecuteMode": "standalone", "TimeType": 1}
    job |= {"TimeExpression": "0 0 12 * * ?", "Timezone": "UTC"}
    with served.client("default") as client:
        for name, years in tomllib.loads(block)["server"]["calendars"].items():
            made = client.call("CreateJob", {**job, "Name": name, "Calendar": name})
            told = client.why(int(made["JobId"]))
            days = {
                (int(year), month["month"], day)
                for year, months in years.items()
                for month in months
                for day in month["days"]
            }
            if told["NextFire"]:
                at = datetime.fromtimestamp(told["NextFire"] / 1000, UTC)
                assert (at.year, at.month, at.day) in days, told
            else:  # its last day is over
                assert f"calendar {name} has no year" in told["Never"], told
    assert "write settlement or workday" in served.refusal(json.dumps({**job, "Name": "other", "Calendar": "other"}))


def of_users(served: Served) -> None:
    job = "{Name: who, JobType: shell, Content: id -un; id -u}"
    (own,) = served.fire(job)
    assert int(own.log[-1]) > 60_000, own
    with served.client("default") as client:
        client.call("CreateNamespace", {"Namespace": None, "GroupId": None, "Name": "prod", "Uid": "prod"})
    (theirs,) = served.fire(job, Namespace="prod", GroupId="billing")
    assert theirs.log[0] == "daemon", theirs


Before = Callable[[Path], None]
USES: Final[Mapping[str, tuple[Mapping[str, str], Before | None, Callable[[Served], None]]]] = {
    "core/docs/protocol.md": ({"/opt/sql": "{folder}/sql"}, executables, of_the_executable),
    "core/docs/settings.md": (
        {
            "/etc/anyjob/": "{folder}/",
            "executors.NAME": "executors.shell",
            "launchers.NAME": "launchers.local",
            "tcp:127.0.0.1:7782": "unix:{folder}/apps.sock",
        },
        secrets,
        of_all_parts,
    ),
    "executors/http/README.md": ({"/etc/anyjob/tls": "{folder}/tls"}, None, of_http),
    "plugins/server/docs/time.md": ({}, None, of_calendars),
    "plugins/server/docs/trust.md": ({'= "billing"': '= "daemon"'}, None, of_users),
}
"""By page: what is different here, what lies there beforehand, and what shows that the block is in force."""


@pytest.mark.parametrize("fence", [pytest.param(fence, id=fence.place) for fence in BLOCKS])
def test_it_is_in_force(fence: Fence, folder: Path) -> None:
    replace, before, shows = USES[fence.page]
    if before is not None:
        before(folder)
    places = {usual: other.replace("{folder}", str(folder)) for usual, other in replace.items()}
    # It would warn of a python3 that users of jobs cannot reach, as that of a tester's own home.
    env = {"OF_THE_SERVER": "hidden", "PATH": os.defpath}
    with serving(folder, fence.text, replace=places, env=env) as served:
        shows(served)
