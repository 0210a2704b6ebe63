"""Which server is meant: options, then the environment, then the state folder."""

from __future__ import annotations

import os
import stat
import subprocess
from pathlib import Path

import pytest

from anyjob.errors import BadSettings, StateUnusable
from anyjob_server.client.errors import KeyMissing, NoServer
from anyjob_server.client.serverfile import ServerFile, read_server_file, write_server_file
from anyjob_server.client.target import find_target, read_url

KEYS = {"ANYJOB_ACCESS_KEY_ID": "id", "ANYJOB_ACCESS_KEY_SECRET": "secret"}


def a_file(state: Path, pid: int = 0, url: str = "http://127.0.0.1:9") -> ServerFile:
    file = ServerFile(url=url, pid=pid or os.getpid(), key="local-1", secret="own", fingerprint="ab")
    write_server_file(state, file)
    return file


def test_the_state_folder_answers_on_the_servers_machine(tmp_path: Path) -> None:
    file = a_file(tmp_path)
    assert stat.S_IMODE((tmp_path / "server.json").stat().st_mode) == 0o600
    assert read_server_file(tmp_path) == file
    target = find_target(tmp_path, environment={})
    assert (target.url, target.key, target.secret, target.fingerprint) == (file.url, "local-1", "own", "ab")
    assert (target.namespace, target.group, target.told, target.chosen) == ("default", "default", "", frozenset())
    assert "own" not in repr((file, target))


def test_options_count_more_than_the_environment_and_that_more_than_the_folder(tmp_path: Path) -> None:
    a_file(tmp_path)
    environment = {**KEYS, "ANYJOB_SERVER": "http://a:1", "ANYJOB_NAMESPACE": "n", "ANYJOB_GROUP": "g"}
    target = find_target(None, environment=environment)
    assert (target.url, target.key, target.fingerprint) == ("http://a:1", "id", "")
    own = find_target(tmp_path, environment=environment)
    assert (own.url, own.key) == ("http://127.0.0.1:9", "local-1"), "a folder that was named is no other server"
    assert (target.namespace, target.group, target.chosen) == ("n", "g", frozenset())
    target = find_target(tmp_path, server="https://b:2", group="h", environment=environment)
    assert (target.url, target.namespace, target.group, target.chosen) == ("https://b:2", "n", "h", {"GroupId"})
    same = find_target(tmp_path, server="http://127.0.0.1:9", environment={})
    assert same.key == "local-1", "the folder's own server, named"


def test_the_folders_key_is_for_its_own_server_only(tmp_path: Path) -> None:
    a_file(tmp_path)
    with pytest.raises(KeyMissing, match="ANYJOB_ACCESS_KEY_ID is not set"):
        find_target(tmp_path, server="http://elsewhere:1", environment={})
    with pytest.raises(KeyMissing, match="ANYJOB_ACCESS_KEY_SECRET is not set"):
        find_target(None, environment={"ANYJOB_ACCESS_KEY_ID": "id", "ANYJOB_SERVER": "http://a:1"})


def test_without_any_server_the_message_says_how_to_have_one(tmp_path: Path) -> None:
    with pytest.raises(NoServer, match="Start one with `anyjob serve`"):
        find_target(tmp_path / "none", environment=KEYS)


def test_a_server_that_was_killed_is_told(tmp_path: Path) -> None:
    over = subprocess.Popen(["true"])
    over.wait()
    a_file(tmp_path, pid=over.pid)
    assert f"start it again: anyjob serve --state {tmp_path}" in find_target(tmp_path, environment={}).told


def test_one_that_was_killed_is_gone_before_its_parent_has_looked(tmp_path: Path) -> None:
    with subprocess.Popen(["true"]) as process:
        os.waitid(os.P_PID, process.pid, os.WEXITED | os.WNOWAIT)
        assert not a_file(tmp_path, process.pid).lives()
    assert a_file(tmp_path, os.getpid()).lives()


@pytest.mark.parametrize("text", ["", "[]", '{"url": 1}', '{"url": "u", "pid": 1, "key": "k", "secret": "s", "x": 1}'])
def test_a_broken_server_file_is_named(tmp_path: Path, text: str) -> None:
    (tmp_path / "server.json").write_text(text)
    with pytest.raises(StateUnusable, match=r"server\.json cannot be read"):
        find_target(tmp_path, environment={})


@pytest.mark.parametrize(
    ("text", "url"),
    [
        ("127.0.0.1:7780", "http://127.0.0.1:7780"),
        ("localhost:1", "http://localhost:1"),
        ("[::1]:1/", "http://[::1]:1"),
        ("jobs.example:7780", "https://jobs.example:7780"),
        ("http://jobs.example", "http://jobs.example"),
    ],
)
def test_an_address_without_a_scheme_is_plain_only_on_this_machine(text: str, url: str) -> None:
    assert read_url(text, "--server") == url


@pytest.mark.parametrize(
    ("text", "remedy"),
    [
        ("ftp://a:1", "is no http address"),
        ("http://", "names no host"),
        ("http://k:s@a:1", "names no host"),
        ("http://a:1/x", "has more than scheme, host and port"),
        ("a:", "has no port after its colon"),
        ("a:99999", "has a port that is none"),
        ("a:b", "has a port that is none"),
    ],
)
def test_a_wrong_address_names_field_value_and_remedy(text: str, remedy: str) -> None:
    with pytest.raises(BadSettings) as wrong:
        read_url(text, "ANYJOB_SERVER")
    (problem,) = wrong.value.problems
    assert (problem.field, problem.value) == ("ANYJOB_SERVER", text)
    assert problem.remedy == f"{remedy}; write http://127.0.0.1:7780"
