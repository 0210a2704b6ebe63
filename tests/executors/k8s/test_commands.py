"""Commands of any type in pods: what the launcher sends."""

from __future__ import annotations

import base64
import json
from typing import Any

from tests.executors.k8s.facts import container_of, job_of, pod_of, run_of

from anyjob.executor import Command
from anyjob.run import RUN_FOLDER
from anyjob.spec.read import read_spec
from anyjob_k8s.options import K8sOptions
from anyjob_k8s.plan import Plan, plan_command
from anyjob_k8s.settings import K8sSettings


def plan_of(command: Command, xattrs: dict[str, Any] | None = None, **facts: Any) -> Plan:
    job = job_of("x", {"launcher": "k8s", "image": "busybox:test", **(xattrs or {})})
    options, problems = read_spec(K8sOptions, job)
    assert options is not None, problems
    return plan_command(run_of(job, **facts), command, options, K8sSettings(), now=1000.0)


def test_a_command() -> None:
    command = Command(argv=["sh", f"{RUN_FOLDER}/script", "$1 $(X)"], files={"script": b"echo", "lib.bin": b"\xff\0"})
    plan = plan_of(command, {"env": {"A": "b"}, "user": "1000", "limits": {"cpu": 1}}, deadline=1060.0)
    assert (plan.kind, plan.container, plan.ours, plan.deadline_by_remote) == ("Job", "main", True, True)
    main, files = plan.objects
    assert files["data"] == {"file-0": "echo"}
    assert base64.b64decode(files["binaryData"]["file-1"]) == b"\xff\0"
    container, pod = container_of(main), pod_of(main)
    assert container["command"] == ["sh", "/anyjob/script", "$$1 $$(X)"]
    assert container["workingDir"] == "/anyjob"
    assert container["securityContext"]["runAsUser"] == 1000
    assert container["resources"] == {"limits": {"cpu": "1000m"}}
    assert pod["volumes"][0] == {"name": "run", "emptyDir": {}}
    assert container["volumeMounts"] == [
        {"name": "run", "mountPath": "/anyjob"},
        {"name": "files", "mountPath": "/anyjob/script", "subPath": "file-0", "readOnly": True},
        {"name": "files", "mountPath": "/anyjob/lib.bin", "subPath": "file-1", "readOnly": True},
    ]
    env = {entry["name"]: entry["value"] for entry in container["env"]}
    assert (env["A"], env["ANYJOB_RUN"]) == ("b", "aj-4d-0-1")
    assert not {"PATH", "ANYJOB_RESULT", "ANYJOB_MAP", "ANYJOB_PROGRESS", "ANYJOB_SECRETS"} & env.keys()


def test_the_folder_of_the_run_is_where_it_is_mounted() -> None:
    command = Command(
        argv=["tool", f"--out={RUN_FOLDER}/out"], env={"HOME": f"{RUN_FOLDER}/home", "X": "1"}, cwd=f"{RUN_FOLDER}/work"
    )
    container = container_of(plan_of(command, {"mountPath": "/job"}).main)
    assert container["command"] == ["tool", "--out=/job/out"]
    assert container["workingDir"] == "/job/work"
    assert container["env"] == [{"name": "HOME", "value": "/job/home"}, {"name": "X", "value": "1"}]
    own = container_of(plan_of(Command(argv=["pwd"]), {"cwd": "/srv"}).main)
    assert own["workingDir"] == "/srv"
    assert plan_of(Command(argv=["pwd"])).companions == []


def test_a_file_that_holds_a_secret_is_one() -> None:
    command = Command(argv=["sh", f"{RUN_FOLDER}/b"], files={"a": b"plain", "b": b"pass hunter2\n"})
    xattrs = {"secrets": {"TOKEN": "t"}, "env": {"P": {"secret": "TOKEN"}}}
    plan = plan_of(command, xattrs, secrets={"t": "hunter2"})
    main, plain, secret = plan.objects
    assert "hunter2" not in json.dumps([main, plain])
    assert plain["data"] == {"file-0": "plain"}
    assert secret["stringData"] == {"TOKEN": "hunter2", "env.P": "hunter2", "file-1": "pass hunter2\n"}
    mounts = {mount["mountPath"]: mount for mount in container_of(main)["volumeMounts"]}
    assert mounts["/anyjob/b"]["name"] == "hidden-files"
    assert mounts["/anyjob/secrets"]["readOnly"] is True
    volumes = {volume["name"]: volume for volume in pod_of(main)["volumes"]}
    assert volumes["hidden-files"]["projected"]["sources"] == [
        {"secret": {"name": "aj-4d-0-1", "items": [{"key": "file-1", "path": "file-1"}]}}
    ]
    assert {"name": "ANYJOB_SECRETS", "value": "/anyjob/secrets"} in container_of(main)["env"]
