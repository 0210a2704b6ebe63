"""From what is seen of an end to its cause: the cases that no engine shows on demand, beside those that it does."""

from __future__ import annotations

import subprocess
from pathlib import Path
from typing import Any

import pytest

from anyjob.outcome import Cause
from anyjob.problem import Problem
from anyjob_docker.asked import AskedLimit
from anyjob_docker.credentials import read_credentials
from anyjob_docker.ends import Seen, epoch, gone, judge
from anyjob_docker.entryfile import entry_file
from anyjob_docker.folder import HostFolder
from anyjob_docker.options import DockerOptions
from anyjob_docker.refusal import refused_exit
from anyjob_docker.status import Status, read_status

BEGAN, ENDED = "2026-01-01T00:00:00.5Z", "2026-01-01T00:01:00.25Z"
ASKED = Status(up=True, began=True, signal=15)
AT = epoch(ENDED) or 0.0


def state(code: int, **more: Any) -> dict[str, Any]:
    return {"Status": "exited", "ExitCode": code, "StartedAt": BEGAN, "FinishedAt": ENDED, "OOMKilled": False, **more}


def seen(**more: Any) -> Seen:
    return Seen(image="busybox", command="sh", **more)


@pytest.mark.parametrize(
    ("code", "status", "more", "cause", "number"),
    [
        (0, Status(up=True, began=True, code=0), {}, None, 0),
        (137, Status(up=True, began=True, code=137), {}, None, 137),
        (143, Status(up=True, began=True, signal=15), {}, None, -15),
        (137, Status(up=True, began=True), {}, None, -9),
        # A status that does not fit is the job's own doing: the engine's word counts.
        (3, Status(up=True, began=True, code=0), {}, Cause.UNKNOWN, 3),
        (137, Status(up=True, began=True, code=0), {}, None, -9),
        (255, Status(), {}, Cause.START_FAILED, 255),
        (255, Status(up=True), {"away": [(AT - 5, AT + 1)]}, Cause.NODE_LOST, 255),
        (137, Status(up=True), {"away": [(AT - 5, AT + 1)]}, Cause.NODE_LOST, -9),
        (137, Status(up=True), {"away": [(AT - 5, AT + 1)], "asked": True}, None, -9),
        # Own crashes while the engine was away are own crashes.
        (139, Status(up=True, began=True, signal=11), {"away": [(AT - 5, AT + 1)]}, None, -11),
        (7, Status(up=True, began=True, code=7), {"away": [(AT - 5, AT + 1)]}, None, 7),
        (143, Status(up=True, began=True, signal=15), {"away": [(AT + 3, AT + 9)]}, None, -15),
        (
            143,
            Status(up=True, began=True, signal=15),
            {"away": [(AT + 3, AT + 9)], "stopped": True},
            Cause.NODE_LOST,
            -15,
        ),
        (143, Status(up=True, began=True, signal=15), {"away": [(AT + 30, AT + 40)], "stopped": True}, None, -15),
        (137, Status(up=True), {"started_engine": AT - 5}, Cause.NODE_LOST, -9),
        (137, Status(up=True), {"started_engine": AT - 100}, None, -9),
        (137, Status(), {"helper": False}, None, 137),
        (0, Status(up=True, code=0, left=("7 d",)), {"leftovers": "fail"}, Cause.LEFTOVERS, 0),
        (1, Status(up=True, code=1, left=("7 d",)), {"leftovers": "fail"}, None, 1),
        (127, Status(up=True, error=2), {}, Cause.DEPENDENCY_MISSING, None),
        (126, Status(up=True, error=13), {}, Cause.BAD_CONFIG, None),
        (127, Status(up=True, began=True, code=127), {}, None, 127),
    ],
)
def test_ends(code: int, status: Status, more: dict[str, Any], cause: Cause | None, number: int | None) -> None:
    """`number`: the code; below 0 a signal."""
    got = judge("c" * 64, state(code), status, seen(**more))
    assert got.cause is cause
    assert (got.code if got.signal is None else -got.signal) == number
    assert got.ended == pytest.approx(AT)
    assert got.stop is not None
    assert got.stop.strength == "REPORTED"


