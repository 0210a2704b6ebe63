"""The examples run as the README says, and what it shows is accepted."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest
from tests.docs.fences import blocks
from tests.docs.served import serving
from tests.executors.go.programs import Programs

from anyjob_go.build import build, find_go

HERE = Path(__file__).parents[3] / "executors" / "go"
PROGRAM, SOCKET = "/tmp/anyjob-orders", "/tmp/anyjob-shop.sock"


def run(*words: str, cwd: Path, **env: str) -> subprocess.CompletedProcess[str]:
    own = {"PATH": f"{Path(sys.executable).parent}:{Path(find_go() or '/').parent}:{os.environ['PATH']}"}
    settings = {"GOWORK": "off", "GOFLAGS": "-buildvcs=false", "GOPROXY": "off", "PYTHONWARNINGS": ""}
    told = {**os.environ, **own, **settings, **env}
    return subprocess.run(words, cwd=cwd, capture_output=True, text=True, timeout=100, env=told)


@pytest.mark.needs("go")
def test_the_readme_builds_the_project_and_runs_the_examples(tmp_path: Path) -> None:
    examples = tmp_path / "examples"
    shutil.copytree(HERE / "examples", examples)
    program = str(tmp_path / "orders")
    for file in examples.glob("*.yaml"):
        file.write_text(file.read_text().replace(PROGRAM, program))
    (lines,) = blocks("executors/go/README.md", "sh")
    config = tmp_path / "anyjob.toml"
    config.write_text('[worker]\nshim_idle = 0.2\n[executors.go]\nfolders = ["/"]\n')  # so that nothing is left of it
    options = f"--state {tmp_path}/state --config {config}"
    text = lines.replace(PROGRAM, program).replace("anyjob run", f"anyjob run {options}")
    done = run("bash", "-euo", "pipefail", "-c", text, cwd=tmp_path)
    assert done.returncode == 0, done.stdout + done.stderr
    assert "CountOrders\nHelloWorld\n" in done.stdout
    assert "hello world, this is" in done.stdout
    done = run("bash", "-c", f"anyjob run {options} examples/shards.yaml", cwd=tmp_path)
    assert done.returncode == 0, done.stdout + done.stderr
    assert "counting orders of shanghai" in done.stdout


@pytest.mark.needs("go")
def test_the_tour_builds_the_project_and_lets_it_dial_in(tmp_path: Path) -> None:
    done = run("anyjob", "up", str(HERE / "examples"), "--json", cwd=tmp_path, XDG_STATE_HOME=str(tmp_path))
    said = {one["job"]: one for one in map(json.loads, done.stdout.splitlines())}
    assert done.returncode == 0, done.stdout + done.stderr
    assert {name: one["as_meant"] for name, one in said.items()} == dict.fromkeys(
        ("hello-go", "hello-attached", "orders-go"), True
    )
    assert said["hello-attached"]["result"] == "greeted shop"


@pytest.mark.needs("go")
def test_the_attached_example_runs_with_its_settings(tmp_path: Path, programs: Programs) -> None:
    project = tmp_path / "project"
    shutil.copytree(HERE / "examples" / "project", project)
    shutil.copytree(programs.sdk, project / "anyjob")
    program, socket = build(project, tmp_path / "orders"), str(tmp_path / "sock")
    config = tmp_path / "anyjob.toml"
    config.write_text((HERE / "examples" / "attached.toml").read_text().replace(SOCKET, socket))
    token = tomllib.loads(config.read_text())["worker"]["apps"]["tokens"]["shop"]
    told = {**os.environ, "ANYJOB_APP": f"unix:{socket}", "ANYJOB_APP_TOKEN": token}
    app = subprocess.Popen([program], env=told, stderr=subprocess.DEVNULL)
    try:
        job = str(HERE / "examples" / "attached.yaml")
        done = run("anyjob", "run", "--state", str(tmp_path / "state"), "--config", str(config), job, cwd=tmp_path)
        app.terminate()
        assert app.wait(20) == 0, "TERM is an ordinary end"
    finally:
        app.kill()
        app.wait()
    assert done.returncode == 0, done.stdout + done.stderr
    assert "hello shop, this is" in done.stdout


@pytest.mark.needs("go")
def test_its_job_by_the_api_with_its_settings(tmp_path: Path, programs: Programs) -> None:
    """In an application that has dialled in to a server with the one block, and by the program that the other names."""
    attached, named = blocks("executors/go/README.md", "toml")
    (job,) = blocks("executors/go/README.md", "json")
    project, srv = tmp_path / "project", tmp_path / "srv"
    shutil.copytree(HERE / "examples" / "project", project)
    shutil.copytree(programs.sdk, project / "anyjob")
    (srv / "hello").mkdir(parents=True)
    program, address = build(project, srv / "hello" / "hello"), f"unix:{tmp_path}/sock"
    (srv / "all").symlink_to(program)
    with serving(tmp_path / "attached", attached, replace={"tcp:127.0.0.1:7781": address}) as served:
        env = {**os.environ, "ANYJOB_APP": address, "ANYJOB_APP_TOKEN": "a-long-random-token-of-yours"}
        with subprocess.Popen([program], env=env, stderr=subprocess.DEVNULL) as app:
            try:
                (there,) = served.fire(job, GroupId="shop")
            finally:
                app.terminate()
    with serving(tmp_path / "named", named, replace={'"/srv/': f'"{srv}/'}) as served:
        fields = json.loads(job)
        another = json.dumps({**fields, "Content": {"jobName": "CountOrders"}})
        outside = json.dumps({**fields, "XAttrs": {"binary": str(program)}})
        here, all_others, refused = served.fire(job, another, outside)
    for end in (there, here):
        assert (end.cause, end.result) == ("succeeded", "greeted "), end
        assert end.log[0].startswith("hello , this is aj-")
    assert all_others.result == "give the cities as shards: 0=beijing,1=shanghai", "the other name is served too"
    assert refused.cause == "bad_config"
    assert "lies in none of the folders that [executors.go] folders lists" in refused.result


@pytest.mark.needs("go")
def test_the_program_of_the_readme_compiles_and_its_job_runs(tmp_path: Path, programs: Programs) -> None:
    (source,) = blocks("executors/go/README.md", "go")
    module, _ = blocks("executors/go/README.md", "gomod")
    assert module == (HERE / "examples" / "project" / "go.mod").read_text()
    (tmp_path / "main.go").write_text(source)
    (tmp_path / "go.mod").write_text(module)
    shutil.copytree(programs.sdk, tmp_path / "anyjob")
    build(tmp_path, tmp_path / "program")
    (job,) = blocks("executors/go/README.md", "yaml")
    (tmp_path / "job.yaml").write_text(job.replace("/srv/orders/orders", str(tmp_path / "program")))
    config = tmp_path / "anyjob.toml"
    config.write_text('[worker]\nshim_idle = 0.2\n[executors.go]\nfolders = ["/"]\n')
    done = run("anyjob", "run", "--state", "state", "--config", str(config), "--json", "job.yaml", cwd=tmp_path)
    assert done.returncode == 0, done.stdout + done.stderr
    said = json.loads(done.stdout)
    assert (said["result"], said["outputs"]) == ("done", {"greeted": "world"})


def test_the_drop_ins_line_is_that_of_the_readme() -> None:
    _, line = blocks("executors/go/README.md", "gomod")
    assert line == "replace github.com/alibaba/schedulerx-worker-go => ./schedulerx\n"
