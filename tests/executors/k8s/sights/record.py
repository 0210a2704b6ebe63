"""Records what a real cluster shows of each situation, for the tests of `anyjob_k8s.judge`.

    python -m tests.executors.k8s.sights.record --dir DIR [situation ...]

DIR is the folder of a running cluster with a node: `admin.kubeconfig`, `limited.kubeconfig`, `pids.json`. Writes a
file a situation beside this one: every version of the main object, of its pods and of the events about them, in the
order in which they were seen, without what no judge reads.
"""

from __future__ import annotations

import argparse
import contextlib
import json
import os
import signal
import tempfile
import threading
import time
from collections.abc import Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

from tests.executors.k8s.sights.api import Answer, Api
from tests.executors.k8s.sights.paper import PaperNode
from tests.executors.k8s.sights.registry import start_registry
from tests.executors.k8s.sights.situations import DISTURBING, QUIET, REFUSED, Object, Situation, made, pod

HERE = Path(__file__).parent
_PATHS = {"Job": "/apis/batch/v1/jobs", "Pod": "/api/v1/pods", "Event": "/api/v1/events"}


class Recorder:
    """Watches the whole cluster; a recording is what concerns one namespace's main object."""

    def __init__(self, folder: Path) -> None:
        self.folder, self.api = folder, Api(folder / "admin.kubeconfig")
        self.seen: list[tuple[float, str, Object]] = []
        self.new = threading.Condition()
        self.values = {"{registry}": str(start_registry()), "{folder}": tempfile.mkdtemp()}
        cores = self.api.call("GET", "/api/v1/nodes/node1")["status"]["allocatable"]["cpu"]
        self.values["{most}"] = f"{int(float(cores) * 1000) - 300}m"
        for kind, path in _PATHS.items():
            self.api.watch(path, lambda at, what, it, kind=kind: self._add(at, what, {"kind": kind, **it}))

    def _add(self, at: float, what: str, it: Object) -> None:
        with self.new:
            self.seen.append((at, what, it))
            self.new.notify_all()

    def of(self, namespace: str) -> list[tuple[float, str, Object]]:
        with self.new:
            return [one for one in self.seen if one[2]["metadata"].get("namespace") == namespace]

    def last(self, namespace: str, kind: str, name: str | None = None) -> Object | None:
        for _, what, it in reversed(self.of(namespace)):
            if it["kind"] == kind and (name is None or it["metadata"]["name"] == name):
                return None if what == "DELETED" else it
        return None

    def until(self, when: Any, seconds: float) -> Any:
        end = time.monotonic() + seconds
        with self.new:
            while not (got := when()) and (left := end - time.monotonic()) > 0:
                self.new.wait(left)
        return got

    def fill(self, wanted: Object) -> Object:
        text = json.dumps(wanted)
        for mark, value in self.values.items():
            text = text.replace(mark, value)
        return json.loads(text)

    def space(self, name: str, situation: Situation) -> str:
        namespace = f"{name.replace('_', '-')}-{os.urandom(2).hex()}"
        self.api.create({"apiVersion": "v1", "kind": "Namespace",
                         "metadata": {"name": namespace, "labels": dict(situation.labels)}})
        for _ in range(200):
            with contextlib.suppress(Answer):
                self.api.call("GET", f"/api/v1/namespaces/{namespace}/serviceaccounts/default")
                break
            time.sleep(0.05)
        for other in situation.before:
            self.api.create(self.fill(other), namespace)
            path = f"{self.api.path(other['apiVersion'], other['kind'], namespace)}/{other['metadata']['name']}"
            while other["kind"] == "ResourceQuota" and not self.api.call("GET", path).get("status", {}).get("hard"):
                time.sleep(0.05)
        return namespace

    # -- one situation ---------------------------------------------------------------------------

    def record(self, name: str, situation: Situation) -> None:
        namespace = self.space(name, situation)
        kind = situation.main["kind"]
        self.api.create(self.fill(situation.main), namespace)

        def running() -> Object | None:
            it = self.last(namespace, "Pod")
            started = [one for one in (it or {}).get("status", {}).get("containerStatuses", ()) if one.get("started")]
            return it if started else None

        def ended() -> bool:
            it = self.last(namespace, kind, "it")
            if it is None:
                return any(one[2]["kind"] == kind for one in self.of(namespace))
            status = it.get("status", {})
            if kind == "Pod":
                return status.get("phase") in ("Succeeded", "Failed")
            return any(one["type"] in ("Complete", "Failed") for one in status.get("conditions", ()))

        if situation.act and (it := self.until(running, 30)):
            self.act(situation.act, namespace, it)
        if name == "late_secret":
            time.sleep(3)
            self.api.create(made("Secret", "late", stringData={"k": "v"}), namespace)
        self.until(ended, situation.seconds)
        time.sleep(situation.after)
        self.write(name, namespace, kind)
        with contextlib.suppress(Answer):
            self.api.call("DELETE", f"/api/v1/namespaces/{namespace}")

    def act(self, act: str, namespace: str, it: Object) -> None:
        path = f"/api/v1/namespaces/{namespace}/pods/{it['metadata']['name']}"
        if act == "delete main":
            self.api.call("DELETE", f"/apis/batch/v1/namespaces/{namespace}/jobs/it?propagationPolicy=Foreground")
        elif act == "delete pod":
            self.api.call("DELETE", path)
        elif act == "delete namespace":
            self.api.call("DELETE", f"/api/v1/namespaces/{namespace}")
        elif act == "evict":
            body = {"apiVersion": "policy/v1", "kind": "Eviction", "metadata": {"name": it["metadata"]["name"]}}
            self.api.call("POST", f"{path}/eviction", body)
        elif act == "kill":
            for entry in Path("/proc").iterdir():
                with contextlib.suppress(OSError):
                    if entry.name.isdigit() and b"sleep 4321" in (entry / "cmdline").read_bytes():
                        os.kill(int(entry.name), signal.SIGKILL)
        elif act == "preempt":
            with contextlib.suppress(Answer):
                self.api.create({**made("PriorityClass", "urgent", "scheduling.k8s.io/v1"), "value": 1000})
            wants = {"resources": {"requests": {"cpu": "{most}"}}}
            urgent = pod("sleep 5", wants, priorityClassName="urgent")
            self.api.create(self.fill({**urgent, "metadata": {"name": "urgent"}}), namespace)

    @contextlib.contextmanager
    def disturbed(self, act: str) -> Iterator[None]:
        """What is done to the node, once everything runs; undone at the end."""
        if act == "taint":
            taints = [{"key": "example.com/repair", "effect": "NoExecute"}]
            self._node({"spec": {"taints": taints}})
            yield
            self._node({"spec": {"taints": None}})
        elif act == "freeze":
            pid = json.loads((self.folder / "pids.json").read_text())["kubelet"]["pid"]
            os.kill(pid, signal.SIGSTOP)
            try:
                time.sleep(25)
            finally:
                os.kill(pid, signal.SIGCONT)
            yield
        else:
            yield

    def _node(self, patch: Object) -> None:
        self.api.call("PATCH", "/api/v1/nodes/node1", patch, "application/merge-patch+json")

    # -- the file --------------------------------------------------------------------------------

    def write(self, name: str, namespace: str, kind: str) -> None:
        seen = self.of(namespace)
        uids = {one[2]["metadata"]["uid"] for one in seen if _concerns(one[2], kind)}
        lines: list[str] = []
        for at, what, it in seen:
            about = it.get("involvedObject", {}).get("uid") if it["kind"] == "Event" else it["metadata"]["uid"]
            if about in uids and not (it["kind"] == "Event" and what == "DELETED"):
                lines.append(json.dumps({"at": round(at, 3), "what": what, "object": trimmed(it)}, ensure_ascii=False))
        text = ",\n".join(lines).replace(namespace, "ns").replace(self.values["{registry}"], "5000")
        (HERE / f"{name}.json").write_text(f"[\n{text.replace(self.values['{folder}'], '/shared')}\n]\n")
        print(f"{name}: {len(lines)} versions")

    def refusals(self) -> None:
        """What the API server answers to creations that it refuses."""
        users = {"admin": self.api, "limited": Api(self.folder / "limited.kubeconfig"),
                 "nobody": Api(self.folder / "admin.kubeconfig", "wrong")}
        answers: dict[str, Object] = {}
        self._policies()
        for name, (situation, user) in REFUSED.items():
            namespace = self.space(name, situation) if name != "no_namespace" else "absent"
            if name in ("policy", "webhook"):
                self.api.call("PATCH", f"/api/v1/namespaces/{namespace}", {"metadata": {"labels": {"refuse": name}}},
                              "application/merge-patch+json")
                time.sleep(3)
            if name == "leaving_namespace":
                self.api.create({**made("ConfigMap", "stays"), "metadata": {"name": "stays", "finalizers": ["a.b/c"]}},
                                namespace)
                self.api.call("DELETE", f"/api/v1/namespaces/{namespace}")
            try:
                users[user].create(self.fill(situation.main), namespace, "?fieldValidation=Strict")
                print(f"{name}: NOT REFUSED")
            except Answer as answer:
                answers[name] = json.loads(json.dumps({"http": answer.status, **answer.body}).replace(namespace, "ns"))
                print(f"{name}: {answer}"[:300])
            if name == "leaving_namespace":
                self.api.call("PATCH", f"/api/v1/namespaces/{namespace}/configmaps/stays",
                              {"metadata": {"finalizers": None}}, "application/merge-patch+json")
        (HERE / "refusals.json").write_text(json.dumps(answers, indent=1, ensure_ascii=False) + "\n")

    def _policies(self) -> None:
        def of(name: str) -> Object:
            return {"matchLabels": {"refuse": name}}

        jobs = [{"apiGroups": ["batch"], "apiVersions": ["v1"], "operations": ["CREATE"], "resources": ["jobs"]}]
        version = "admissionregistration.k8s.io/v1"
        wanted = (
            made("ValidatingAdmissionPolicy", "no-jobs", version, spec={
                "matchConstraints": {"resourceRules": jobs},
                "validations": [{"expression": "false", "message": "jobs need a cost centre"}]}),
            made("ValidatingAdmissionPolicyBinding", "no-jobs", version, spec={
                "policyName": "no-jobs", "validationActions": ["Deny"],
                "matchResources": {"namespaceSelector": of("policy")}}),
            made("ValidatingWebhookConfiguration", "no-jobs", version, webhooks=[{
                "name": "no-jobs.example.com", "clientConfig": {"url": "https://127.0.0.1:1/"}, "rules": jobs,
                "sideEffects": "None", "admissionReviewVersions": ["v1"], "namespaceSelector": of("webhook")}]),
        )
        for one in wanted:
            with contextlib.suppress(Answer):
                self.api.create(one)