def test_memory_is_a_cause_only_of_a_command_that_was_killed() -> None:
    for status, code, cause in (
        (Status(up=True, began=True, signal=9), 137, Cause.OUT_OF_MEMORY),
        (Status(up=True, began=True, code=0), 0, None),
        (Status(up=True, began=True, code=137), 137, None),
        (Status(up=True, began=True, signal=11), 139, None),
    ):
        got = judge("c" * 64, state(code, OOMKilled=True), status, seen())
        assert got.cause is cause
        assert any("OOMKilled" in item.text for item in got.evidence)


def test_a_container_that_is_gone() -> None:
    assert gone("aj-1", Status(up=True, began=True), seen()).outcome().cause is Cause.UNKNOWN
    assert gone("aj-1", Status(up=True, began=True, code=0), seen()).outcome().cause is Cause.SUCCEEDED
    assert gone("aj-1", Status(code=0), seen(helper=False)).outcome().cause is Cause.UNKNOWN
    assert gone("aj-1", Status(error=2), seen()).cause is Cause.DEPENDENCY_MISSING


@pytest.mark.parametrize(
    ("text", "wanted"),
    [
        (b"", Status()),
        (b"up\nbegan 7\nexit 3\nleft 9 sleep\n", Status(up=True, began=True, code=3, left=("9 sleep",))),
        (b"up\nbegan 7\nexit 3\nexit 0\n", Status(up=True, began=True, code=3)),
        (b"up\nexec 2\n", Status(up=True, error=2)),
        (b"up\nbegan 7\nsignal 9", Status(up=True, began=True)),
        (b"exit x\nexit -1\nexit 99999999999\n\xff\n", Status()),
    ],
)
def test_the_status_file_may_hold_anything(tmp_path: Path, text: bytes, wanted: Status) -> None:
    (tmp_path / "status").write_bytes(text)
    assert read_status(tmp_path / "status") == wanted


def test_the_status_file_may_be_anything(tmp_path: Path) -> None:
    import os

    (tmp_path / "link").symlink_to("/etc/passwd")
    os.mkfifo(tmp_path / "pipe")
    (tmp_path / "folder").mkdir()
    for name in ("link", "pipe", "folder", "nothing"):
        assert read_status(tmp_path / name) == Status()


@pytest.mark.parametrize(
    ("secret", "wanted"),
    [
        ("u:p:q", {"username": "u", "password": "p:q"}),
        ('{"identitytoken": "t"}', {"identitytoken": "t"}),
        ('{"auths": {"https://r.example.com/v2/": {"auth": "dTpw"}}}',
         {"username": "u", "password": "p", "serveraddress": "https://r.example.com/v2/"}),
        ("nothing", "holds no user and password"),
        ('{"auths": {"other": {"auth": "dTpw"}}}', "has no entry for r.example.com"),
        ('{"auths": {"r.example.com": {"auth": "!"}}}', "has no auth for r.example.com that can be read"),
        ("{", "is no JSON"),
        ('{"username": "u"}', "has neither username and password nor identitytoken"),
    ],
)  # fmt: skip
def test_registry_credentials(secret: str, wanted: object) -> None:
    got = read_credentials(secret, "REGISTRY", "r.example.com")
    if isinstance(got, Problem):
        assert str(got).startswith(f'XAttrs.registrySecret: "REGISTRY" {wanted}; write USER:PASSWORD')
        assert len(secret) < 3 or secret not in str(got)
    else:
        assert got == wanted


