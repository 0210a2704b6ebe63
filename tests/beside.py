"""Which tests stay together when several processes run them (`pytest -n 3`), and which begin first."""
# pyright: reportMissingTypeStubs=false
# pytest-xdist has no types of its own in the package.

from __future__ import annotations

from collections import OrderedDict

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

SECONDS = {
    "tests/core/cli/": 2.0,
    "tests/core/worker/shim/test_coming": 3.0,
    "tests/contract/test_k8s": 2.0,
    "tests/docs/operator/": 6.0,
    "tests/docs/test_fences": 1.0,
    "tests/docs/test_numbers": 3.0,
    "tests/docs/test_readme": 6.0,
    "tests/docs/test_write_an_executor": 45.0,
    "tests/e2e/test_typos": 0.05,
    "tests/e2e/": 6.0,
    "tests/executors/java/test_processors": 1.0,
    "tests/executors/springschedule/test_project": 15.0,
    "tests/executors/springschedule/test_taking": 4.0,
    "tests/executors/xxljob/test_examples": 10.0,
    "tests/executors/xxljob/test_real": 1.5,
    "tests/packaging/test_house": 0.05,
    "tests/packaging/test_install": 45.0,
    "tests/packaging/test_jars": 15.0,
    "tests/packaging/test_stranger": 20.0,
    "tests/packaging/test_surface": 0.05,
    "tests/packaging/test_tally": 4.0,
    "tests/plugins/server/api/": 0.1,
    "tests/plugins/jvm/": 2.5,
    "tests/plugins/server/cli/": 3.0,
    "tests/plugins/server/clients/": 3.0,
    "tests/plugins/server/engine/test_siege": 65.0,
    "tests/plugins/server/test_backup": 10.0,
    "tests/plugins/server/timing/": 0.1,
}
"""About how long a test takes on a quiet machine, by how its name begins, where it is far from `_USUAL`; the first
that fits counts. It only says which units begin first."""
_USUAL = 0.5


def expected(nodeid: str) -> float:
    """About how many seconds the test takes."""
    found = (seconds for start, seconds in SECONDS.items() if nodeid.startswith(start))
    return next(found, _USUAL)


class LongestFirst(OrderedDict[str, dict[str, bool]]):
    """Units of work, the longest first: else one process has it when all others have nothing any more."""

    def popitem(self, last: bool = True) -> tuple[str, dict[str, bool]]:  # noqa: FBT001, FBT002 - as it is there
        scope = max(self, key=lambda scope: sum(map(expected, self[scope])))
        return scope, self.pop(scope)


class ByGround(LoadScopeScheduling):
    """Tests of a module or class stay together, as they share fixtures, and so do those of a ground.

    Marks would say it too, but pytest-xdist 3.8 does not find them with pytest 9.2.
    """

    def __init__(self, config: pytest.Config, log: Producer) -> None:
        super().__init__(config, log)
        self.workqueue = LongestFirst()

    def _split_scope(self, nodeid: str) -> str:
        grounds = (name for name, paths in GROUNDS.items() if nodeid.startswith(paths))
        return next(grounds, None) or super()._split_scope(nodeid)


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config: pytest.Config, log: Producer) -> ByGround:
    return ByGround(config, log)
