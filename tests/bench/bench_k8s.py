"""Runs in Kubernetes, on a cluster of our own: no-ops against a bare client, memory of many, requests for each.

    python -m tests.bench.bench_k8s [--only noops sleepers requests] [--runs 50] [--flight 8 50] [--pairs 5]
        [--sleepers 500] [--state DIR]

No-ops: script jobs of `true` from submit to an outcome that is kept and a Job that is deleted, against the same objects
made, awaited by one watch of the pods, and deleted by the package `kubernetes` (k8s_bare.py); ratios are of adjacent
pairs. Sleepers: runs on a node of paper whose kubelet has an endless log for each (k8s_sleepers.py). Requests: those
that leave the worker's sockets, for runs that say a line and end well.
"""

from __future__ import annotations

import asyncio
import json
import os
import re
import shutil
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Generator, Mapping
from contextlib import closing, contextmanager
from itertools import count
from pathlib import Path
from typing import Any

from tests.bench.ground import arguments, ground
from tests.bench.k8s_bare import Bare
from tests.bench.k8s_kubelet import kubelet
from tests.bench.k8s_sleepers import script
from tests.bench.row import tell
from tests.grounds.kubernetes.cluster import Cluster
from tests.grounds.owned import OwnedFolder, sweep

from anyjob.job import Job
from anyjob.plugins import PluginHost
from anyjob.worker.order import RunOrder
from anyjob.worker.worker import Worker
from anyjob_k8s.wire import Answer, Wire

EACH = 10
"""Runs of each kind whose requests are counted."""
_NUMBERS = count(1)
_KIND = "bench-k8s"
_PATH = re.compile(
    r"/api(?:s/(?P<group>[^/]+))?/v1/namespaces/[^/]+/(?P<what>\w+)(?:/(?P<name>[^/]+)(?:/(?P<part>\w+))?)?$"
)
_OF_JOB = re.compile(r"(?P<run>.+)-\w{5}$")
"""The name of a Job's pod."""


class Sent:
    """What leaves by this process's wires to API servers."""

    def __init__(self) -> None:
        self.calls: Counter[tuple[str, str]] = Counter()
        """By run, which is empty for those of all, and what was asked."""
        self.bodies: list[dict[str, Any]] = []
        """Of objects that were created."""
        ask = Wire.ask

        async def counted(
            self: Wire, method: str, target: str, headers: Mapping[str, str], body: bytes | None
        ) -> Answer:
            note(method, target, body)
            return await ask(self, method, target, headers, body)

        note, Wire.ask = self._note, counted

    def _note(self, method: str, target: str, body: bytes | None) -> None:
        path, _, query = target.partition("?")
        found = _PATH.match(path)
        name, what = (found["name"] or "", found["what"]) if found else ("", path)
        if found and found["part"]:
            what = f"{what}/{found['part']}"
        if method == "POST" and body is not None:
            self.bodies.append(json.loads(body))
            name = self.bodies[-1]["metadata"]["name"]
        if found and found["what"] == "pods" and name and (job := _OF_JOB.match(name)):
            name = job["run"] if any(of == job["run"] for of, _ in self.calls) else name
        verb = "WATCH" if "watch=true" in query else "LIST" if "labelSelector" in query else method
        self.calls[name, f"{verb} {what}"] += 1

    def taken(self) -> tuple[Counter[str], Counter[str], Counter[str]]:
        """Those since the last call: by run, by what was asked for single runs, and for all."""
        calls, self.calls = self.calls, Counter()
        runs, own, shared = Counter[str](), Counter[str](), Counter[str]()
        for (name, what), number in calls.items():
            (own if name else shared)[what] += number
            if name:
                runs[name] += number
        return runs, own, shared


def host(cluster: Cluster, namespace: str) -> PluginHost:
    """With the cluster for executor and launcher."""
    reached = {"clusters": {"ground": {"kubeconfig": str(cluster.kubeconfig), "namespace": namespace}}}
    return PluginHost.load(executor_settings={"k8s": reached}, launcher_settings={"k8s": reached})


