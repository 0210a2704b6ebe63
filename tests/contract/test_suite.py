"""The suite itself: what it may skip, what it tells, and that ten lines are ten lines."""

from __future__ import annotations

import asyncio
import inspect
import re
import subprocess
import sys
import time
from collections.abc import Callable, Generator
from contextlib import contextmanager
from dataclasses import fields, replace
from pathlib import Path

import pytest
from tests.contract import test_command, test_function
from tests.contract.spawner import SAMPLES, SpawnExecutor, SpawnPlugin, SpawnSpec
from tests.contract.trials import Trial

from anyjob.executor import Capabilities, Handle
from anyjob.outcome import Outcome, Strength
from anyjob.plugins.settings import PluginSettings
from anyjob.run import Run
from anyjob.samples import Samples
from anyjob.testing import ExecutorContract, Fault, Rig
from anyjob.testing.processes import alive
from anyjob.testing.promise import Promise, excused
from anyjob.testing.supply import Supply

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


def test_the_page_counts_the_cases() -> None:
    page = (Path(__file__).parents[2] / "core/docs/suite.md").read_text()
    said = {name: int(count) for name, count in re.findall(r"(?m)^\| ([a-z]+) \| (\d+) \|", page)}
    groups = {
        group.__module__.rpartition(".")[2]: sum(name.startswith("test_") for name in vars(group))
        for group in ExecutorContract.__bases__
    }
    assert said == groups
    assert sum(groups.values()) == len(CASES), "two groups have a case of one name: one of them never runs"
    assert f"| **all** | **{len(CASES)}** |" in page


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


def owed(capabilities: Capabilities, *, command: bool = False, fills: bool = True, logs: bool = False) -> set[str]:
    promise = Promise(capabilities=capabilities, command=command, fills=fills, logs=lambda: logs)
    return {sample.name for sample in fields(Samples) if not excused(sample.name, promise)}


def test_nobody_is_excused_from_what_everybody_can() -> None:
    everybody = {"succeeds", "fails", "sleeps"}
    text = {"floods", "long_line", "bad_bytes"}
    nothing = Capabilities()
    assert owed(nothing) == everybody
    assert owed(nothing, logs=True) == everybody | text, "whoever writes a log loses none of it"
    assert owed(Capabilities(resumes=True)) == everybody | {"remembers"}
    assert owed(Capabilities(resumes=True), logs=True) == everybody | text | {"remembers", "counts"}
    assert owed(Capabilities(proof=Strength.REPORTED)) == everybody | {"obeys"}
    assert owed(Capabilities(proof=Strength.PROVEN)) == everybody | {"obeys", "ignores"}
    assert owed(nothing, command=True) >= {"gbk", "prints_environment", "prints_surroundings", "exits", *text}
    assert not owed(nothing, command=True) & {"forks", "dies", "leaves"}, "what another machine does is not asked"
    assert "prints_placeholders" not in owed(nothing, command=True, fills=False), "named code has no text to fill"
    everything = Capabilities(proof=Strength.PROVEN, resumes=True, limits=frozenset({"memory", "cpu", "pids"}))
    assert owed(everything, command=True) == {sample.name for sample in fields(Samples)}


def test_a_later_sample_is_owed_by_those_alone_that_were_made_for_its_contract(monkeypatch: pytest.MonkeyPatch) -> None:
    promise = Promise(capabilities=Capabilities(), command=True, fills=True, logs=lambda: True)
    assert not excused("echoes", promise)
    monkeypatch.setattr("anyjob.testing.promise._SINCE", {"echoes": 2})
    assert excused("echoes", promise) == "it is made for contract 1, and that sample came with 2"
    assert not excused("echoes", replace(promise, contract=2))


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


class Peer:
    """Stands for the server that the jobs of a type talk to."""

    open = 0
    opened = 0


@contextmanager
def peered() -> Generator[Samples]:
    Peer.open += 1
    Peer.opened += 1
    try:
        yield SAMPLES
    finally:
        Peer.open -= 1


