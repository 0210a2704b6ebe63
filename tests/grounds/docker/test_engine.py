"""The Docker ground itself: what the tests of launchers rely on."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Generator
from contextlib import closing
from pathlib import Path

import docker
import pytest
from docker.models.containers import Container
from tests.grounds import remains
from tests.grounds.docker.engine import Engine, lent_engine

pytestmark = [pytest.mark.needs("docker")]
ROOT = Path(__file__).parents[3]


def left(engine: Engine, *groups: str) -> dict[str, list[int] | list[Path]]:
    """What there is of an engine outside its files."""
    everywhere = [pid for pid in remains.running() if str(engine.dir).encode() in command(pid)]
    names = [engine.group, *groups]
    return {
        "processes": everywhere,
        "members": remains.group_members(names),
        "mounts": remains.mounts(engine.dir),
        "groups": remains.groups(names),
    }


NOTHING: dict[str, list[int] | list[Path]] = {"processes": [], "members": [], "mounts": [], "groups": []}


def status(container: Container) -> str:
    container.reload()
    return container.status


def command(pid: int) -> bytes:
    try:
        return Path(f"/proc/{pid}/cmdline").read_bytes()
    except OSError:
        return b""


@pytest.fixture
def client(engine: Engine) -> Generator[docker.DockerClient]:
    with closing(engine.client()) as opened:
        yield opened


def test_a_container_has_no_network_and_a_group_of_the_engines_own(client: docker.DockerClient, engine: Engine) -> None:
    look = "cat /proc/self/cgroup; cat /sys/class/net/*/address; id -u; touch /x || echo read"
    said = client.containers.run("busybox:latest", ["sh", "-c", look], remove=True, user="65534", read_only=True)
    groups, rest = said.decode().splitlines()[:-3], said.decode().splitlines()[-3:]
    assert {line.split(":", 2)[2].split("/")[1] for line in groups} == {engine.group}
    assert rest == ["00:00:00:00:00:00", "65534", "read"]  # one network device: the loopback


def test_what_a_test_killed(engine: Engine) -> None:
    engine.kill()
    assert not engine.running()


def test_is_back_for_the_next(client: docker.DockerClient) -> None:
    assert client.images.get("busybox:test")


def test_killed_and_stopped_at_will(tmp_path: Path) -> None:
    with Engine(tmp_path / "e") as own, closing(own.client()) as client:
        own.images.need("busybox:test")
        group = f"{own.group}x"
        sleep = ["sleep", "1000"]
        first = client.containers.run("busybox:test", sleep, detach=True, init=True)
        other = client.containers.run("busybox:test", sleep, detach=True, init=True, cgroup_parent=f"/{group}")
        own.kill(signal.SIGKILL)
        assert not own.running()
        assert len(left(own, group)["members"]) == 4
        own.start()  # without live-restore an engine ends what it finds
        assert [(status(container), container.attrs["State"]["ExitCode"]) for container in (first, other)] == [
            ("exited", 143),
            ("exited", 143),
        ]
        own.kill(signal.SIGTERM)
        own.start(live_restore=True)
        first.start()
        other.start()
        assert status(first) == "running"
        pid = first.attrs["State"]["Pid"]
        own.kill(signal.SIGTERM)
        own.start(live_restore=True)
        assert (status(first), first.attrs["State"]["Pid"]) == ("running", pid)
        own.kill()
        sockets = [
            Path(file.read_text().removeprefix("unix://")) for file in own.dir.glob("containerd/state/*/*/*/address")
        ]
        assert [path.exists() for path in sockets] == [True, True]
        own.stop()
        assert [path.exists() for path in sockets] == [False, False]
        assert left(own) == NOTHING
        above = remains.groups([group])  # somebody else's, and empty
        assert remains.group_members([group]) == []
        assert {path.name for path in above} == {group}
        remains.remove_groups([group])
        own.start()
        assert status(first) == "exited"
        assert client.images.get("busybox:test")
    assert left(own) == NOTHING
    assert not own.dir.exists()


def test_what_a_killed_owner_left_is_cleared_by_the_next(client: docker.DockerClient, engine: Engine) -> None:
    code = """
import sys
from tests.grounds.docker.engine import lent_engine
with lent_engine() as engine:
    engine.client().containers.run("busybox:test", ["sleep", "1000"], detach=True)
    print(engine.dir, flush=True)
    sys.stdin.read()
"""
    here = client.containers.run("busybox:test", ["sleep", "1000"], detach=True)
    words = [sys.executable, "-c", code]
    with subprocess.Popen(words, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, cwd=ROOT) as owner:
        assert owner.stdout
        folder = Path(owner.stdout.readline().strip())
        owner.kill()
    lost = Engine(folder)
    assert lost.running()
    assert len(left(lost)["members"]) == 1
    with lent_engine() as other:
        assert other.dir not in (folder, engine.dir)
    assert left(lost) == NOTHING
    assert not folder.exists()
    here.reload()
    assert here.status == "running"  # the engine of an owner that lives
    here.remove(force=True)


def test_up_and_down_by_hand(tmp_path: Path) -> None:
    def run(what: str, **more: str) -> str:
        words = [sys.executable, "-m", "tests.grounds.docker", what, "--dir", str(tmp_path)]
        done = subprocess.run(words, capture_output=True, text=True, cwd=ROOT, env={**os.environ, **more})
        assert not done.returncode, done.stderr
        return done.stdout

    (tmp_path / "mine").touch()
    assert run("up") == f"export DOCKER_HOST=unix://{tmp_path}/sock\n"
    engine = Engine(tmp_path)
    with closing(engine.client()) as client:
        client.containers.run("busybox:test", ["sleep", "1000"], detach=True)
    assert run("up")  # it is up
    assert run("down", PATH=os.defpath) == ""
    assert left(engine) == NOTHING
    assert os.listdir(tmp_path) == ["mine"]
    assert run("down") == ""
