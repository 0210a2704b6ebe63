from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from tests.core.cli.program import Done
from tests.plugins.server.serving import Serving


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Serving]:
    """`anyjob serve` for all tests of a module; each makes jobs of its own names."""
    with Serving(tmp_path_factory.mktemp("served")) as serving:
        yield serving


@pytest.fixture
def anyjob(server: Serving) -> Callable[..., Done]:
    """A command of the server's own user: the state folder tells where it is."""

    def call(*words: str, stdin: bytes = b"") -> Done:
        return server.program(*words, "--state", str(server.state), stdin=stdin)

    return call


@pytest.fixture
def file(tmp_path: Path) -> Callable[[str], str]:
    """A job file with that text; its path."""

    def write(text: str) -> str:
        path = tmp_path / f"{len([*tmp_path.iterdir()])}.yaml"
        path.write_text(text)
        return str(path)

    return write
