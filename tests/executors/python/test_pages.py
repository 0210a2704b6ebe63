"""The examples run as they stand; hello.yaml is run by the page's own test."""

from __future__ import annotations

import os
import subprocess
import sys
import zipfile
from importlib.metadata import distribution
from pathlib import Path

import pytest
from tests.docs.fences import blocks
from tests.docs.served import serving
from tests.docs.test_jobs_run import answering

HERE = Path(__file__).parents[3] / "executors" / "python"


@pytest.mark.parametrize("name", ["shards", "warm"])
def test_an_example_runs(name: str, tmp_path: Path) -> None:
    file = HERE / "examples" / f"{name}.yaml"
    config = tmp_path / "anyjob.toml"
    config.write_text("[worker]\nshim_idle = 0.2\n")  # so that nothing is left of it
    argv = [
        sys.executable,
        "-m",
        "anyjob",
        "run",
        "--state",
        str(tmp_path / "state"),
        "--config",
        str(config),
        str(file),
    ]
    done = subprocess.run(argv, capture_output=True, text=True, timeout=100, env={**os.environ, "PYTHONWARNINGS": ""})
    assert done.returncode == 0, done.stdout + done.stderr


def repacked(name: str, folder: Path) -> None:
    """The wheel from which a distribution of this environment was installed, but for its programs."""
    made = distribution(name)
    (tag, *_) = [line.split()[1] for line in (made.read_text("WHEEL") or "").splitlines() if line.startswith("Tag:")]
    with zipfile.ZipFile(folder / f"{name.replace('-', '_')}-{made.version}-{tag}.whl", "w") as archive:
        for file in made.files or []:
            if ".." not in file.parts and "__pycache__" not in file.parts:
                archive.write(file.locate(), file)


@pytest.mark.needs("cgroup2")
def test_its_job_with_its_settings(tmp_path: Path) -> None:
    """The wheels that its requirements need lie in the folder of the settings, and nothing is asked of an index."""
    (settings,) = blocks("executors/python/README.md", "toml")
    (job,) = blocks("executors/python/README.md", "yaml")
    for name in ("requests", "charset-normalizer", "idna", "urllib3", "certifi"):
        (tmp_path / "wheels").mkdir(exist_ok=True)
        repacked(name, tmp_path / "wheels")
    warm = "{Name: warm, JobType: python, Content: 'import sys; print(\"email.parser\" in sys.modules)'}"
    with (
        answering(b'{"rate": 1.5}') as (address, asked),
        serving(tmp_path / "served", settings, replace={"/srv/wheels": f"{tmp_path}/wheels"}) as served,
    ):
        rates, forked = served.fire(job.replace("https://rates.example", address), warm)
    assert (rates.cause, rates.result, rates.log) == ("succeeded", "USD 1.5", ["EUR 1.5", "USD 1.5"]), rates
    assert [line.split()[1] for line, _, _ in asked] == ["/EUR", "/USD"]
    assert (forked.cause, forked.result) == ("succeeded", "True"), "the module was imported before"
