"""The page of the grounds makes them as it says, and they are gone afterwards."""

from __future__ import annotations

import shutil
import tempfile
from pathlib import Path

import pytest
from tests.docs.walk import walk
from tests.grounds.docker.engine import Engine
from tests.grounds.kubernetes.cluster import Cluster


@pytest.mark.needs("docker", "postgres", "k8s", "systemd")
@pytest.mark.timeout(300)
def test_the_commands_of_the_page(tmp_path: Path) -> None:
    # Of their own, and short: a Unix socket's path holds 107 bytes.
    top = Path(tempfile.mkdtemp(prefix="page-"))
    engine, cluster = top / "engine", top / "cluster"
    here = {"/tmp/engine": str(engine), "/tmp/cluster": str(cluster)}
    try:
        walk("tests/grounds/README.md", tmp_path / "here", replace=here)
    finally:
        left = [folder for folder in (engine, cluster) if folder.exists()]
        if engine in left:
            Engine(engine).clear()
        Cluster(cluster).down()
        shutil.rmtree(top, ignore_errors=True)
    assert not left
