"""What a container has and has not: seen from inside, and as the engine shows it."""

# docker's own types are not whole.
# pyright: reportUnknownMemberType=false, reportUnknownVariableType=false

from __future__ import annotations

import asyncio
import json
import re
import stat
import tempfile
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import docker
import pytest
from tests.grounds.docker.engine import Engine
from tests.plugins.docker.conftest import Ground, ground

from anyjob.job import BadJob
from anyjob.outcome import Cause, Json
from anyjob.testing.rig import Finished
from anyjob.worker.order import RunOrder
from anyjob.worker.settings import SecretSource

pytestmark = pytest.mark.needs("docker")

LOOKS = """
grep -E 'CapEff|CapBnd|NoNewPrivs' /proc/self/status
echo "init=$(tr '\\0' ' ' < /proc/1/cmdline)"
echo "uid=$(id -u) gid=$(id -g)"
[ -t 0 ] || [ -t 1 ] || echo notty
touch /etc/x 2>/dev/null || echo root is read-only
echo '{"written": true}' > "$ANYJOB_RESULT"
touch /scratch/x && echo scratch
df -k /dev/shm | awk 'END { print "shm=" $2 }'
ls /sys/class/net
echo "secret=$(cat "$ANYJOB_SECRETS/TOKEN")" | wc -c
echo "$BY_ENV" | wc -c
cat "$ANYJOB_PROGRESS" 2>/dev/null
echo ready
while [ ! -e go ]; do sleep 0.05; done
"""
SECRET = "s3cret-of-the-test"


def looked(
    rig: Ground, client: docker.DockerClient, order: RunOrder, secrets: Mapping[str, SecretSource] | None = None
) -> tuple[Finished, Mapping[str, Any], str]:
    """A run of LOOKS: its end, what the engine shows of it, and all that it shows as text."""

    async def life() -> tuple[Finished, Mapping[str, Any]]:
        async with rig.worker(secrets) as worker:
            run = await rig.submit(worker, order)
            await rig.until(lambda: b"ready" in rig.log(run) or run.record.outcome, "it has not begun")
            seen = client.api.inspect_container(run.name)
            (rig.state / "runs" / run.name / "work" / "go").touch()
            return await rig.finish(run), seen

    got, seen = asyncio.run(life())
    return got, seen, json.dumps(seen)


def test_a_container_has_what_the_job_says_and_no_more(rig: Ground, client: docker.DockerClient) -> None:
    (rig.folder / "token").write_text(SECRET)
    xattrs: dict[str, Json] = {
        "user": "4711:4712",
        "readOnlyRoot": True,
        "shm": "8Mi",
        "mounts": [{"target": "/scratch", "size": "1Mi"}],
        "limits": {"memory": "64Mi", "cpu": 0.5, "pids": 20},
        "labels": {"team": "payments", "anyjob.run": "forged"},
        "stopSignal": "INT",
        "secrets": {"TOKEN": "token"},
        "env": {"BY_ENV": {"secret": "TOKEN"}, "PLAIN": "x=y"},
    }
    order = rig.order(rig.script(LOOKS, xattrs))
    got, seen, text = looked(rig, client, order, {"token": SecretSource(file=rig.folder / "token", groups=["*"])})
    assert got.outcome.ok, got.said
    lines = got.log.decode().splitlines()
    assert "uid=4711 gid=4712" in lines
    assert {"CapEff:\t0000000000000000", "CapBnd:\t0000000000000000", "NoNewPrivs:\t1"} <= set(lines)
    assert any(line.startswith("init=/sbin/docker-init -- ") for line in lines)
    assert {"notty", "root is read-only", "scratch", "shm=8192", "lo"} <= set(lines)
    assert "eth0" not in lines
    assert got.outcome.outputs == {"written": True}  # by a user whom this machine does not know
    # Both lines hold the secret: `secret=` and the line's end, and the variable alone.
    assert str(len(SECRET) + 8) in lines
    assert str(len(SECRET) + 1) in lines
    host = seen["HostConfig"]
    assert (host["Memory"], host["MemorySwap"], host["NanoCpus"]) == (64 << 20, 64 << 20, 500_000_000)
    assert (host["PidsLimit"], host["Init"], host["Privileged"], host["CapDrop"]) == (22, True, False, ["ALL"])
    assert seen["Config"]["StopSignal"] == "SIGINT"
    labels = seen["Config"]["Labels"]
    assert (labels["team"], labels["anyjob.run"], labels["anyjob.fence"]) == ("payments", order.name, str(order.fence))
    page = (Path(__file__).parents[3] / "plugins" / "docker" / "README.md").read_text()
    told = set(re.findall(r"`(anyjob\.[a-z-]+)`", page))
    assert {name for name in labels if name.startswith("anyjob.")} == told - {"anyjob.returns"}
    assert seen["Name"] == f"/{order.name}"
    assert "PLAIN=x=y" in seen["Config"]["Env"]
    assert SECRET not in text
    assert not any(variable.startswith("BY_ENV") for variable in seen["Config"]["Env"])


def test_nobody_else_of_the_machine_comes_to_the_runs_files(rig: Ground, client: docker.DockerClient) -> None:
    order = rig.order(rig.script("echo ready; while [ ! -e go ]; do sleep 0.05; done"))
    folder = rig.state / "runs" / order.name
    looked(rig, client, order)
    assert stat.S_IMODE(folder.stat().st_mode) == 0o700
    assert not (folder / "control").exists()  # what only the run needed is gone with it


