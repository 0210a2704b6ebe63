"""SchedulerX's worker jar and what it needs, by Maven."""

from __future__ import annotations

import subprocess
from functools import cache
from pathlib import Path

import pytest

_POM = """<project xmlns="http://maven.apache.org/POM/4.0.0"><modelVersion>4.0.0</modelVersion>
<groupId>tests</groupId><artifactId>worker</artifactId><version>1</version><packaging>pom</packaging>
<dependencies><dependency><groupId>com.aliyun.schedulerx</groupId><artifactId>schedulerx2-worker</artifactId>
<version>1.11.4</version></dependency></dependencies></project>
"""


@cache
def worker_jars(folder: Path) -> list[Path]:
    """The worker jar first. From the local repository where it has them, else as Maven is set up here.

    Where they cannot be had the test is skipped with Maven's reason.
    """
    folder.mkdir(parents=True)
    (folder / "pom.xml").write_text(_POM)
    argv = ["mvn", "-q", "-B", "dependency:copy-dependencies", "-DoutputDirectory=lib", "-DincludeScope=runtime"]
    said = ""
    for way in (["-o"], []):
        done = subprocess.run([*argv, *way], cwd=folder, capture_output=True, text=True, timeout=110)
        if done.returncode == 0:
            jars = sorted((folder / "lib").glob("*.jar"))
            return sorted(jars, key=lambda jar: not jar.name.startswith("schedulerx2-worker"))
        said = next((line for line in done.stdout.splitlines() if "ERROR" in line), done.stdout[-300:])
    pytest.skip(f"schedulerx2-worker 1.11.4 does not resolve here: {said}")