@pytest.mark.parametrize(
    ("status", "more", "cause", "code", "survives"),
    [
        (Status(up=True, began=True, code=3), {}, None, 3, 0),
        (Status(up=True, began=True), {}, Cause.UNKNOWN, None, 1),
        (Status(), {}, Cause.START_FAILED, None, 0),
        (Status(), {"helper": False}, Cause.UNKNOWN, None, 1),
    ],
    ids=["ended", "began", "never began", "without the helper"],
)
def test_a_container_whose_engine_went_away_over_its_start(
    status: Status, more: dict[str, Any], cause: Cause | None, code: int | None, survives: int
) -> None:
    """The engine calls it created, with exit code 0."""
    got = judge("0123456789ab", state(0, Status="created"), status, seen(**more))
    assert (got.cause, got.code) == (cause, code)
    assert "the engine went away over its start" in got.evidence[0].text
    assert got.stop is not None
    assert len(got.stop.survivors) == survives


@pytest.mark.needs("cc")
@pytest.mark.parametrize("before", ["begun", "revoked"])
def test_the_entry_helper_begins_a_command_once_and_never_after_it_was_revoked(tmp_path: Path, before: str) -> None:
    """A start may be put to one engine twice, and an engine that dies over one leaves it to others to go on."""
    helper = entry_file().path
    assert helper is not None
    folder = HostFolder(tmp_path)
    folder.prepare({}, {}, b"kill\0")
    words = [helper, folder.control, "/bin/sh", "-c", f"echo begun >> {tmp_path}/effects"]
    if before == "begun":
        assert subprocess.run(words).returncode == 0
    assert folder.revoke() is (before == "revoked")
    again = subprocess.run(words, capture_output=True, text=True)
    assert again.returncode == 125
    assert "status cannot be used: error 17" in again.stderr
    assert (tmp_path / "effects").exists() is (before == "begun")
    if before == "begun":
        assert (tmp_path / "effects").read_text() == "begun\n"
        assert folder.status() == Status(up=True, began=True, code=0)


def test_a_stop_is_put_once_the_container_hears_it(tmp_path: Path) -> None:
    """The helper says when it is up; a signal before that would be thrown away by an init that is not."""
    import asyncio

    from anyjob_docker.launcher import hears

    folder = HostFolder(tmp_path)
    folder.prepare({}, {}, b"kill\0")

    async def life() -> None:
        waits = asyncio.ensure_future(hears(folder))
        for _ in range(3):
            await asyncio.sleep(0.03)
        assert not waits.done()
        (folder.control / "status").write_text("up\n")
        await waits

    asyncio.run(life())


@pytest.mark.parametrize(
    ("status", "said", "asked", "problem"),
    [
        (
            400,
            "Minimum memory limit allowed is 6MB",
            AskedLimit("XAttrs.limits.memory", "4Ki"),
            (
                'XAttrs.limits.memory: "4Ki" is refused by the engine: Minimum memory limit allowed is 6MB;'
                " write 6Mi or more"
            ),
        ),
        (
            500,
            "OCI runtime create failed: container init was OOM-killed (memory limit too low?): unknown",
            AskedLimit("XAttrs.limits.memory", "6Mi"),
            (
                'XAttrs.limits.memory: "6Mi" is refused by the engine: OCI runtime create failed: container init was'
                " OOM-killed (memory limit too low?): unknown; write more"
            ),
        ),
        (
            400,
            "Range of CPUs is from 0.01 to 2.00, as only 2 CPUs are available",
            AskedLimit("launchers.docker.limits.cpu", "64"),
            (
                'launchers.docker.limits.cpu: "64" is refused by the engine: Range of CPUs is from 0.01 to 2.00, as'
                " only 2 CPUs are available; write a number from 0.01 to 2"
            ),
        ),
    ],
)
def test_limits_that_the_engine_refuses(status: int, said: str, asked: AskedLimit, problem: str) -> None:
    options = DockerOptions.model_validate({"image": "busybox"})
    limits = {asked.field.rpartition(".")[2]: asked}
    got = refused_exit(status, said, options, None, "/run/x", {}, limits)
    assert (got.cause, got.last_line) == (Cause.BAD_CONFIG, problem)
