"""The suite itself: what it may skip, what it tells, and that ten lines are ten lines."""

from __future__ import annotations

import inspect
import subprocess
import sys
import time
from collections.abc import Callable
from dataclasses import fields, replace
from pathlib import Path

import pytest
from tests.contract import test_command, test_function
from tests.contract.spawner import SAMPLES, SpawnExecutor, SpawnPlugin

from anyjob.executor.capabilities import Capabilities
from anyjob.outcome import Strength
from anyjob.samples import Samples
from anyjob.testing import ExecutorContract, Fault, Rig
from anyjob.testing.processes import alive
from anyjob.testing.promise import Promise, excused

CASES = [
    (name, case) for name, case in inspect.getmembers(ExecutorContract, inspect.isfunction) if name.startswith("test_")
]


@pytest.mark.parametrize("module", [test_function, test_command], ids=lambda module: module.__name__)
def test_an_executor_is_ten_lines(module: object) -> None:
    assert inspect.ismodule(module)
    source = inspect.getsource(module)
    executor = source.partition("# --- the executor\n")[2].partition("# ---")[0]
    lines = [line for line in executor.splitlines() if line.strip()]
    assert "anyjob_executors" in executor
    assert len(lines) <= 10, "\n".join(lines)


@pytest.mark.parametrize(("name", "case"), CASES, ids=[name for name, _ in CASES])
def test_every_case_says_its_rule(name: str, case: Callable[..., None]) -> None:
    assert case.__doc__, f"{name} does not say which rule it holds"
    assert case.__doc__.rstrip().endswith(".")


def test_every_sample_says_what_it_is() -> None:
    source = inspect.getsource(Samples)
    for sample in fields(Samples):
        said = source.partition(f"    {sample.name}: ")[2].partition("\n")[2].lstrip()
        assert said.startswith('"""'), f"{sample.name} is not documented"


def judge(case: Callable[..., None], samples: Samples, folder: Path) -> None:
    class Contract(ExecutorContract):
        plugin = SpawnPlugin(folder / "world")

    Contract.samples = samples
    with Contract.make_rig(folder / "rig") as rig:
        case(Contract(), rig)


@pytest.mark.parametrize(
    ("name", "case"),
    [
        ("succeeds", ExecutorContract.test_success),
        ("sleeps", ExecutorContract.test_deadline),
        ("ignores", ExecutorContract.test_a_run_that_ignores_the_stop_is_forced),
        ("remembers", ExecutorContract.test_worker_closed_while_the_job_works),
    ],
)
def test_a_promise_without_its_sample_is_a_fault(name: str, case: Callable[..., None], tmp_path: Path) -> None:
    with pytest.raises(Fault, match=rf"The samples of 'spawn' lack '{name}', and the type promises it\. \w+"):
        judge(case, replace(SAMPLES, **{name: None}), tmp_path)


@pytest.mark.parametrize(
    ("case", "why"),
    [
        (ExecutorContract.test_gbk_is_read, "its runs are no commands, and it has no sample gbk"),
        (ExecutorContract.test_deadline_without_a_worker, "its deadlines are kept by the worker"),
        (ExecutorContract.test_pids_limit, "it enforces no limit of pids"),
    ],
)
def test_what_the_capabilities_deny_is_skipped_by_name(case: Callable[..., None], why: str, tmp_path: Path) -> None:
    with pytest.raises(pytest.skip.Exception, match=f"lacks: {why}"):
        judge(case, SAMPLES, tmp_path)


def test_nobody_is_excused_from_what_everybody_can() -> None:
    nothing = Promise(capabilities=Capabilities(), command=False)
    assert [sample.name for sample in fields(Samples) if not excused(sample.name, nothing)] == [
        "succeeds",
        "fails",
        "sleeps",
    ]
    everything = Capabilities(proof=Strength.PROVEN, resumes=True, limits=frozenset({"memory", "cpu", "pids"}))
    full = Promise(capabilities=everything, command=True)
    assert not [sample.name for sample in fields(Samples) if excused(sample.name, full)]


def test_samples_need_no_test_framework() -> None:
    code = "import sys, anyjob_shell.samples; sys.exit('pytest' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], timeout=60).returncode == 0


def test_a_type_that_is_nowhere_is_told(tmp_path: Path) -> None:
    with Rig(tmp_path, job_type="shel") as rig, pytest.raises(Fault, match="No plugin offers JobType 'shel'"):
        _ = rig.samples
    with pytest.raises(Fault, match="Say which type to test"):
        Rig(tmp_path)
    with Rig(tmp_path, plugin=SpawnPlugin(tmp_path)) as rig, pytest.raises(Fault, match="'spawn' has no samples"):
        _ = rig.samples


def test_a_case_that_fails_leaves_nothing_going(tmp_path: Path) -> None:
    class Contract(ExecutorContract):
        job_type = "shell"
        patience = 1

    with Contract.make_rig(tmp_path) as rig:
        job = rig.job(rig.sample("ignores"), Parameters=str(tmp_path))
        with pytest.raises(Fault, match="has not ended within 1 s"):
            rig.run(job)
        assert alive(str(tmp_path)), "the case has left its run going"
    until = time.monotonic() + 10
    while left := alive(str(tmp_path)):
        assert time.monotonic() < until, left
        time.sleep(0.01)


def test_the_right_executor_is_right_about_its_type(tmp_path: Path) -> None:
    plugin = SpawnPlugin(tmp_path)
    with Rig(tmp_path, plugin=plugin) as rig:
        assert rig.job_type == "spawn"
        assert isinstance(rig.kind.executor, type)
        assert issubclass(rig.kind.executor, SpawnExecutor)
