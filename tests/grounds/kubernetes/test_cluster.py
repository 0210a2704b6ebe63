"""The ground itself: what the tests of executors rely on."""

from __future__ import annotations

import pytest
from tests.grounds.kubernetes.cluster import Cluster

pytestmark = pytest.mark.needs("k8s")

_ASK = """
T=$(cat /var/run/secrets/kubernetes.io/serviceaccount/token)
wget -q --no-check-certificate --header "Authorization: Bearer $T" -O - \
  https://$KUBERNETES_SERVICE_HOST:$KUBERNETES_SERVICE_PORT/apis/authentication.k8s.io
"""


def test_a_pod_reaches_the_api_server_as_its_service_account(cluster: Cluster) -> None:
    with cluster.namespace() as namespace:
        where = f"--namespace={namespace}"
        cluster.kubectl(where, "create", "job", "ask", "--image=busybox:test", "--", "sh", "-c", _ASK)
        cluster.kubectl(where, "wait", "--for=condition=complete", "--timeout=60s", "job/ask")
        assert '"name": "authentication.k8s.io"' in cluster.kubectl(where, "logs", "job/ask")
