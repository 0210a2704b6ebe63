"""Which tests stay together when several processes run them (`pytest -n 2`)."""
# pyright: reportMissingTypeStubs=false
# pytest-xdist has no types of its own in the package.

from __future__ import annotations

import pytest
from xdist.remote import Producer
from xdist.scheduler import LoadScopeScheduling

GROUNDS = {
    "kubernetes": (
        "tests/contract/test_k8s",
        "tests/e2e/test_k8s",
        "tests/executors/k8s/",
        "tests/grounds/kubernetes/",
    ),
    "docker": ("tests/contract/test_docker", "tests/plugins/docker/", "tests/grounds/docker/"),
}
"""Tests on one ground: a machine carries one cluster and one engine well, and two slow both."""


class ByGround(LoadScopeScheduling):
    """Tests of a module or class stay together, as they share fixtures, and so do those of a ground.

    Marks would say it too, but pytest-xdist 3.8 does not find them with pytest 9.2.
    """

    def _split_scope(self, nodeid: str) -> str:
        grounds = (name for name, paths in GROUNDS.items() if nodeid.startswith(paths))
        return next(grounds, None) or super()._split_scope(nodeid)


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config: pytest.Config, log: Producer) -> ByGround:
    return ByGround(config, log)
