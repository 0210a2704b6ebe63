"""Records what a real cluster shows of each situation, for the tests of `anyjob_k8s.judge`.

    python -m tests.executors.k8s.sights.record [situation ...]

Starts a cluster of its own and takes about five minutes for all. Writes a file a situation beside this one: every
version of the main object, of its pods and of the events about them, in the order in which a watch told them, without
what no judge reads; and what the API server answers to creations that it refuses.
"""

from __future__ import annotations

import contextlib
import json
import os
import secrets
import signal
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Generator, Mapping
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Final, TypeVar

from tests.executors.k8s.sights.registry import REGISTRY
from tests.executors.k8s.sights.situations import DISTURBING, QUIET, REFUSED, Object, Situation, made, pod
from tests.executors.k8s.sights.trim import concerns, trimmed
from tests.executors.k8s.sights.watch import follow
from tests.grounds.kubernetes.api import Api, ApiError
from tests.grounds.kubernetes.cluster import Cluster
from tests.grounds.kubernetes.control import read_tokens

HERE: Final = Path(__file__).parent
AT_ONCE: Final = 10
"""Situations recorded at once: with more the node is so slow that nothing of them is to be seen."""

T = TypeVar("T")
_PATHS: Final = {"Job": "/apis/batch/v1/jobs", "Pod": "/api/v1/pods", "Event": "/api/v1/events"}
_PLURALS: Final = {"Policy": "policies", "Class": "classes"}


def path_of(version: str, kind: str, namespace: str = "") -> str:
    """The path of a collection."""
    root = f"/apis/{version}" if "/" in version else f"/api/{version}"
    plural = next((kind[: -len(end)] + more for end, more in _PLURALS.items() if kind.endswith(end)), f"{kind}s")
    return f"{root}/namespaces/{namespace}/{plural.lower()}" if namespace else f"{root}/{plural.lower()}"


