"""`import anyjob_job` in a script, with nothing installed."""

from __future__ import annotations

import ast
import json
import subprocess
import sys
import time
from pathlib import Path

import pytest
from tests.executors.python.runs import Python

import anyjob_python
from anyjob.job import Job
from anyjob.outcome import Cause
from anyjob.run import Shard
from anyjob.worker.settings import SecretSource

MODULE = Path(anyjob_python.__file__).parent / "anyjob_job.py"


def outside(script: str, **env: str) -> subprocess.CompletedProcess[str]:
    """A script that is no job, with the module on its path."""
    path = {"PYTHONPATH": str(MODULE.parent), **env}
    return subprocess.run([sys.executable, "-c", script], env=path, capture_output=True, text=True, timeout=30)


def test_every_fact_of_a_run(python: Python) -> None:
    script = """
import anyjob_job as job, json
facts = {name: getattr(job, name) for name in
         ("parameters", "instance_parameters", "attempt", "task", "upstream", "deadline", "phase")}
facts["shard"] = [job.shard.id, job.shard.parameter, job.shard.total]
facts["names"] = [job.run == __import__("os").environ["ANYJOB_RUN"], job.key in job.run or bool(job.key)]
print(json.dumps(facts))
"""
    deadline = float(int(time.time()) + 600)
    got = python.run(
        Job(name="j", job_type="python", content=script, parameters="0=a,1=b"),
        instance_parameters="由谁",
        attempt=2,
        payload={"page": 7},
        upstream=[1, None],
        deadline=deadline,
        shard=Shard(id=1, parameter="b", total=2),
    )
    assert json.loads(got.outcome.result) == {
        "parameters": "0=a,1=b",
        "instance_parameters": "由谁",
        "attempt": 2,
        "task": {"page": 7},
        "upstream": [1, None],
        "deadline": deadline,
        "phase": "PROCESS",
        "shard": [1, "b", 2],
        "names": [True, True],
    }


def test_what_a_run_has_not_is_none(python: Python) -> None:
    got = python.run("import anyjob_job as job\nprint([job.shard, job.task, job.upstream, job.deadline])")
    assert got.outcome.result == "[None, None, None, None]", got.said


def test_a_result_replaces_the_one_before_or_stays(python: Python) -> None:
    script = """
import anyjob_job
anyjob_job.result({"n": 1})
anyjob_job.result({"n": 2})
for wrong in ([1], {"x": float("nan")}, {"x": object()}):
    try:
        anyjob_job.result(wrong)
    except (TypeError, ValueError) as error:
        print(error)
import os
print(sorted(name for name in os.listdir(".") if "result" in name))
"""
    got = python.run(script)
    assert got.outcome.outputs == {"n": 2}, got.said
    assert got.log.decode().splitlines()[0] == "anyjob_job.result: list is no object; give a dict"
    assert got.outcome.result == "['result']"


def test_maps_are_whole_lines_also_from_several_processes(python: Python) -> None:
    script = """
import anyjob_job, multiprocessing, os
def work(number):
    for page in range(50):
        anyjob_job.map([{"page": page, "text": "x" * 2000}], "pages", f"{number}-{page}")
context = multiprocessing.get_context("fork")
workers = [context.Process(target=work, args=(number,)) for number in range(4)]
for worker in workers: worker.start()
for worker in workers: worker.join()
import json
lines = [json.loads(line) for line in open(os.environ["ANYJOB_MAP"])]
whole = all(line["items"][0]["text"] == "x" * 2000 for line in lines)
print(len({line["key"] for line in lines}), {line["name"] for line in lines}, whole)
"""
    got = python.run(script)
    assert got.outcome.result == "200 {'pages'} True"
    # A standalone job takes no tasks, and that must not be lost in a success.
    assert got.outcome.cause is Cause.FAILED
    assert got.outcome.evidence[-1].source == "ANYJOB_MAP"
    assert "none of them was run" in got.outcome.evidence[-1].text


def test_progress_takes_whole_numbers_only(python: Python) -> None:
    script = """
import anyjob_job, os
for wrong in ((1.5, 3), ("1", 3), (-1, 3), (True, 3), (1, None)):
    try:
        anyjob_job.progress(*wrong)
    except ValueError as error:
        last = error
anyjob_job.progress(1, 3)
print(last, open(os.environ["ANYJOB_PROGRESS"]).read())
"""
    assert python.run(script).outcome.result == "anyjob_job.progress: 1 of None; both are whole numbers from 0 1 3"


def test_a_secret_and_one_that_the_job_does_not_list(python: Python, tmp_path: Path) -> None:
    file = tmp_path / "password"
    file.write_text("s3cret wörds\n")
    script = """
import anyjob_job
print(len(anyjob_job.secret("PASSWORD")))
for name in ("PASWORD", "../script.py"):
    try:
        anyjob_job.secret(name)
    except LookupError as error:
        print(error)
"""
    job = python.job(script, secrets={"PASSWORD": "db"})
    got = python.run(job, secrets={"db": SecretSource(file=file, groups=["*"])})
    first, second, third = got.log.decode().splitlines()
    assert first == "12"
    assert second.startswith("anyjob_job.secret: this run has no secret 'PASWORD'; it has: PASSWORD.")
    assert "../script.py" in third


def test_results_of_a_reduce(python: Python, tmp_path: Path) -> None:
    assert python.run("import anyjob_job\nnext(anyjob_job.results())").outcome.result == (
        "anyjob_job.NotInJob: anyjob_job.results: ANYJOB_RESULTS is not set: only a reduce has results."
    )
    lines = tmp_path / "lines"
    lines.write_text('{"n": 1}\n\n{"n": 2}\n')
    done = outside("import anyjob_job; print(list(anyjob_job.results()))", ANYJOB_RUN="x", ANYJOB_RESULTS=str(lines))
    assert done.stdout == "[{'n': 1}, {'n': 2}]\n", done.stderr


def test_outside_of_a_job_it_says_so() -> None:
    for what in ("parameters", "shard", "attempt", "deadline", "task", "result({})", "progress(1, 2)", "secret('X')"):
        done = outside(f"import anyjob_job\nanyjob_job.{what}")
        assert "NotInJob" in done.stderr, done.stderr
        assert "this is no run of anyjob" in done.stderr
    assert "has no attribute 'paramters'" in outside("import anyjob_job; anyjob_job.paramters").stderr
    assert "cannot import name 'paramters'" in outside("from anyjob_job import paramters").stderr


def test_a_script_may_have_a_module_of_that_name_and_forget_it(python: Python) -> None:
    got = python.run("import sys, os\nprint('anyjob_job' in sys.modules, sorted(os.listdir('.')))")
    assert got.outcome.cause is Cause.SUCCEEDED
    assert got.outcome.result == "False ['anyjob_job.py', 'log', 'script.py']"


@pytest.mark.parametrize("name", ["anyjob_job.py", "prepare.py"])
def test_the_files_that_run_under_any_interpreter_are_written_for_python_3_8(name: str) -> None:
    text = (MODULE.parent / name).read_text()
    tree = ast.parse(text, feature_version=(3, 8))
    imported = {node.module or "" for node in ast.walk(tree) if isinstance(node, ast.ImportFrom)}
    imported |= {alias.name for node in ast.walk(tree) if isinstance(node, ast.Import) for alias in node.names}
    assert {word.partition(".")[0] for word in imported} <= {*sys.stdlib_module_names}
    newer = {"removeprefix", "removesuffix", "pairwise"}  # methods and functions that came later
    assert not newer & {node.attr for node in ast.walk(tree) if isinstance(node, ast.Attribute)}
