"""Manifests as people write them: read as Kubernetes would, or refused in words."""

from __future__ import annotations

import json
from collections.abc import Iterator
from copy import deepcopy
from pathlib import Path
from typing import Any, cast

import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.executors.k8s.facts import JOB, job_of, problems_of, run_of, spec_of

from anyjob.errors import AnyJobError
from anyjob.problem import WrongValue
from anyjob.spec.read import read_spec
from anyjob_k8s.manifest import read_manifest
from anyjob_k8s.plan import plan_run
from anyjob_k8s.settings import Allowed, K8sSettings
from anyjob_k8s.spec import K8sSpec

POD = "apiVersion: v1\nkind: Pod\nspec: {containers: [{name: a, image: b}]}"


def refused(text: str) -> str:
    with pytest.raises(WrongValue) as caught:
        read_manifest(text)
    return str(caught.value)


def test_what_is_read() -> None:
    manifest = read_manifest(JOB)
    assert (manifest.kind, manifest.name, manifest.namespace) == ("Job", "nightly-report", "")
    assert manifest.container_names == ["report"]
    pod = read_manifest(json.dumps(yaml.safe_load(POD)))
    assert (pod.kind, pod.name, pod.container_names) == ("Pod", "", ["a"])
    assert read_manifest("{apiVersion: v1, kind: Pod, spec: {containers: [{name: flow, image: b}]}}").kind == "Pod"
    assert read_manifest("---\n" + POD + "\n---\n# nothing more\n").kind == "Pod"


@pytest.mark.parametrize(
    ("version", "kind", "said"),
    [
        ("apps/v1", "Deployment", "is a Deployment of apps/v1, which is nothing that runs and ends; write a Job of"),
        ("batch/v1", "CronJob", "is a CronJob; write a Job of batch/v1 or a Pod of v1, and the schedule into TimeType"),
        ("batch/v1beta1", "Job", "is a Job of batch/v1beta1; write apiVersion: batch/v1"),
        ("batch/v1", "Pod", "is a Pod of batch/v1; write apiVersion: v1"),
        ("v1", "List", "is a List of v1"),
        ("v1", "Secret", "is a Secret of v1"),
        (
            "rbac.authorization.k8s.io/v1",
            "ClusterRoleBinding",
            "is a ClusterRoleBinding of rbac.authorization.k8s.io/v1",
        ),
    ],
)
def test_other_kinds_are_refused_by_name(version: str, kind: str, said: str) -> None:
    text = f"apiVersion: {version}\nkind: {kind}\nspec: {{}}\n"
    assert refused(text).startswith(said)
    (found,) = problems_of(text, {"resource": "job"})
    assert found.startswith(f'Content: "apiVersion: {version}')
    assert said in found


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("echo hello", "is no manifest: it holds no object"),
        ("[1, 2]", "is no manifest: it holds no object"),
        ("kind: Job", "is no manifest: it names no apiVersion"),
        ("apiVersion: v1", "is no manifest: it names no kind"),
        ("apiVersion: v1\nkind: [Pod]", "is no manifest: it names no kind"),
        (f"{POD}\n---\n{POD}", "holds 2 documents; write exactly one object"),
        ("# nothing", "holds no documents; write exactly one object"),
        ("a: b: c", "is no YAML: line 1, column 5: a colon with a space after it stands inside a value"),
        ("{'a'", "is not JSON: line 1, column 2: JSON has double quotes only; write them instead"),
        ("a: !!python/object/apply:os.system [id]", "the tag 'tag:yaml.org,2002:python/object/apply:os.system'"),
        ("apiVersion: v1\nkind: Pod", "has no object at spec; write one"),
        ("apiVersion: v1\nkind: Pod\nspec: {}", "has no spec.containers; write at least one"),
        ("apiVersion: batch/v1\nkind: Job\nspec: {}", "has no object at spec.template; write one"),
        ("apiVersion: batch/v1\nkind: Job\nspec: {template: {}}", "has no object at spec.template.spec; write one"),
        (POD.replace("[{name: a, image: b}]", "{}"), "has at spec.containers no list of objects"),
        (POD.replace("[{name: a, image: b}]", "[a]"), "has at spec.containers no list of objects"),
        (POD.replace("name: a, ", ""), "has no spec.containers[0].name; write one"),
        (POD.replace("]", ", {name: a}]"), "has two containers of the name a, the second at spec.containers[1].name"),
        (POD.replace("image: b", "command: sh"), 'has at spec.containers[0].command no list; write ["command", "..."]'),
        (
            POD.replace("image: b", "args: [sleep, 5]"),
            "has at spec.containers[0].args[1] 5, which is no text; write one,",
        ),
        (
            POD.replace("image: b", "env: [{name: A, value: 1}]"),
            "has at spec.containers[0].env[0].value 1, which is no text",
        ),
        (
            POD.replace("image: b", "env: [{value: a}]"),
            "has at spec.containers[0].env[0].name nothing, which is no text",
        ),
        (POD.replace("image: b", 'args: ["a\\0b"]'), "has a NUL byte at spec.containers[0].args[0]; take it out"),
        (POD.replace("image: b", 'args: ["\\ud800"]'), "half of a surrogate pair"),
        (POD + "\nmetadata: {labels: {version: 1.10}}", "has at metadata.labels.version 1.1, which is no text"),
        (POD + "\nmetadata: {name: [a]}", "has at metadata.name ['a'], which is no text"),
        (
            POD.replace("spec: {", "spec: {restartPolicy: Always, "),
            "says spec.restartPolicy Always, with which a run never",
        ),
        (
            JOB.replace("    spec:\n", "    spec:\n      restartPolicy: Always\n"),
            "says spec.template.spec.restartPolicy Always",
        ),
        ("a: " * 100 + "b", "is no YAML"),
        ("[" * 5000, "is no YAML"),
    ],
)
def test_refused_in_words(text: str, said: str) -> None:
    assert said in refused(text)


