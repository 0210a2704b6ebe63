"""The Docker ground itself: what the tests of launchers rely on."""

from __future__ import annotations

from contextlib import closing

import pytest
from tests.grounds.docker.engine import Engine

pytestmark = [pytest.mark.needs("docker")]


def test_first(engine: Engine) -> None:
    with closing(engine.client()) as client:
        assert client.containers.run("busybox:latest", ["echo", "hi"], remove=True) == b"hi\n"