def test_samples_may_last_as_long_as_their_peer(tmp_path: Path) -> None:
    class Contract(ExecutorContract):
        plugin = SpawnPlugin(tmp_path / "world")
        samples = peered

    Peer.opened = 0
    supply = Supply()
    for number in range(2):
        with Contract.make_rig(tmp_path / f"rig{number}", supply) as rig:
            ExecutorContract.test_success(Contract(), rig)
            assert (Peer.open, Peer.opened) == (1, 1), "the peer serves the cases of the class together"
    supply.close()
    assert Peer.open == 0
    with Contract.make_rig(tmp_path / "alone") as rig:
        assert rig.samples is SAMPLES
        assert Peer.open == 1
    assert Peer.open == 0, "a rig of its own lets go of its own"


@contextmanager
def wrong_samples() -> Generator[int]:
    yield 7


def greets(server: str) -> str:
    return server


@pytest.mark.parametrize(
    ("source", "says"),
    [
        (7, "is a int; name Samples, or a function that gives them"),
        (lambda: SAMPLES, "gave a Samples, no context manager; put @contextmanager on it"),
        (greets, "cannot be called without arguments"),
        (wrong_samples, "yields is a int, not Samples"),
    ],
)
def test_samples_that_are_none_are_told(source: object, says: str, tmp_path: Path) -> None:
    with (
        Rig(tmp_path, plugin=SpawnPlugin(tmp_path), samples=source) as rig,  # pyright: ignore[reportArgumentType]
        pytest.raises(Fault, match=says),
    ):
        _ = rig.samples


_INTERRUPTED = """
import sys
from contextlib import contextmanager
from pathlib import Path
from tests.contract.spawner import SAMPLES, SpawnPlugin
from anyjob.testing import ExecutorContract

@contextmanager
def samples():
    print("peer opened", flush=True)
    yield SAMPLES
    print("peer closed", flush=True)

class TestSpawn(ExecutorContract):
    plugin = SpawnPlugin(Path(sys.argv[-1]))

    def test_success(self, rig):
        rig.samples
        raise KeyboardInterrupt

TestSpawn.samples = samples
"""


def test_an_interrupted_case_lets_its_peer_go(tmp_path: Path) -> None:
    file = tmp_path / "test_interrupted.py"
    file.write_text(_INTERRUPTED)
    argv = [sys.executable, "-m", "pytest", "-qsp", "no:cacheprovider", "-c", "/dev/null", "--rootdir", str(tmp_path)]
    root = str(Path(__file__).parents[2])
    done = subprocess.run(
        [*argv, "-k", "test_success", str(file)],
        env={"PATH": "/usr/bin:/bin", "PYTHONPATH": root},
        capture_output=True,
        text=True,
        timeout=100,
    )
    assert done.returncode == 2, done.stdout + done.stderr
    assert [line for line in done.stdout.splitlines() if line.startswith("peer")] == ["peer opened", "peer closed"]


def test_the_plugins_settings_reach_the_host(tmp_path: Path) -> None:
    class Contract(ExecutorContract):
        job_type = "shell"
        plugin_settings = PluginSettings(deny=("shell",))

    with Contract.make_rig(tmp_path) as rig, pytest.raises(Fault, match=r"blocked by \[plugins\] deny"):
        _ = rig.kind


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


class FindsSlowly(SpawnExecutor):
    async def find(self, run: Run, spec: SpawnSpec) -> Handle | Outcome | None:
        await asyncio.sleep(0.5)
        return await super().find(run, spec)


def test_a_find_may_take_longer_than_the_grace(world: Path) -> None:
    Trial(FindsSlowly, ExecutorContract.test_a_stop_while_the_next_worker_looks, "", patience=10).run(world)


def test_the_right_executor_is_right_about_its_type(tmp_path: Path) -> None:
    plugin = SpawnPlugin(tmp_path)
    with Rig(tmp_path, plugin=plugin) as rig:
        assert rig.job_type == "spawn"
        assert isinstance(rig.kind.executor, type)
        assert issubclass(rig.kind.executor, SpawnExecutor)
