"""What each type promises, by the ways in which its runs run: its capabilities, as the worker has them."""

from __future__ import annotations

from typing import Any, Final

from anyjob.executor.capabilities import DeadlineBy
from anyjob.job import Job
from anyjob.plugins import PluginHost

__all__ = ["promises"]

_SCRIPT: Final[dict[str, Any]] = {"Content": "exit"}
_DOCKER: Final = {"launcher": "docker", "image": "busybox"}
_POD: Final = {"launcher": "k8s", "image": "busybox"}
_GO: Final = {"jobName": "a"}
_PLACES: Final[list[tuple[str, dict[str, Any]]]] = [
    ("here", {}),
    ("`launcher: docker`", _DOCKER),
    ("`launcher: k8s`", _POD),
]
_MANIFEST: Final = (
    '{"apiVersion": "batch/v1", "kind": "Job", "metadata": {"name": "a"}, "spec": {"template": {"spec":'
    ' {"restartPolicy": "Never", "containers": [{"name": "a", "image": "busybox"}]}}}}'
)
_URL: Final = "http://example.com/"
_SPRING: Final = {"className": "com.example.A", "method": "run"}

_WAYS: Final[dict[str, list[tuple[str, dict[str, Any]]]]] = {
    "shell": [(words, {**_SCRIPT, "XAttrs": xattrs}) for words, xattrs in _PLACES],
    "python": [(words, {**_SCRIPT, "XAttrs": xattrs}) for words, xattrs in _PLACES],
    "http": [
        ("a call", {"Content": {"url": _URL}}),
        ("a call with `poll`, repeatable", {"Content": {"url": _URL, "poll": True, "repeatable": True}}),
    ],
    "java": [
        (f"`isolation: {isolation}`", {"ClassName": "com.example.A", "XAttrs": {"isolation": isolation}})
        for isolation in ("process", "shared")
    ],
    "go": [
        ("a process of its own", {"Content": _GO, "XAttrs": {"binary": "/a", "isolation": "process"}}),
        ("`isolation: shared`", {"Content": _GO, "XAttrs": {"binary": "/a", "isolation": "shared"}}),
        ("an application that has dialled in", {"Content": _GO}),
    ],
    "springschedule": [
        ("an application that has dialled in", {"Content": _SPRING}),
        ("one that the worker starts (`jar`)", {"Content": _SPRING, "XAttrs": {"jar": "/a.jar"}}),
    ],
    "xxljob": [
        ("a handler (`BEAN`)", {"Content": {"jobHandler": "a", "appName": "a"}}),
        (
            "a script (`GLUE_...`)",
            {"Content": {"glueType": "GLUE_SHELL", "glueSource": "exit", "appName": "a"}},
        ),
    ],
    "dataworks": [("a flow", {"Content": {"projectName": "a", "flowName": "a", "region": "cn-shanghai"}})],
    "k8s": [
        ("a script", {**_SCRIPT, "XAttrs": {"resource": "shell", "image": "busybox"}}),
        ("a manifest", {"Content": _MANIFEST, "XAttrs": {"resource": "job"}}),
        ("a command (`launcher: k8s`)", {"JobType": "shell", **_SCRIPT, "XAttrs": _POD}),
    ],
    "docker": [
        ("JobType `docker`", {"XAttrs": {"image": "busybox"}}),
        ("a command (`launcher: docker`)", {"JobType": "shell", **_SCRIPT, "XAttrs": _DOCKER}),
    ],
}
_KEEPERS: Final = {DeadlineBy.SHIM: "yes, the shim", DeadlineBy.REMOTE: "yes, the other side", DeadlineBy.WORKER: "no"}


def promises(host: PluginHost, job_type: str) -> str:
    """A table with a line for each way in which runs of the type run."""
    lines = [
        "| a run is | a stop is | goes on without its worker | its Timeout is kept without a worker | limits |",
        "| --- | --- | --- | --- | --- |",
    ]
    for words, fields in _WAYS[job_type]:
        able = host.dispatch(Job.from_wire({"Name": "a", "JobType": job_type, **fields})).capabilities
        limits = ", ".join(limit for limit in ("memory", "cpu", "pids") if limit in able.limits) or "none"
        resumes = "yes" if able.resumes else "no"
        lines.append(f"| {words} | {able.proof} | {resumes} | {_KEEPERS[able.deadline]} | {limits} |")
    return "".join(f"{line}\n" for line in lines)
