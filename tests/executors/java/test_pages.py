"""The examples run as they stand, the project builds, and what the README shows is accepted."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from tests.docs.fences import blocks
from tests.docs.served import serving
from tests.docs.walk import walk
from tests.executors.java.build import compiled, packed

from anyjob_java.ours import ours
from anyjob_jvm.homes import JavaHome

HERE = Path(__file__).parents[3] / "executors" / "java"

pytestmark = pytest.mark.needs("jdk17")


def run(file: Path, tmp_path: Path, *options: str) -> subprocess.CompletedProcess[str]:
    config = tmp_path / "anyjob.toml"
    config.write_text("[worker]\nshim_idle = 0.2\n")  # so that nothing is left of it
    argv = [sys.executable, "-m", "anyjob", "run", "--state", str(tmp_path / "state"), "--config", str(config)]
    env = {**os.environ, "PYTHONWARNINGS": ""}
    return subprocess.run([*argv, *options, str(file)], capture_output=True, text=True, timeout=100, env=env)


@pytest.mark.parametrize("name", ["shards", "shared"])
def test_an_example_runs(name: str, tmp_path: Path) -> None:
    done = run(HERE / "examples" / f"{name}.yaml", tmp_path)
    assert done.returncode == 0, done.stdout + done.stderr


@pytest.mark.needs("maven")
def test_the_project_builds_and_runs(tmp_path: Path) -> None:
    project = tmp_path / "project"
    shutil.copytree(HERE / "examples" / "project", project)
    argv = ["mvn", "-q", "-B", "package", f"-Danyjob.api={ours().api}"]
    said = ""
    for way in (["-o"], []):
        done = subprocess.run([*argv, *way], cwd=project, capture_output=True, text=True, timeout=110)
        said = done.stdout
        if done.returncode == 0:
            break
    else:
        pytest.fail(f"the project does not build: {said[-2000:]}")
    jar = project / "target" / "rates.jar"
    done = run(project / "job.yaml", tmp_path, "--json", "--set", f"XAttrs.classpath=[{json.dumps(str(jar))}]")
    assert done.returncode == 0, done.stdout + done.stderr
    outcome = json.loads(done.stdout)
    assert (outcome["result"], outcome["outputs"]) == ("2 rates", {"rates": 2})


@pytest.mark.needs("cgroup2")
def test_the_class_of_the_readme_compiles_and_its_job_runs_it(tmp_path: Path, jdk: JavaHome) -> None:
    (text,) = blocks("executors/java/README.md", "java")
    classes = compiled(tmp_path, jdk, {"com/example/Rates.java": text}, [ours().api])
    (job,) = blocks("executors/java/README.md", "yaml")
    file = tmp_path / "job.yaml"
    file.write_text(job.replace("[/opt/jobs/rates.jar, /opt/jobs/lib/*]", json.dumps([str(classes)])))
    done = run(file, tmp_path)
    assert (done.returncode, done.stdout) == (0, "EUR\nUSD\n"), done.stderr


PROCESSOR = """package com.alibaba.schedulerx.test;
import anyjob.job.*;
public class helloworld extends JavaProcessor {
    @Override
    public ProcessResult process(JobContext context) {
        String group = com.example.Shop.NAME;
        long heap = Runtime.getRuntime().maxMemory() >> 20;
        return new ProcessResult(true, group + " " + heap);
    }
}
"""
SHOP = 'package com.example; public class Shop { public static final String NAME = String.valueOf("shop"); }'


def test_its_job_by_the_api_with_the_settings_of_the_worker(tmp_path: Path, jdk: JavaHome) -> None:
    """The app group's own jar is on the class path, and the page's argument is passed to every JVM."""
    (settings,) = blocks("executors/java/README.md", "toml")
    (job,) = blocks("executors/java/README.md", "json")
    jobs, shop = tmp_path / "opt/jobs/lib", tmp_path / "opt/shop/lib"
    shops = compiled(tmp_path / "a", jdk, {"com/example/Shop.java": SHOP})
    packed(shop / "shop.jar", shops)
    source = {"com/alibaba/schedulerx/test/helloworld.java": PROCESSOR}
    packed(jobs / "jobs.jar", compiled(tmp_path / "b", jdk, source, [ours().api, shops]))
    job = job.replace("/opt/jobs/lib", str(jobs))
    fields = json.loads(job)

    def other(*arguments: str, classpath: str = f"{jobs}/*") -> str:
        return json.dumps({**fields, "XAttrs": {"classpath": [classpath], "jvmArgs": arguments}})

    with serving(tmp_path / "served", settings, replace={"/opt": f"{tmp_path}/opt"}) as served:
        ends = served.fire(job, other("-Xmx64m"), other(classpath="/srv/other.jar"), GroupId="shop")
        refused = served.refusal(other("-Dany=thing"))
    usual, less, _ = ends
    assert [end.cause for end in ends] == ["succeeded", "succeeded", "bad_config"], ends
    assert "-Dany=thing" in refused
    whole = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") >> 20
    group, heap = usual.result.split()
    assert group == "shop"
    assert int(heap) > 0.4 * whole, "a JVM takes a quarter by itself"
    assert int(less.result.split()[1]) <= 64


def test_the_lines_of_the_readme_run(tmp_path: Path) -> None:
    walk("executors/java/README.md", tmp_path / "here")


def test_the_command_shows_the_jar_of_the_interfaces() -> None:
    done = subprocess.run([sys.executable, "-m", "anyjob", "java-api"], capture_output=True, text=True)
    assert done.stdout == f"{ours().api}\n"
