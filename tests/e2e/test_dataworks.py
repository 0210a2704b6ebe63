"""dataworks: flows of the practice server, as the real service cannot be had. Vendor's code reckons its signatures."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import Any, ClassVar

import pytest
from tests.e2e.way import Deed, Middle, Way
from tests.executors.dataworks.vendor import vendor_signature

from anyjob.outcome import Strength
from anyjob_dataworks.peer import Peer, PeerKey

KEY = PeerKey(secret="e2e-secret")


class DataWorksWay(Way):
    """By a region that leads to the practice server by the settings, as a real one leads to the service."""

    job_type = "DataWorks"  # as CreateJob's page spells it
    stopped = Strength.REPORTED
    api: ClassVar[str]

    @pytest.fixture(scope="class")
    @classmethod
    def peer(cls) -> Iterator[Peer]:
        with Peer(expected=vendor_signature) as peer:
            peer.keys = {"e2e": KEY}
            yield peer

    @pytest.fixture(scope="class")
    @classmethod
    def settings(cls, peer: Peer) -> str:
        return f"""
[server.users]
"*" = "root"

[executors.dataworks]
region = "cn-shanghai"
poll = 0.1

[executors.dataworks.endpoints]
cn-shanghai = "http://127.0.0.1:{peer.port}"

[executors.dataworks.credentials."*"]
id = {{command = ["echo", "e2e"]}}
secret = {{command = ["echo", "{KEY.secret}"]}}
"""

    def fields(self, flow: str, **parameters: str) -> dict[str, Any]:
        return {
            "Content": {"projectName": "practice", "flowName": flow, "dagParameters": parameters},
            "XAttrs": {"api": self.api, "log": "output"},
        }

    @pytest.fixture
    def deed(self) -> Deed:
        return Deed(fields=self.fields("daily"), result="118 rows written", logged="118 rows kept")

    @pytest.fixture
    def middle(self, peer: Peer) -> Middle:
        before = len(peer.flows.started)

        def let_go() -> None:
            (node,) = peer.flows.started[-1].nodes
            node.script = replace(node.script, seconds=0.1)

        return Middle(
            fields=self.fields("sleeps"),
            begun=lambda: len(peer.flows.started) - before,
            let_go=let_go,
            result="ready",
            logged=("ready",),
        )


class TestDataWorks2020(DataWorksWay):
    api = "2020-05-18"

    @pytest.fixture(autouse=True)
    def by_this_api(self, peer: Peer) -> Iterator[None]:
        yield
        assert peer.count("RunManualDagNodes")


class TestDataWorks2024(DataWorksWay):
    api = "2024-05-18"

    @pytest.fixture(autouse=True)
    def by_this_api(self, peer: Peer) -> Iterator[None]:
        yield
        assert peer.count("CreateWorkflowInstances")