def _concerns(it: Object, kind: str) -> bool:
    if it["kind"] == kind and it["metadata"]["name"] == "it":
        return True
    owners = it["metadata"].get("ownerReferences", ())
    return it["kind"] == "Pod" and any(one["name"] == "it" for one in owners)


_POD_SPEC = ("restartPolicy", "nodeName", "activeDeadlineSeconds", "terminationGracePeriodSeconds", "schedulingGates")
_CONTAINER = ("name", "image", "restartPolicy", "command", "imagePullPolicy")
_METADATA = ("name", "namespace", "uid", "labels", "ownerReferences", "creationTimestamp", "deletionTimestamp",
             "deletionGracePeriodSeconds", "finalizers", "annotations", "resourceVersion", "generateName")


def trimmed(it: Object) -> Object:
    """The object without what no judge reads: managed fields, volumes, the pod's template in a Job."""
    kept: Object = {"kind": it["kind"], "metadata": {key: it["metadata"][key] for key in _METADATA if key in it["metadata"]}}
    if it["kind"] == "Event":
        kept |= {key: it[key] for key in ("type", "reason", "message", "count", "firstTimestamp", "lastTimestamp",
                                          "eventTime", "involvedObject", "source", "reportingComponent") if key in it}
        return kept
    spec: Mapping[str, Any] = it.get("spec", {})
    if it["kind"] == "Job":
        kept["spec"] = {key: value for key, value in spec.items() if key != "template"}
    else:
        kept["spec"] = {key: spec[key] for key in _POD_SPEC if key in spec}
        for key in ("initContainers", "containers"):
            if key in spec:
                kept["spec"][key] = [{key: one[key] for key in _CONTAINER if key in one} for one in spec[key]]
    kept["status"] = it.get("status", {})
    return kept


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--dir", type=Path, required=True)
    parser.add_argument("names", nargs="*")
    asked = parser.parse_args()
    recorder = Recorder(asked.dir)
    quiet = {name: one for name, one in QUIET.items() if not asked.names or name in asked.names}
    with ThreadPoolExecutor(max(1, len(quiet))) as pool:
        for done in [pool.submit(recorder.record, *one) for one in quiet.items()]:
            done.result()
    if not asked.names or "refusals" in asked.names:
        recorder.refusals()
    for act in ("preempt", "taint", "freeze", "unplug"):
        chosen = {n: one for n, one in DISTURBING.items() if one.act == act and (not asked.names or n in asked.names)}
        if not chosen:
            continue
        with PaperNode(recorder.api, unplug=act == "unplug") as paper, ThreadPoolExecutor(len(chosen)) as pool:
            going = [pool.submit(recorder.record, *one) for one in chosen.items()]
            time.sleep(8)
            if act == "unplug":
                paper.unplug()
            with recorder.disturbed(act):
                for done in going:
                    done.result()


if __name__ == "__main__":
    main()