def test_what_would_grow_or_never_end_is_refused() -> None:
    bomb = "a: &a [x, x, x, x, x, x, x, x, x]\n" + "".join(
        f"{chr(98 + n)}: &{chr(98 + n)} [{', '.join(['*' + chr(97 + n)] * 9)}]\n" for n in range(9)
    )
    assert "with its aliases (*) written out" in refused(bomb)
    assert "nested more than 64 levels" in refused("a: &a [*a]")
    assert "bytes; write at most 262144, and put what is large into the image" in refused(
        POD + "\n#" + "x" * (256 << 10)
    )
    large = json.dumps(yaml.safe_load(POD) | {"metadata": {"annotations": {"a": "x" * (300 << 10)}}})
    assert read_manifest(large).kind == "Pod"
    assert "bytes; write at most 1048576" in refused(large.replace("x" * 1000, "x" * 9000))


def test_file_modes_are_octal_as_in_every_manifest() -> None:
    volume = "{name: v, secret: {secretName: s, defaultMode: 0400, items: [{key: k, path: p, mode: 0o755}]}}"
    text = POD.replace("spec: {", f"spec: {{volumes: [{volume}], ")
    secret = read_manifest(text).body["spec"]["volumes"][0]["secret"]
    assert (secret["defaultMode"], secret["items"][0]["mode"]) == (0o400, 0o755)
    assert read_manifest(text.replace("0400", "256")).body["spec"]["volumes"][0]["secret"]["defaultMode"] == 256


def test_text_that_other_readers_take_for_something_else_stays_text() -> None:
    text = POD.replace(
        "image: b", "image: b, env: [{name: A, value: yes}, {name: B, value: 007}, {name: C, value: 1:30}]"
    )
    env = read_manifest(text).body["spec"]["containers"][0]["env"]
    assert [entry["value"] for entry in env] == ["yes", "007", "1:30"]


EVERYTHING = K8sSettings(allowed=Allowed(host_path=(Path("/"),), host_ports=True, unconfined=True))


def _answered(text: str) -> None:
    """It becomes a plan, or an error of ours that says why not."""
    job = job_of(text, {"resource": "job"})
    spec, problems = read_spec(K8sSpec, job)
    assert (spec is None) == bool(problems)
    if spec is not None:
        try:
            plan = plan_run(run_of(job), spec, EVERYTHING)
        except AnyJobError:
            return
        json.dumps(plan.objects, allow_nan=False)


RICH = """\
apiVersion: batch/v1
kind: Job
metadata: {name: rich, namespace: here, labels: {a: b}, annotations: {c: d}, finalizers: [x]}
spec:
  ttlSecondsAfterFinished: 5
  selector: {matchLabels: {a: b}}
  template:
    metadata: {labels: {a: b}, annotations: {c: d}}
    spec:
      restartPolicy: OnFailure
      terminationGracePeriodSeconds: 0
      serviceAccountName: s
      securityContext: {sysctls: [{name: a, value: b}], seccompProfile: {type: RuntimeDefault}}
      initContainers: [{name: i, image: x, env: [{name: A, value: b}]}]
      containers:
        - name: c
          image: x
          command: [a]
          args: [b]
          env: [{name: A, valueFrom: {secretKeyRef: {name: a, key: b}}}]
          envFrom: [{configMapRef: {name: a}}]
          ports: [{containerPort: 1, hostPort: 2}]
          securityContext: {privileged: false, capabilities: {add: [CHOWN]}, windowsOptions: {hostProcess: false}}
          livenessProbe: {httpGet: {host: a, port: 1}}
          lifecycle: {preStop: {tcpSocket: {host: a, port: 1}}}
          volumeMounts: [{name: v, mountPath: /a}]
      volumes:
        - {name: v, projected: {sources: [{configMap: {name: a, items: [{key: a, path: b, mode: 0400}]}}]}}
        - {name: w, hostPath: {path: /x}}
"""


def _places(value: object, at: tuple[str | int, ...] = ()) -> Iterator[tuple[str | int, ...]]:
    yield at
    if isinstance(value, dict):
        for key, inner in cast("dict[str, object]", value).items():
            yield from _places(inner, (*at, key))
    elif isinstance(value, list):
        for number, inner in enumerate(cast("list[object]", value)):
            yield from _places(inner, (*at, number))


_BODY = yaml.safe_load(RICH)
_PLACES = [place for place in _places(_BODY) if place]
_LEAVES = st.none() | st.booleans() | st.integers() | st.text(st.characters(exclude_categories=["Cs"])) | st.floats()
_ODD = _LEAVES | st.lists(_LEAVES, max_size=2) | st.dictionaries(st.sampled_from(["name", "a"]), _LEAVES, max_size=2)


@given(st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0")))
def test_any_text_is_answered(text: str) -> None:
    _answered(text)


@settings(max_examples=200)
@given(place=st.sampled_from(_PLACES), odd=_ODD)
def test_anything_anywhere_in_a_manifest_is_answered(place: tuple[str | int, ...], odd: object) -> None:
    body: Any = deepcopy(_BODY)
    inner = body
    for step in place[:-1]:
        inner = inner[step]
    inner[place[-1]] = odd
    text = json.dumps(body)
    if "\\u0000" not in text:
        _answered(text)


def test_a_manifest_that_was_read_twice_is_the_same() -> None:
    job = job_of(JOB, {"resource": "job"})
    first, second = (plan_run(run_of(job), spec_of(job), K8sSettings()) for _ in range(2))
    assert first == second
