"""Scripts, templates and commands in every language, on a real cluster: what they are told, and what they cannot do."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml
from tests.executors.k8s.kit import rig_in, together
from tests.grounds.kubernetes.cluster import Cluster

from anyjob.job import Job
from anyjob.outcome import Cause
from anyjob.run import Shard
from anyjob.testing.rig import Finished, Rig
from anyjob.worker.settings import SecretSource

pytestmark = [pytest.mark.needs("k8s"), pytest.mark.timeout(300)]

ROOT = Path(__file__).parents[3]
ODD = "$(ANYJOB_RUN) $$ $HOME `id` 'x' \"y\" ; exit 9 #{schedulerx.jobId} 中"


@pytest.fixture
def namespace(cluster: Cluster) -> Iterator[str]:
    with cluster.namespace() as name:
        yield name


def job_of(content: str, parameters: str = "", template: str = "", **xattrs: Any) -> Job:
    return Job(name="j", job_type="k8s", content=content, xattrs=xattrs, parameters=parameters, template=template)


def ends_of(rig: Rig, *jobs: Job) -> list[Finished]:
    ends = asyncio.run(together(rig, jobs))
    assert [end.outcome.cause for end in ends] == [Cause.SUCCEEDED] * len(ends), [end.said for end in ends]
    return ends


PYTHON = """
import json, os, sys
print(json.dumps([sys.argv[1:], os.environ["ANYJOB_PARAMETERS"], open(os.environ["ANYJOB_SECRETS"] + "/TOKEN").read()]))
"""
NODE = """
const fs = require("fs"), env = process.env
const token = fs.readFileSync(env.ANYJOB_SECRETS + "/TOKEN", "utf8")
console.log(JSON.stringify([process.argv.slice(2), env.ANYJOB_PARAMETERS, token]))
"""
PHP = """<?php
$said = [array_slice($argv, 1), getenv("ANYJOB_PARAMETERS"), file_get_contents(getenv("ANYJOB_SECRETS") . "/TOKEN")];
echo json_encode($said), "\\n";
"""
LANGUAGES = [
    pytest.param("python", "python:test", PYTHON, id="python"),
    pytest.param("nodejs", "node:test", NODE, id="nodejs", marks=pytest.mark.needs("node")),
    pytest.param("php", "php:test", PHP, id="php", marks=pytest.mark.needs("php")),
]


@pytest.mark.parametrize(("resource", "image", "script"), LANGUAGES)
def test_a_script_is_told_its_run(
    resource: str, image: str, script: str, tmp_path: Path, cluster: Cluster, namespace: str, monkeypatch: Any
) -> None:
    cluster.need(image)
    monkeypatch.setenv("TOKEN_OF_THE_TEST", "hunter2$$")
    secrets = {"token": SecretSource(env="TOKEN_OF_THE_TEST", groups=["*"])}
    job = job_of(script, ODD, resource=resource, image=image, secrets={"TOKEN": "token"})

    async def life(rig: Rig) -> Finished:
        async with rig.worker(secrets) as worker:
            order = rig.order(job, shard=Shard(id=1, parameter="$(X)$$ y", total=2))
            return await rig.finish(await rig.submit(worker, order))

    with rig_in(tmp_path, cluster, namespace) as rig:
        end = asyncio.run(life(rig))
    assert end.outcome.cause is Cause.SUCCEEDED, end.said
    # What is a secret is hidden in the log, and with it in the result.
    assert json.loads(end.outcome.result) == [["1", "$(X)$$ y"], ODD, "[secret]"]


def test_the_pod_is_what_the_job_says(tmp_path: Path, cluster: Cluster, namespace: str) -> None:
    cluster.kubectl("create", "configmap", "app", "-n", namespace, "--from-literal=mode=fast", "--from-literal=x=1")
    cluster.kubectl("create", "secret", "generic", "db", "-n", namespace, "--from-literal=password=pa$(x)$$")
    cluster.kubectl("create", "serviceaccount", "runner", "-n", namespace)
    shell: dict[str, Any] = {"resource": "shell", "image": "busybox:test"}
    with rig_in(tmp_path, cluster, namespace) as rig:
        env, user, account, windows, latest, command, limited = ends_of(
            rig,
            job_of(
                'echo "$MODE $APP_x $PASSWORD $OURS"',
                **shell,
                env={"OURS": "$(MODE)"},
                envFrom=[{"configMapRef": {"name": "app"}, "prefix": "APP_"}],
                configMapEnv={"MODE": {"name": "app", "key": "mode"}},
                secretEnv={"PASSWORD": {"name": "db", "key": "password"}},
            ),
            job_of(
                "id; touch /x; echo a > /tmp/a && cat /tmp/a; grep CapBnd /proc/self/status",
                **shell,
                runAsUser=1000,
                runAsGroup=2000,
                fsGroup=3000,
                readOnlyRootFilesystem=True,
                restricted=True,
            ),
            job_of(
                "ls /var/run/secrets/kubernetes.io/serviceaccount",
                **shell,
                serviceAccount="runner",
                automountServiceAccountToken=True,
            ),
            job_of('echo "$ANYJOB_JOB_ID"\r\nls /var/run/secrets 2>&1\r\ntrue\r\n', **shell),
            job_of("echo from latest", resource="shell", image="busybox"),
            job_of("print $1", **shell, command=["awk", "BEGIN { print ARGV[1] }"], mountPath="/opt/job"),
            job_of("cat /sys/fs/cgroup/memory/memory.limit_in_bytes || cat /sys/fs/cgroup/memory.max", **shell,
                   limits={"memory": "64Mi", "cpu": 0.5}),
        )  # fmt: skip
    assert env.outcome.result == "fast 1 pa$(x)$$ $(MODE)"
    lines = user.log.decode().splitlines()
    # Two pipes: which of them is read first is the kubelet's affair.
    said = [line for line in lines if not line.startswith("touch: ")]
    assert said == ["uid=1000 gid=2000 groups=2000,3000", "a", "CapBnd:\t0000000000000000"], lines
    assert "touch: /x: Read-only file system" in lines
    assert account.log.split() == [b"ca.crt", b"namespace", b"token"]
    assert "0" in windows.log.decode().splitlines()
    assert b"No such file" in windows.log  # no token that nobody asked for
    assert latest.outcome.result == "from latest"
    assert command.outcome.result == "/opt/job/script"
    assert limited.outcome.result == str(64 << 20)


def test_a_script_that_leaves_and_one_that_kills_itself(tmp_path: Path, cluster: Cluster, namespace: str) -> None:
    with rig_in(tmp_path, cluster, namespace) as rig:
        left, killed = asyncio.run(
            together(
                rig,
                [
                    job_of("(setsid sleep 3177 &); sleep 0.2; echo bye", resource="shell", image="busybox:test"),
                    job_of("kill -9 $$; echo still here", resource="shell", image="busybox:test"),
                ],
            )
        )
    assert (left.outcome.cause, left.outcome.result) == (Cause.SUCCEEDED, "bye"), left.said
    assert (killed.outcome.code, killed.log) == (137, b""), killed.said
    lines = [path.read_bytes() for path in Path("/proc").glob("[0-9]*/cmdline") if path.exists()]
    assert not [line for line in lines if b"3177" in line and b"sleep" in line.split(b"\0")[0]]


@pytest.mark.parametrize("example", ["hello", "job", "template", "launcher"])
def test_examples_run(example: str, tmp_path: Path, cluster: Cluster, namespace: str) -> None:
    wire = yaml.safe_load((ROOT / f"executors/k8s/examples/{example}.yaml").read_text())
    with rig_in(tmp_path, cluster, namespace, job_type=wire["JobType"]) as rig:
        (end,) = ends_of(rig, Job.from_wire(wire))
    lines = end.log.decode().splitlines()
    wanted = {
        "hello": ["hello world", f"this is {end.order.name}"],
        "template": ["job 0, script script/shell/shell-0.sh"],
        "launcher": [f"hello from {end.order.name}"],
        "job": ["0: 0", "1: 1", "2: 4", "3: 9"],
    }[example]
    if example == "job":
        assert sorted(line.partition("] ")[2] for line in lines) == wanted
    else:
        assert len(lines) == len(wanted)
        assert all(line.startswith(start) for line, start in zip(lines, wanted, strict=True)), lines


def test_commands_of_other_types(tmp_path: Path, cluster: Cluster, namespace: str) -> None:
    cluster.need("python:test")
    script = "import anyjob_job, os\nprint(anyjob_job.parameters, os.getcwd())\nopen('new', 'w').write('x')\n"
    with rig_in(tmp_path / "p", cluster, namespace, job_type="python") as rig:
        job = Job(
            name="j",
            job_type="python",
            content=script,
            parameters=ODD,
            xattrs={"launcher": "k8s", "image": "python:test", "user": "1000"},
        )
        (end,) = ends_of(rig, job)
    assert end.outcome.result == f"{ODD} /anyjob"