async def rate(worker: Worker, job: Job, flight: int, runs: int) -> float:
    """Runs a second with `flight` runs going at any time."""

    async def loop() -> None:
        for _ in range(runs // flight):
            run = await worker.submit(RunOrder(job=job, instance=next(_NUMBERS)))
            outcome = await run.outcome()
            assert outcome.ok, outcome
            worker.forget(run.name)

    start = time.perf_counter()
    await asyncio.gather(*(loop() for _ in range(flight)))
    return runs // flight * flight / (time.perf_counter() - start)


async def empty(cluster: Cluster, namespace: str) -> None:
    """Wait until what was deleted is gone, so that no side works for the other."""
    path = f"/api/v1/namespaces/{namespace}/pods?limit=1"
    while (await asyncio.to_thread(cluster.api.call, "GET", path))["items"]:
        await asyncio.sleep(1)


async def no_ops(cluster: Cluster, sent: Sent, flight: int, runs: int, pairs: int, state: Path) -> None:
    """Print one row."""
    job = script("true")
    with cluster.namespace() as namespace:
        async with Worker(host(cluster, namespace), state) as worker:
            sent.bodies.clear()
            await rate(worker, job, 1, 1)
            rates: list[float] = []
            bares: list[float] = []
            with closing(Bare(cluster.kubeconfig, namespace, sent.bodies[:2])) as bare:
                await asyncio.to_thread(bare.rate, 2, 2)
                cpu = 0.0
                for pair in range(pairs):
                    for ours in (True, False) if pair % 2 else (False, True):
                        await empty(cluster, namespace)
                        if ours:
                            used = time.process_time()
                            rates.append(await rate(worker, job, flight, runs))
                            cpu += time.process_time() - used
                        else:
                            bares.append(await asyncio.to_thread(bare.rate, flight, runs))
    ratios = [ours / theirs for ours, theirs in zip(rates, bares, strict=True)]
    tell(
        f"{runs} no-op script jobs in pods, {flight} in flight",
        rates,
        "runs/s",
        peer="a bare client",
        of_peer=bares,
        ratio=ratios,
        line="k8s",
        beside=f"{1000 * cpu / pairs / runs:.0f} ms of the worker's CPU a run",
    )


def kinds() -> dict[str, Job]:
    """Jobs that say a line and end well."""
    container = {"name": "main", "image": "busybox:test", "command": ["echo", "hello"]}
    pod = {"restartPolicy": "Never", "containers": [container]}
    a_job = {"apiVersion": "batch/v1", "kind": "Job", "metadata": {"name": "mine"}, "spec": {"template": {"spec": pod}}}
    a_pod = {"apiVersion": "v1", "kind": "Pod", "metadata": {"name": "mine"}, "spec": pod}
    of_manifest = {"resource": "job"}
    return {
        "script": script("echo hello"),
        "script, silent": script("true"),
        "script of 6 s": script("for n in 1 2 3; do echo $n; sleep 2; done"),
        "manifest of a Job": Job(name="a", job_type="k8s", content=json.dumps(a_job), xattrs=of_manifest),
        "manifest of a Pod": Job(name="b", job_type="k8s", content=json.dumps(a_pod), xattrs=of_manifest),
        "launcher": Job(
            name="c", job_type="shell", content="echo hello", xattrs={"launcher": "k8s", "image": "busybox:test"}
        ),
    }


async def requests(cluster: Cluster, sent: Sent, state: Path) -> None:
    """Print a row for each kind."""
    with cluster.namespace() as namespace:
        async with Worker(host(cluster, namespace), state) as worker:
            sent.taken()
            for kind, job in kinds().items():
                await rate(worker, job, EACH, EACH)
                of_runs, own, shared = sent.taken()
                assert len(of_runs) == EACH, of_runs
                each = ", ".join(f"{number / EACH:g} {name}" for name, number in sorted(own.items()))
                rest = ", ".join(f"{number} {name}" for name, number in sorted(shared.items())) or "none"
                tell(
                    f"API requests a run, the most of {EACH}: {kind}",
                    max(of_runs.values()),
                    "requests",
                    line="k8s-requests",
                    beside=f"mean: {each}; for all together: {rest}",
                )


@contextmanager
def paper(cluster: Cluster, name: str) -> Generator[None]:
    """A node of paper with a kubelet that has logs."""
    pki = cluster.dir / "pki"
    with (
        cluster.paper_node(name),
        kubelet(cluster.host_address, pki / "apiserver.crt", pki / "apiserver.key") as port,
    ):
        addresses = [{"type": "InternalIP", "address": cluster.host_address}]
        status = {"addresses": addresses, "daemonEndpoints": {"kubeletEndpoint": {"Port": port}}}
        cluster.api.call("PATCH", f"/api/v1/nodes/{name}/status", {"status": status})
        yield


def sleepers(cluster: Cluster, number: int, state: Path) -> None:
    """Print one row."""
    with paper(cluster, "paper"), cluster.namespace() as namespace:
        argv = [Path(__file__).with_name("k8s_sleepers.py"), cluster.kubeconfig, namespace, "paper", number, state]
        done = subprocess.run([sys.executable, *map(str, argv)], stdout=subprocess.PIPE, text=True, check=True)
    said = json.loads(done.stdout)
    idle, one, whole = (said[name] / 1e6 for name in ("idle", "one", "all"))
    tell(
        f"{number} running pods whose logs are followed: the whole worker",
        whole,
        "MB",
        line="k8s-memory",
        beside=f"{whole - idle:.0f} beyond an idle worker, {whole - one:.0f} beyond one that has had a run;"
        f" all went after {said['began']:.0f} s; {said['cpu']:.1f} % of a core, {said['files']} files",
    )


@contextmanager
def lent_cluster() -> Generator[Cluster]:
    """One that ends with this process; what dead ones left is cleared."""
    sweep(_KIND, _clear)
    folder = OwnedFolder(_KIND)
    cluster = Cluster(folder.path / "cluster")
    try:
        cluster.up(owner=os.getpid())
        yield cluster
    finally:
        cluster.down()
        folder.give_up()
        sweep(_KIND, _clear)


def _clear(folder: Path) -> None:
    Cluster(folder / "cluster").down()
    shutil.rmtree(folder)


def main() -> None:
    """Everything asked for."""
    words = arguments(__doc__)
    words.add_argument("--only", nargs="*", default=["requests", "sleepers", "noops"])
    words.add_argument("--runs", type=int, default=50, help="of each side of a pair")
    words.add_argument("--flight", type=int, nargs="*", default=[8, 50])
    words.add_argument("--pairs", type=int, default=5)
    words.add_argument("--sleepers", type=int, default=500)
    given = words.parse_args()
    sent = Sent()
    with ground(given.state) as lent, lent_cluster() as cluster:
        if "requests" in given.only:
            asyncio.run(requests(cluster, sent, lent.folder()))
        if "sleepers" in given.only:
            sleepers(cluster, given.sleepers, lent.folder())
        for flight in given.flight if "noops" in given.only else ():
            asyncio.run(no_ops(cluster, sent, flight, given.runs, given.pairs, lent.folder()))


if __name__ == "__main__":
    main()
