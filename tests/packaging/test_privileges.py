"""What jobs ask for beyond an ordinary run is told by the installed types and launchers, for whoever sets policies."""

from __future__ import annotations

import json
from typing import Any

import pytest

from anyjob.job import Job
from anyjob.plugins import PluginHost

SETTINGS: dict[str, dict[str, Any]] = {
    "k8s": {"allowed": {"host_network": True, "privileged": True, "host_path": ["/data"]}},
    "docker": {"privileged": True, "mounts": ["/data/**"], "host_network": True},
}


def manifest(**spec: Any) -> str:
    pod = {"restartPolicy": "Never", "containers": [{"name": "c", "image": "busybox"}], **spec}
    return json.dumps(
        {"apiVersion": "batch/v1", "kind": "Job", "metadata": {"name": "p"}, "spec": {"template": {"spec": pod}}}
    )


@pytest.mark.parametrize(
    ("fields", "asked"),
    [
        ({"JobType": "shell", "Content": "id"}, []),
        ({"JobType": "k8s", "Content": manifest(), "XAttrs": {"resource": "job"}}, []),
        (
            {"JobType": "k8s", "Content": manifest(hostNetwork=True), "XAttrs": {"resource": "job"}},
            ["Content.spec.template.spec.hostNetwork: true"],
        ),
        (
            {"JobType": "shell", "Content": "id", "XAttrs": {"launcher": "docker", "image": "busybox"}},
            [],
        ),
        (
            {
                "JobType": "shell",
                "Content": "id",
                "XAttrs": {
                    "launcher": "docker",
                    "image": "busybox",
                    "privileged": True,
                    "mounts": [{"source": "/data/x", "target": "/x"}],
                },
            },
            ["XAttrs.privileged: true", "XAttrs.mounts[0].source: /data/x"],
        ),
    ],
)
def test_what_a_job_asks_for_is_named_by_field_and_value(fields: dict[str, Any], asked: list[str]) -> None:
    host = PluginHost.load(executor_settings={"k8s": SETTINGS["k8s"]}, launcher_settings=SETTINGS)
    job = Job.from_wire({"Name": "j", **fields})
    host.bind(job)
    assert sorted(host.privileges(job)) == sorted(asked)
