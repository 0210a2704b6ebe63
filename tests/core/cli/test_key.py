"""`anyjob key`: keys of applications, and a worker that takes and drops them while it runs."""

from __future__ import annotations

import json
import os
import signal
import stat
from pathlib import Path

import pytest
from tests.core.apps.town import callee
from tests.core.cli.program import Program, toml, until

PLUGIN = """
import sys
sys.path.insert(0, {root!r})
from tests.core.apps.town import CodePlugin
from anyjob.plugins import hookimpl

@hookimpl
def anyjob_executors():
    return CodePlugin().anyjob_executors()
"""


def test_a_key_is_shown_once_and_kept_as_a_hash(anyjob: Program, tmp_path: Path) -> None:
    state = tmp_path / "kept"
    made = anyjob("key", "create", "--app", "shop", "--state", str(state), "--json")
    assert made.status == 0, made.err
    said = json.loads(made.out)
    token, ident = said["token"], said["id"]
    assert len(token) > 40
    file = state / "app-keys.json"
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    assert token not in file.read_text()
    people = anyjob("key", "create", "--app", "billing", "--state", str(state))
    assert b"aja_" in people.out
    listed = anyjob("key", "list", "--app", "--state", str(state), "--json")
    assert [key["group"] for key in json.loads(listed.out)["keys"]] == ["shop", "billing"]
    assert b"aja_" not in anyjob("key", "list", "--app", "--state", str(state)).out
    gone = anyjob("key", "revoke", ident, "--app", "--state", str(state))
    assert gone.status == 0
    assert b"revoked" in gone.out
    again = anyjob("key", "revoke", ident, "--app", "--state", str(state))
    assert again.status == 2
    assert f"There is no key '{ident}' of applications" in again.err


def test_a_servers_folder_stands_for_that_of_its_worker(anyjob: Program, tmp_path: Path) -> None:
    """There the keys are read; one that lies above is nobody's."""
    worker = tmp_path / "server" / "worker"
    worker.mkdir(parents=True)
    (worker / "worker.jsonl").touch()
    assert anyjob("key", "create", "--app", "shop", "--state", str(tmp_path / "server")).status == 0
    assert (worker / "app-keys.json").exists()
    assert not (tmp_path / "server" / "app-keys.json").exists()


@pytest.mark.parametrize(
    "arguments", [("create",), ("create", "--app", " "), ("create", "--app", "a\nb"), ("list",), ("revoke", "x")]
)
def test_a_command_that_does_not_say_whose_key_is_bad_input(
    anyjob: Program, tmp_path: Path, arguments: tuple[str, ...]
) -> None:
    """Where no plugin brings keys of its own."""
    anyjob.environment["ANYJOB_CONFIG"] = str(toml(tmp_path / "any.toml", {"plugins": 'deny = ["server"]'}))
    done = anyjob("key", *arguments)
    assert done.status == 2
    assert not (anyjob.own / "app-keys.json").exists()


def test_without_the_option_a_plugin_that_brings_keys_has_the_word(anyjob: Program) -> None:
    anyjob.install(
        "badges",
        """
        import typer
        from anyjob.plugins import CommandType, hookimpl

        def key(words: list[str]):
            print("badge", *words)

        @hookimpl
        def anyjob_commands():
            return [CommandType(name="key", command="anyjob_badges:key", help="Badges.")]
        """,
    )
    anyjob.environment["ANYJOB_CONFIG"] = str(toml(anyjob.folder / "any.toml", {"plugins": 'deny = ["server"]'}))
    assert anyjob("key", "create").out == b"badge create\n"
    assert b'"keys": []' in anyjob("key", "list", "--app", "--json").out
    assert anyjob("key", "create", "--app=shop").status == 0
    assert b"Badges" not in anyjob("--help").out


def test_run_listens_for_its_time_and_takes_keys_made_before_and_revoked_meanwhile(
    anyjob: Program, tmp_path: Path
) -> None:
    """A job without GroupId runs in the applications of the only group that has a key."""
    anyjob.install("code", PLUGIN.format(root=os.getcwd()))
    where = f"unix:{tmp_path}/apps.sock"
    config = toml(tmp_path / "any.toml", {"worker.apps": f'listen = ["{where}"]\nreconnect = 1'})
    made = json.loads(anyjob("key", "create", "--app", "shop", "--json").out)
    code = "run.log('here\\n'); run.stopping.wait(60); run.result(cause='succeeded', result='done')"
    job = anyjob.job(code, JobType="code", XAttrs={"wait": 30})
    with callee(where, token=made["token"]):
        going = anyjob.start("run", job, "--config", str(config), "--json")
        until(lambda: b"here" in b"".join(log.read_bytes() for log in anyjob.own.glob("*/runs/*/log")), "its log")
        going.send_signal(signal.SIGINT)
        done = anyjob.finish(going)
        assert done.status == 130
        assert done.json["stop"]["by"] == "flag"
        assert not (tmp_path / "apps.sock").exists(), "it does not listen any more"

        going = anyjob.start("run", job, "--config", str(config), "--json")
        until(lambda: len([*anyjob.own.glob("*/runs/*/log")]) == 2, "the second log")
        anyjob("key", "revoke", made["id"], "--app")
        done = anyjob.finish(going)
        assert done.json["cause"] == "unknown"
        said = "was sent away by this worker, because its key was revoked, and has not come back within 1 s"
        assert said in str(done.json["evidence"])
        assert "may still be going" in str(done.json["evidence"])


def test_a_shell_job_does_not_listen(anyjob: Program, tmp_path: Path) -> None:
    config = toml(tmp_path / "any.toml", {"worker.apps": f'listen = ["unix:{tmp_path}/apps.sock"]'})
    done = anyjob("run", anyjob.job(f"ls {tmp_path}"), "--config", str(config))
    assert done.status == 0
    assert b"apps.sock" not in done.out


def test_an_open_address_is_said_at_the_start(anyjob: Program, tmp_path: Path) -> None:
    anyjob.install("code", PLUGIN.format(root=os.getcwd()))
    apps = 'listen = ["tcp:0.0.0.0:0"]\ninsecure = true\ntokens = {shop = "a-token-of-shop"}'
    config = toml(tmp_path / "any.toml", {"worker.apps": apps})
    done = anyjob("run", anyjob.job("", JobType="code", XAttrs={"wait": 0}), "--config", str(config))
    assert "listens on tcp:0.0.0.0:0, which other machines can reach; what is said there is not encrypted" in done.err
    assert "no application of app group 'shop' serves 'main': none is connected" in done.err


def test_a_group_of_another_namespace_is_named_with_it(anyjob: Program, tmp_path: Path) -> None:
    state = str(tmp_path / "state")
    made = anyjob("key", "create", "--app", "dev/shop", "--state", state, "--json")
    assert json.loads(made.out)["group"] == "dev/shop", made.err
    for wrong, remedy in (
        ("default/shop", "write shop"),
        ("a/b/c", "names no app group"),
        ("/shop", "names no app group"),
    ):
        refused = anyjob("key", "create", "--app", wrong, "--state", state)
        assert refused.status == 2
        assert remedy in " ".join(refused.err.replace("│", " ").split()), refused.err
