"""The examples run as they stand, on the practice server that their first lines name; the page's jobs are taken."""

from __future__ import annotations

import subprocess
import sys
import tomllib
from collections.abc import Iterator
from pathlib import Path

import pytest
from tests.docs.fences import blocks

from anyjob.spec.place import layout
from anyjob_dataworks.settings import DataworksSettings
from anyjob_dataworks.spec import DataworksSpec

ROOT = Path(__file__).parents[3]
EXAMPLES = sorted((ROOT / "executors/dataworks/examples").glob("*.yaml"))
PAGE = (ROOT / "executors/dataworks/README.md").read_text()


@pytest.fixture(scope="module")
def port() -> Iterator[str]:
    argv = [sys.executable, "-m", "anyjob_dataworks.peer"]
    with subprocess.Popen(argv, stdout=subprocess.PIPE, text=True) as server:
        assert server.stdout is not None
        yield server.stdout.readline().strip().rpartition(":")[2]
        server.terminate()


@pytest.mark.parametrize("example", EXAMPLES, ids=lambda file: file.stem)
def test_examples_run(example: Path, port: str, tmp_path: Path) -> None:
    file = tmp_path / example.name
    file.write_text(example.read_text().replace("8056", port))
    argv = [sys.executable, "-m", "anyjob", "run", str(file), "--state", str(tmp_path / "state")]
    done = subprocess.run(argv, capture_output=True, text=True, timeout=60)
    assert done.returncode == 0, done.stderr
    own = [line for line in done.stdout.splitlines() if not line.startswith("[anyjob]")]
    wanted = {"daily": ["120 rows read", "118 rows kept", "118 rows written"], "node": ["120 rows read"]}
    assert own == wanted[example.stem]


def test_the_readme_holds_every_setting() -> None:
    (settings,) = blocks("executors/dataworks/README.md", "toml")
    written = tomllib.loads(settings)["executors"]["dataworks"]
    assert set(DataworksSettings.model_validate(written).model_dump()) == set(written)


def test_the_readme_names_every_key() -> None:
    for places in layout(DataworksSpec).values():
        for place in places:
            if place.keys and place.keys != ("secrets",):
                assert f"`{place.keys[-1]}`" in PAGE, place.field


def test_the_readme_says_what_it_was_proven_against() -> None:
    assert "the real service could not be had" in " ".join(PAGE.split())
