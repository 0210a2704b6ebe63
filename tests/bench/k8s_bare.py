"""The bare limit of runs in Kubernetes: the same objects, by the package `kubernetes`, a thread for each in flight."""

# pyright: reportMissingTypeStubs=false, reportUnknownMemberType=false, reportUnknownVariableType=false

from __future__ import annotations

import json
import threading
import time
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from secrets import token_hex
from typing import Any, Final

from kubernetes import client, config, watch

from anyjob_k8s.objects import LABEL_RUN

__all__ = ["Bare"]

_TOO_LONG: Final = 300.0
_LABEL: Final = "bench.anyjob.dev/run"


class Bare:
    """Creates what a run was seen to create, awaits its end by one watch of the pods, and deletes it.

    The pod's end is the earliest that there is: its Job is told to be complete a second later, and reading the log,
    which a worker does besides, is left out.
    """

    def __init__(self, kubeconfig: Path, namespace: str, objects: Sequence[Mapping[str, Any]]) -> None:
        """`objects`: as they were sent for one run, the Job first."""
        settings = client.Configuration()
        config.load_kube_config(str(kubeconfig), client_configuration=settings)
        settings.connection_pool_maxsize = 100
        api = client.ApiClient(settings)
        self._core, self._batch = client.CoreV1Api(api), client.BatchV1Api(api)
        self._namespace = namespace
        self._run = str(objects[0]["metadata"]["name"])
        # Neither side's watch is to hear of the other's pods.
        self._texts = [json.dumps(one).replace(LABEL_RUN, _LABEL) for one in objects]
        self._ends: dict[str, threading.Event] = {}
        self._watch, self._over = watch.Watch(), False
        self._seen = threading.Thread(target=self._look, daemon=True, name="watch of the bare side")
        self._seen.start()

    def rate(self, flight: int, runs: int) -> float:
        """Runs a second."""

        def loop(_: int) -> None:
            for _ in range(runs // flight):
                self._one()

        start = time.perf_counter()
        with ThreadPoolExecutor(flight) as pool:
            list(pool.map(loop, range(flight)))
        return runs // flight * flight / (time.perf_counter() - start)

    def close(self) -> None:
        self._over = True
        self._watch.stop()  # which breaks the connection that the thread reads
        self._seen.join()

    def _one(self) -> None:
        name = f"bare-{token_hex(8)}"
        ended = self._ends[name] = threading.Event()
        main, *others = (json.loads(text.replace(self._run, name)) for text in self._texts)
        made: Any = self._batch.create_namespaced_job(self._namespace, main)
        for other in others:
            other["metadata"]["ownerReferences"][0]["uid"] = made.metadata.uid
            self._core.create_namespaced_config_map(self._namespace, other)
        assert ended.wait(_TOO_LONG), f"{name} does not end"
        self._batch.delete_namespaced_job(name, self._namespace, propagation_policy="Background")

    def _look(self) -> None:
        listed: Any = self._core.list_namespaced_pod
        events: Any = self._watch.stream(listed, self._namespace, label_selector=_LABEL)
        try:
            for event in events:
                pod = event["object"]
                if pod.status.phase == "Succeeded" and (ended := self._ends.get(pod.metadata.labels[_LABEL])):
                    ended.set()
        except Exception:
            if not self._over:
                raise