class Recorder:
    """Watches the whole cluster; a recording is what concerns one namespace's main object."""

    def __init__(self, cluster: Cluster) -> None:
        self.cluster, self.api = cluster, cluster.api
        self.tokens = read_tokens(cluster.dir / "tokens.csv")
        self.seen: list[tuple[float, str, Object]] = []
        self.new = threading.Condition()
        cores = self.api.call("GET", "/api/v1/nodes/node1")["status"]["allocatable"]["cpu"]
        self.values = {
            "{folder}": tempfile.mkdtemp(dir=cluster.dir),
            "{mark}": str(secrets.randbelow(10**9) + 10**9),
            "{most}": f"{int(float(cores) * 1000) - 300}m",
        }
        for kind, path in _PATHS.items():
            follow(cluster, path, self.tokens["admin"], self._adder(kind))

    def _adder(self, kind: str) -> Callable[[float, str, Object], None]:
        def add(at: float, what: str, it: Object) -> None:
            with self.new:
                self.seen.append((at, what, {"kind": kind, **it}))
                self.new.notify_all()

        return add

    def of(self, namespace: str) -> list[tuple[float, str, Object]]:
        """All that was seen in a namespace."""
        with self.new:
            return [one for one in self.seen if one[2]["metadata"].get("namespace") == namespace]

    def last(self, namespace: str, kind: str, name: str | None = None) -> Object | None:
        """The newest version of an object, unless it is gone."""
        for _, what, it in reversed(self.of(namespace)):
            if it["kind"] == kind and (name is None or it["metadata"]["name"] == name):
                return None if what == "DELETED" else it
        return None

    def until(self, when: Callable[[], T], seconds: float) -> T:
        """Wait until something is true of what was seen."""
        end = time.monotonic() + seconds
        with self.new:
            while not (got := when()) and (left := end - time.monotonic()) > 0:
                self.new.wait(left)
        return got

    def create(self, wanted: Object, namespace: str = "", api: Api | None = None) -> None:
        """Creates any object, with this recording's values in it."""
        text = json.dumps(wanted)
        for mark, value in self.values.items():
            text = text.replace(mark, value)
        path = path_of(wanted["apiVersion"], wanted["kind"], namespace)
        (api or self.api).call("POST", f"{path}?fieldValidation=Strict", json.loads(text), limit=30)

    @contextlib.contextmanager
    def space(self, situation: Situation) -> Generator[str]:
        """A namespace in which a situation can begin."""
        with self.cluster.namespace(**situation.labels) as namespace:
            for other in situation.before:
                self.create(other, namespace)
                path = f"{path_of(other['apiVersion'], other['kind'], namespace)}/{other['metadata']['name']}"
                while other["kind"] == "ResourceQuota" and not self.api.call("GET", path).get("status", {}).get("hard"):
                    time.sleep(0.05)
            yield namespace

    # One situation

    def record(self, name: str, situation: Situation) -> None:
        """Bring it about and write what was seen."""
        kind = situation.main["kind"]
        with self.space(situation) as namespace:
            self.create(situation.main, namespace)
            if situation.act == "delete ended":
                self.until(lambda: self.ended(namespace, kind), 30)
                self.act("delete pod", namespace, "it")
                time.sleep(1)
            elif situation.act and (it := self.until(lambda: self.running(namespace), 30)):
                self.act(situation.act, namespace, it)
            if name == "late_secret":
                time.sleep(3)
                self.create(made("Secret", "late", stringData={"k": "v"}), namespace)
            self.until(lambda: self.ended(namespace, kind), situation.seconds)
            time.sleep(situation.after)
            self.write(name, namespace, kind)

    def running(self, namespace: str) -> str:
        """The name of the pod once a container of it runs."""
        it = self.last(namespace, "Pod") or {}
        states = [one.get("state", {}) for one in it.get("status", {}).get("containerStatuses", ())]
        return it["metadata"]["name"] if any("running" in state for state in states) else ""

    def ended(self, namespace: str, kind: str) -> bool:
        """Whether the main object says that it is over, or is gone."""
        it = self.last(namespace, kind, "it")
        if it is None:
            return any(one[2]["kind"] == kind for one in self.of(namespace))
        status = it.get("status", {})
        if kind == "Pod":
            return status.get("phase") in ("Succeeded", "Failed")
        return any(one["type"] in ("Complete", "Failed") for one in status.get("conditions", ()))

    def act(self, act: str, namespace: str, name: str) -> None:
        """What somebody does to one run."""
        path = f"/api/v1/namespaces/{namespace}/pods/{name}"
        if act == "delete main":
            self.api.call("DELETE", f"/apis/batch/v1/namespaces/{namespace}/jobs/it?propagationPolicy=Foreground")
        elif act == "delete pod":
            self.api.call("DELETE", path)
        elif act == "force":
            self.api.call("DELETE", path, {"gracePeriodSeconds": 0})
        elif act == "delete namespace":
            self.api.call("DELETE", f"/api/v1/namespaces/{namespace}")
        elif act == "evict":
            body = {"apiVersion": "policy/v1", "kind": "Eviction", "metadata": {"name": name}}
            self.api.call("POST", f"{path}/eviction", body)
        elif act == "kill":
            wanted = f"sleep\0{self.values['{mark}']}\0".encode()
            for entry in Path("/proc").iterdir():
                with contextlib.suppress(OSError):
                    if entry.name.isdigit() and (entry / "cmdline").read_bytes() == wanted:
                        os.kill(int(entry.name), signal.SIGKILL)
        elif act == "preempt":
            with contextlib.suppress(ApiError):
                self.create({**made("PriorityClass", "urgent", "scheduling.k8s.io/v1"), "value": 1000})
            urgent = pod("sleep 5", {"resources": {"requests": {"cpu": "{most}"}}}, priorityClassName="urgent")
            self.create({**urgent, "metadata": {"name": "urgent"}}, namespace)

    def write(self, name: str, namespace: str, kind: str) -> None:
        """The file of a situation."""
        seen = self.of(namespace)
        uids = {one[2]["metadata"]["uid"] for one in seen if concerns(one[2], kind)}
        lines: list[str] = []
        for at, what, it in seen:
            about = it.get("involvedObject", {}).get("uid") if it["kind"] == "Event" else it["metadata"]["uid"]
            if about in uids and not (it["kind"] == "Event" and what == "DELETED"):
                lines.append(json.dumps({"at": round(at, 1), "what": what, "object": trimmed(it)}, ensure_ascii=False))
        text = ",\n".join(lines).replace(namespace, "ns").replace(self.values["{mark}"], "4321")
        (HERE / f"{name}.json").write_text(f"[\n{text}\n]\n")
        print(f"{name}: {len(lines)} versions", flush=True)

    # What is done to the node

    def disturb(self, act: str, chosen: Mapping[str, Situation]) -> None:
        """Record all situations of one act."""
        paper = self.cluster.add_paper_node(f"paper-{act}")
        with ThreadPoolExecutor(len(chosen)) as threads:
            going = [threads.submit(self.record, *one) for one in chosen.items()]
            time.sleep(8)
            if act == "unplug":
                paper.remove()
            elif act == "taint":
                taint = {"key": "example.com/repair", "effect": "NoExecute"}
                self.api.call("PATCH", "/api/v1/nodes/node1", {"spec": {"taints": [taint]}})
            elif act == "freeze":
                self.cluster.freeze("kubelet")
                time.sleep(25)
                self.cluster.thaw("kubelet")
            for done in going:
                done.result()
        if act == "taint":
            self.api.call("PATCH", "/api/v1/nodes/node1", {"spec": {"taints": None}})
        if act != "unplug":
            paper.remove()

    # What is refused

    def refusals(self) -> None:
        """What the API server answers to creations that it refuses."""
        trusted = self.cluster.dir / "pki/apiserver.crt"
        answers: dict[str, Object] = {}
        self._policies()
        for name, (situation, user) in REFUSED.items():
            token = self.tokens.get(user, "wrong")
            with self.space(situation) as made_here:
                namespace = "absent" if name == "no_namespace" else made_here
                if name == "leaving_namespace":
                    stays = {**made("ConfigMap", "stays"), "metadata": {"name": "stays", "finalizers": ["a.b/c"]}}
                    self.create(stays, namespace)
                    self.api.call("DELETE", f"/api/v1/namespaces/{namespace}")
                try:
                    self.create(situation.main, namespace, Api(self.cluster.pod_api_url, token, trusted))
                    print(f"{name}: NOT REFUSED")
                except ApiError as error:
                    said = str(error).partition(f": {error.status}: ")[2].replace(namespace, "ns")
                    answers[name] = {"http": error.status, **json.loads(said)}
                    print(f"{name}: {said}"[:200], flush=True)
                if name == "leaving_namespace":
                    path = f"/api/v1/namespaces/{namespace}/configmaps/stays"
                    self.api.call("PATCH", path, {"metadata": {"finalizers": None}})
        (HERE / "refusals.json").write_text(json.dumps(answers, indent=1, ensure_ascii=False) + "\n")

    def _policies(self) -> None:
        def of(name: str) -> Object:
            return {"matchLabels": {"refuse": name}}

        jobs = [{"apiGroups": ["batch"], "apiVersions": ["v1"], "operations": ["CREATE"], "resources": ["jobs"]}]
        version = "admissionregistration.k8s.io/v1"
        self.create(made("ValidatingAdmissionPolicy", "no-jobs", version, spec={
            "matchConstraints": {"resourceRules": jobs},
            "validations": [{"expression": "false", "message": "jobs need a cost centre"}]}))  # fmt: skip
        self.create(made("ValidatingAdmissionPolicyBinding", "no-jobs", version, spec={
            "policyName": "no-jobs", "validationActions": ["Deny"],
            "matchResources": {"namespaceSelector": of("policy")}}))  # fmt: skip
        self.create(made("ValidatingWebhookConfiguration", "no-jobs", version, webhooks=[{
            "name": "no-jobs.example.com", "clientConfig": {"url": "https://127.0.0.1:1/"}, "rules": jobs,
            "sideEffects": "None", "admissionReviewVersions": ["v1"],
            "namespaceSelector": of("webhook")}]))  # fmt: skip
        time.sleep(5)  # until the API server acts on them


def main(names: list[str]) -> None:
    """Record the named situations, or all."""

    def chosen(of: Mapping[str, Situation]) -> dict[str, Situation]:
        return {name: one for name, one in of.items() if not names or name in names}

    with tempfile.TemporaryDirectory(dir="/tmp" if Path("/tmp").is_dir() else None) as folder:
        cluster = Cluster(Path(folder) / "c")
        cluster.up(owner=os.getpid())
        try:
            recorder = Recorder(cluster)
            quiet = chosen(QUIET)
            if any(name.startswith("pull_") for name in quiet):
                cluster.need("python:test")
                recorder.create(REGISTRY, "default")
                recorder.until(lambda: recorder.running("default"), 30)
            with ThreadPoolExecutor(AT_ONCE) as threads:
                for done in [threads.submit(recorder.record, *one) for one in quiet.items()]:
                    done.result()
            if not names or "refusals" in names:
                recorder.refusals()
            for act in ("preempt", "taint", "freeze", "unplug"):
                if found := {name: one for name, one in chosen(DISTURBING).items() if one.act == act}:
                    recorder.disturb(act, found)
        finally:
            cluster.down()


if __name__ == "__main__":
    main(sys.argv[1:])
