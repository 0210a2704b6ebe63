"""The examples run as they stand, on the practice server that their first lines name; the page's jobs are taken."""

from __future__ import annotations

import socket
from pathlib import Path

from tests.docs.walk import walk

ROOT = Path(__file__).parents[3]
PAGE = (ROOT / "executors/dataworks/README.md").read_text()


def test_the_page_runs_them(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    walk("executors/dataworks/README.md", tmp_path / "here", replace={"8056": str(port)})


def test_the_readme_says_what_it_was_proven_against() -> None:
    assert "the real service could not be had" in " ".join(PAGE.split())
