"""`anyjob doctor`: what is here, what is missing, and what to do about it."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any

import pytest
from tests.core.cli.program import Program, Terminal, running_shims, toml, until

SICK = """
    from anyjob.executor import FunctionExecutor, Health
    from anyjob.plugins import ExecutorType, hookimpl
    from anyjob.spec import Spec

    class SickSpec(Spec):
        pass

    class SickExecutor(FunctionExecutor[SickSpec]):
        def call(self, run, spec):
            raise NotImplementedError

        async def health(self):
            return Health(state="undetected", why="there is no \\x1b[31m[red]engine; install one")

    class HurtExecutor(SickExecutor):
        async def health(self):
            return Health(state="unhealthy", why="it says no; ask it why")

    @hookimpl
    def anyjob_executors():
        yield ExecutorType(job_type="sick", executor=SickExecutor, spec=SickSpec)
        yield ExecutorType(job_type="hurt", executor=HurtExecutor, spec=SickSpec)
"""
_ROOTS = ["programs"] if os.getuid() == 0 else []
MACHINE = ["python", "user", *_ROOTS, "stops", "limits", "state folder", "shim", "memory", "processes", "open files"]


def found(anyjob: Program, *options: str) -> tuple[int, dict[tuple[str, str], dict[str, Any]]]:
    """Exit status, and findings by part and name."""
    done = anyjob("doctor", "--json", *options)
    said = json.loads(done.out)
    assert said["ok"] is (done.status == 0), done.err
    return done.status, {(one["part"], one["name"]): one for one in said["findings"]}


def test_what_is_here_is_well(anyjob: Program, tmp_path: Path) -> None:
    alone = toml(tmp_path / "alone.toml", {"plugins": 'allow = ["shell"]'})
    status, said = found(anyjob, "--config", str(alone))
    assert status == 0, said
    assert [name for part, name in said if part == "types"] == ["shell"]
    assert [name for part, name in said if part == "machine"] == MACHINE
    assert said["types", "shell"]["grade"] == said["launchers", "local"]["grade"] == "ok"
    assert str(anyjob.own) in said["machine", "state folder"]["fact"]
    assert "answer on their socket" in said["machine", "shim"]["fact"]
    until(lambda: not running_shims(tmp_path), "the end of the shim that was tried")
    assert [*anyjob.state.glob("**/anyjob-doctor-*"), *tmp_path.glob("anyjob-doctor-*")] == []


def test_what_is_missing_names_its_remedy(anyjob: Program, tmp_path: Path) -> None:
    """Real things that are not here: an engine at an address that nobody has, no kubeconfig, an interpreter, a Java."""
    anyjob.environment |= {"DOCKER_HOST": f"unix://{tmp_path}/nowhere.sock", "KUBECONFIG": ""}
    anyjob.environment.pop("KUBERNETES_SERVICE_HOST", None)
    settings = {
        "executors.python": 'command = "python-that-is-not-here"',
        "executors.java": f'java = "{tmp_path}/no-java"',
    }
    status, said = found(anyjob, "--config", str(toml(tmp_path / "lacking.toml", settings)))
    assert status == 1
    expected = {
        "docker": ("missing", "nowhere.sock", "systemctl start docker"),
        "k8s": ("missing", "No cluster is known", "Set KUBECONFIG"),
        "python": ("missing", "python-that-is-not-here", "install it"),
        "java": (None, "Java", "openjdk-17-jdk-headless"),
        "xxljob": ("missing", "no access token", "write [executors.xxljob] token"),
    }
    for name, (grade, *words) in expected.items():
        one = said["types", name]
        assert one["grade"] == grade or (grade is None and one["grade"] in ("missing", "broken")), one
        assert all(word in one["fact"] for word in words), one
    assert said["launchers", "docker"]["grade"] == "missing"
    assert said["types", "shell"]["grade"] == "ok"


def test_wrong_settings_of_a_type_are_a_line_like_others(anyjob: Program, tmp_path: Path) -> None:
    done = anyjob("doctor", "--config", str(toml(tmp_path / "wrong.toml", {"executors.http": "hold = true"})))
    assert done.status == 1
    (line,) = [line for line in done.out.decode().splitlines() if line.split()[1:2] == ["http"]]
    assert "executors.http.hold" in line
    assert "\\n" not in line


def test_a_machine_that_gives_less_is_told_with_what_gives_more(anyjob: Program, tmp_path: Path) -> None:
    less = toml(tmp_path / "less.toml", {"plugins": 'allow = ["shell"]', "worker": 'cgroup = "off"'})
    status, said = found(anyjob, "--config", str(less))
    assert status == 0, "less is not nothing"
    for name in ("stops", "limits"):
        one = said["machine", name]
        assert one["grade"] == "warn"
        assert "Delegate=yes" in one["remedy"]


@pytest.mark.needs("root")
def test_a_program_that_others_cannot_come_to(anyjob: Program, tmp_path: Path) -> None:
    """Also behind a link: python3 is one, in a closed folder."""
    closed = tmp_path / "closed"
    closed.mkdir(mode=0o700)
    (closed / "python3").symlink_to("/bin/sh")
    anyjob.environment["PATH"] = f"{closed}:/usr/bin:/bin"
    alone = toml(tmp_path / "alone.toml", {"plugins": 'allow = ["shell"]'})
    status, said = found(anyjob, "--config", str(alone))
    one = said["machine", "programs"]
    assert (status, one["grade"]) == (0, "warn")
    assert f" to {closed}/python3" in one["fact"]
    assert "XAttrs.command" in one["remedy"]
    anyjob.environment["PATH"] = "/usr/bin:/bin"
    assert f" to {closed}/python3" not in found(anyjob, "--config", str(alone))[1]["machine", "programs"]["fact"]


def test_a_state_folder_that_cannot_be(anyjob: Program, tmp_path: Path) -> None:
    alone = toml(tmp_path / "alone.toml", {"plugins": 'allow = ["shell"]'})
    status, said = found(anyjob, "--config", str(alone), "--state", "/proc/nowhere")
    assert status == 1
    one = said["machine", "state folder"]
    assert (one["grade"], "/proc" in one["fact"], "--state" in one["remedy"]) == ("missing", True, True)
    assert said["machine", "shim"]["grade"] == "broken"


def test_a_line_a_thing_and_nothing_of_a_plugin_acts_on_the_terminal(anyjob: Program) -> None:
    anyjob.install("sick", SICK)
    done = anyjob("doctor")
    assert done.status == 1
    lines = done.out.decode().splitlines()
    (sick,) = [line for line in lines if "[red]engine" in line]
    assert sick.split() == ["missing", "sick", "there", "is", "no", "\\x1b[31m[red]engine;", "install", "one"]
    assert any(line.split()[:2] == ["broken", "hurt"] for line in lines)
    terminal = Terminal(anyjob, "doctor")
    assert terminal.finish() == 1
    assert b"\\x1b[31m[red]engine; install one" in terminal.shown


def test_a_plugin_that_did_not_come_up(anyjob: Program) -> None:
    anyjob.install("broken", "import no_such_module\n")
    status, said = found(anyjob)
    assert status == 1
    one = said["plugins", "broken"]
    assert (one["grade"], "no_such_module" in one["fact"]) == ("broken", True)
    assert "anyjob-broken 1.0" in one["remedy"]