def test_what_the_settings_say_holds_for_jobs_that_say_nothing(tmp_path: Any, engine: Engine) -> None:
    settings = {"user": "65534:65534", "read_only_root": True, "limits": {"memory": "32Mi"}}
    with ground(tmp_path, engine, **settings) as rig:
        got = rig.says(rig.script("id -u; touch /x; cat /sys/fs/cgroup/memory/memory.limit_in_bytes 2>&1; true"))
        assert got.log.startswith(b"65534\n")
        assert b"Read-only file system" in got.log
        with pytest.raises(BadJob, match=r"XAttrs.limits.memory: \"64Mi\" is more than .* write 32Mi or less"):
            rig.says(rig.script("true", {"limits": {"memory": "64Mi"}}))
        eats = rig.says(rig.words("dd", "if=/dev/zero", "of=/dev/null", "bs=100000000", "count=1"))
        assert eats.outcome.cause is Cause.OUT_OF_MEMORY


def test_an_image_s_own_entry_point_command_and_folder(rig: Ground, client: docker.DockerClient) -> None:
    base = client.containers.create("busybox:test", ["true"])
    own = {"Entrypoint": ["/bin/echo", "entry"], "Cmd": ["usual"], "WorkingDir": "/etc", "User": "65534"}
    base.commit("anyjob-own", "1", conf=own)
    folder = {"Entrypoint": ["/bin/sh", "-c"], "Cmd": ["pwd; id -u; echo $0 $@"], "WorkingDir": "/etc", "User": "65534"}
    base.commit("anyjob-own", "2", conf=folder)
    base.remove()
    try:
        usual = rig.says(rig.words(xattrs={"image": "anyjob-own:1", "launcher": "docker"}))
        assert usual.log == b"entry usual\n"
        with pytest.raises(BadJob, match=r"XAttrs.launcher: \"local\" does not fit JobType 'docker'"):
            rig.says(rig.words(xattrs={"launcher": "local"}))
        given = rig.says(rig.words("a b", "#{schedulerx.jobName}", xattrs={"image": "anyjob-own:1"}))
        assert given.log == b"entry a b conformance\n"
        where = rig.says(rig.words(xattrs={"image": "anyjob-own:2"}))
        assert where.log.splitlines()[:2] == [b"/etc", b"65534"]
        elsewhere = rig.says(rig.words(xattrs={"image": "anyjob-own:2", "cwd": "/proc"}))
        assert elsewhere.log.splitlines()[0] == b"/proc"
    finally:
        for tag in ("1", "2"):
            client.images.remove(f"anyjob-own:{tag}", force=True)


@pytest.mark.parametrize(
    ("xattrs", "field"),
    [
        ({"user": "nobody-here"}, 'XAttrs.user: "nobody-here" is not in image busybox:test'),
        ({"network": "no-such-net"}, 'XAttrs.network: "no-such-net" is no network of the engine'),
        ({"mounts": [{"source": "/no/such/folder", "target": "/x"}]}, "XAttrs.mounts cannot be made"),
        ({"cwd": "/etc/passwd"}, 'XAttrs.cwd: "/etc/passwd" cannot be used'),
        ({"limits": {"memory": "4Ki"}}, 'XAttrs.limits.memory: "4Ki" is refused by the engine: Minimum memory limit'),
        ({"limits": {"cpu": 4096}}, 'XAttrs.limits.cpu: "4096" is refused by the engine: Range of CPUs is from'),
    ],
    ids=["user", "network", "mount", "folder", "memory", "cpu"],
)
def test_what_the_engine_refuses_is_told_by_its_field(rig: Ground, xattrs: Mapping[str, Json], field: str) -> None:
    got = rig.says(rig.script("true", xattrs))
    assert got.outcome.cause is Cause.BAD_CONFIG, got.said
    assert got.outcome.result.startswith(field), got.outcome.result


@pytest.fixture
def allowed() -> Iterator[Path]:
    """A folder with a short path: messages lose the middles of long ones."""
    with tempfile.TemporaryDirectory() as folder:
        yield Path(folder)


def test_a_link_does_not_lead_to_what_is_not_allowed(tmp_path: Any, engine: Engine, allowed: Path) -> None:
    (allowed / "link").symlink_to("/etc")
    with ground(tmp_path / "rig", engine, mounts=[f"{allowed}/**", "/run"]) as rig:
        away = rig.says(rig.script("ls /x", {"mounts": [{"source": f"{allowed}/link", "target": "/x"}]}))
        assert away.outcome.cause is Cause.REJECTED
        assert '/link" leads to /etc, which is not among the mounts' in away.outcome.result
        with pytest.raises(BadJob, match=r"holds the socket of an engine \(/run/docker.sock\)"):
            rig.says(rig.script("ls /x", {"mounts": [{"source": "/run", "target": "/x"}]}))
    with ground(tmp_path / "other", engine) as rig:
        # The engine of these tests is no usual one: its socket is known before the start only.
        own = rig.says(rig.script("ls /x", {"mounts": [{"source": str(engine.dir), "target": "/x"}]}))
        assert own.outcome.cause is Cause.REJECTED
        assert "holds the socket of an engine" in own.outcome.result
