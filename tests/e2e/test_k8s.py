"""k8s: scripts and manifests in pods of a real cluster, with its own kubelet and containerd."""

from __future__ import annotations

import json
import secrets
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import pytest
from tests.e2e.way import Deed, Middle, Way
from tests.executors.k8s.kit import container, job_manifest
from tests.grounds.kubernetes.cluster import Cluster

from anyjob.outcome import Strength

pytestmark = [pytest.mark.needs("k8s"), pytest.mark.timeout(300)]


class Beyond:
    """What pods tell and ask outside of their cluster: that they begin, and whether they may end."""

    def __init__(self, host: str) -> None:
        self._begun: list[str] = []
        self._over: set[str] = set()
        beyond = self

        class Answer(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                _, asked, who = self.path.split("/")
                if asked == "begun":
                    beyond._begun.append(who)
                self.send_response(200 if asked == "begun" or who in beyond._over else 404)
                self.send_header("Content-Length", "0")
                self.end_headers()

            def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - as in the base
                pass

        self._server = ThreadingHTTPServer((host, 0), Answer)
        self.url = f"http://{host}:{self._server.server_port}"
        threading.Thread(target=self._server.serve_forever, args=(0.05,)).start()

    def begun(self, who: str) -> int:
        return self._begun.count(who)

    def let_go(self, who: str) -> None:
        self._over.add(who)

    def close(self) -> None:
        self._server.shutdown()
        self._server.server_close()


class OfPods(Way):
    """Each pod's script is the same, whatever brings it there."""

    job_type = "k8s"
    stopped = Strength.REPORTED

    @pytest.fixture(scope="class")
    @classmethod
    def namespace(cls, cluster: Cluster) -> Iterator[str]:
        cluster.need("busybox:latest")
        with cluster.namespace() as name:
            yield name

    @pytest.fixture(scope="class")
    @classmethod
    def beyond(cls, cluster: Cluster) -> Iterator[Beyond]:
        made = Beyond(cluster.host_address)
        yield made
        made.close()

    @pytest.fixture(scope="class")
    @classmethod
    def settings(cls, cluster: Cluster, namespace: str) -> str:
        ground = f"kubeconfig = {json.dumps(str(cluster.kubeconfig))}\nnamespace = {json.dumps(namespace)}\n"
        return f'[server.users]\n"*" = "root"\n[executors.k8s.clusters.ground]\n{ground}'

    def fields(self, script: str) -> dict[str, Any]:
        """A job whose pod runs that."""
        raise NotImplementedError

    @pytest.fixture
    def deed(self) -> Deed:
        return Deed(fields=self.fields('echo "hello $ANYJOB_PARAMETERS"'), result="hello test", logged="hello test")

    @pytest.fixture
    def middle(self, cluster: Cluster, namespace: str, beyond: Beyond) -> Middle:
        who = secrets.token_hex(4)
        script = (
            f"echo once\nwget -q -O /dev/null {beyond.url}/begun/{who}\n"
            f"until wget -q -O /dev/null {beyond.url}/over/{who} 2> /dev/null; do sleep 0.1; done\necho whole"
        )
        fields = self.fields(script)
        fields["XAttrs"] = {**fields["XAttrs"], "labels": {"who": who}}

        def left() -> list[str]:
            kinds = (f"/api/v1/namespaces/{namespace}/pods", f"/apis/batch/v1/namespaces/{namespace}/jobs")
            found = [cluster.api.call("GET", f"{kind}?labelSelector=who%3D{who}") for kind in kinds]
            return [item["metadata"]["name"] for one in found for item in one["items"]]

        return Middle(
            fields=fields,
            begun=lambda: beyond.begun(who),
            let_go=lambda: beyond.let_go(who),
            result="whole",
            logged=("once", "whole"),
            left=left,
        )


class TestScript(OfPods):
    def fields(self, script: str) -> dict[str, Any]:
        """With the XAttrs of CreateJob's page."""
        return {"Content": script, "XAttrs": {"image": "busybox", "resource": "shell"}}


class TestManifest(OfPods):
    def fields(self, script: str) -> dict[str, Any]:
        """The same, in a container whose first process hears TERM."""
        made = job_manifest(container("main", f"trap 'exit 143' TERM\n{script}", image="busybox"), backoffLimit=0)
        return {"Content": made.job["Content"], "XAttrs": {"resource": "job"}}
