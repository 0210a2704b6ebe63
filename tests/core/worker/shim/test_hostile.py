"""Children that do not want to go. After a proof, a witness of the test's own finds nobody."""

from __future__ import annotations

import asyncio
import os
import signal
import sys
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path
from uuid import uuid4

import pytest
from tests.core.worker.shim.yard import Yard, until

from anyjob.worker.local.shimclient import ShimClient
from anyjob.worker.shim import process
from anyjob.worker.shim.mounts import own_groups

CHAIN = """
import os, signal, time
signal.signal(signal.SIGTERM, signal.SIG_IGN)
print("ready", flush=True)
end = time.time() + 20
if os.fork():
    time.sleep(60)
while time.time() < end:
    if os.fork():
        os._exit(0)
    os.setsid()
    time.sleep(0.0005)
"""
STORM = """
import os, signal, time
signal.signal(signal.SIGTERM, signal.SIG_IGN)
for number in range(200):
    if os.fork() == 0:
        os.setsid()
        time.sleep(60)
        os._exit(0)
    if number == 60:
        print("ready", flush=True)
time.sleep(60)
"""
RESPAWNER = """
trap '' TERM
r() { n=0; while [ $n -lt 300 ]; do n=$((n+1)); setsid sleep 0.02; done; }
r & r & echo ready; wait
"""
COUNT = 3

CASES = {
    "ignores TERM": ("sh", "-c", "trap '' TERM; echo ready; sleep 60 & sleep 60"),
    "double fork": ("sh", "-c", "trap '' TERM; (setsid sh -c 'sleep 60 & sleep 60' & ); echo ready; sleep 60"),
    "environment wiped": (
        "sh",
        "-c",
        "(env -i setsid sh -c 'exec >/dev/null 2>&1; trap \"\" TERM; sleep 60' & ); sleep 0.1; echo ready; sleep 60",
    ),
    "respawner": ("sh", "-c", RESPAWNER),
    "fork storm": (sys.executable, "-I", "-S", "-c", STORM),
    "fork chain": (sys.executable, "-I", "-S", "-c", CHAIN),
}


class Witness:
    """A cgroup around the test: whatever is started below it cannot hide from it."""

    def __init__(self, home: Path) -> None:
        self.home, self.path = home, home / f"witness-{uuid4().hex[:12]}"

    def strangers(self, client: ShimClient) -> list[str]:
        """Living processes that are neither the test nor the shim's own."""
        known = {os.getpid(), client.facts["pid"], client.facts["keeper"]}
        # A spawner that has not run yet is still named like the shim, which forked it; no run has the shim's arguments.
        shim = process.read(f"/proc/{client.facts['pid']}/cmdline")
        found: list[str] = []
        for path in self.path.rglob("cgroup.procs"):
            for pid in map(int, path.read_text().split()):
                facts, own = process.facts(pid), process.read(f"/proc/{pid}/cmdline") == shim
                if pid not in known and facts is not None and facts.state not in "ZX" and not own:
                    found.append(process.describe(pid))
        return found

    def of(self, yard: Yard, run: str) -> set[int]:
        """Living processes with the mark of a run."""
        pids = {int(line) for path in self.path.rglob("cgroup.procs") for line in path.read_text().split()}
        return {pid for pid in pids if yard.holds(pid, run)}


@pytest.fixture
def witness() -> Iterator[Witness]:
    seen = Witness(Path(own_groups()[""]))
    seen.path.mkdir()
    (seen.path / "cgroup.procs").write_text("0")
    yield seen
    (seen.home / "cgroup.procs").write_text("0")
    asyncio.run(until(lambda: _removed(seen.path), f"{seen.path} empty"))


def _removed(path: Path) -> bool:
    try:
        path.rmdir()
    except OSError:
        return False
    return True


@pytest.mark.needs("cgroup2")
@pytest.mark.parametrize("case", CASES)
def test_nobody_survives_a_proof(witness: Witness, any_yard: Yard, case: str) -> None:
    async def main() -> None:
        async with any_yard.client() as client:
            for number in range(4):
                name = f"run{number}"
                await client.start(any_yard.order(name, *CASES[case]))
                await any_yard.wrote(name, "ready")
                await client.stop(name, "ASK")
                await client.stop(name, "FORCE")
                ended = await asyncio.wait_for(client.ended(name), 30)
                assert ended.stop_asked == "FORCE"
                # Where nothing can be proved it must be said so; here every way has a proof.
                assert ended.proof.strength == "PROVEN", ended.proof
                assert ended.proof.survivors == ()
                assert witness.strangers(client) == []

    asyncio.run(main())
    any_yard.end()  # while the witness still is around it


@pytest.mark.needs("cgroup2")
def test_many_at_once_are_not_mixed_up(witness: Witness, any_yard: Yard) -> None:
    """Runs are stopped one by one; the others must not be touched, whatever their processes look like."""

    async def main() -> None:
        async with any_yard.client() as client:
            names = [f"run{number}" for number in range(12)]
            for number, name in enumerate(names):
                await client.start(any_yard.order(name, *CASES[("ignores TERM", "double fork")[number % 2]]))
            of = partial(witness.of, any_yard)
            await until(lambda: all(len(of(name)) >= 3 for name in names), "all processes of all runs")
            before = {name: of(name) for name in names}
            while names:
                name = names.pop()
                await client.stop(name, "FORCE")
                ended = await asyncio.wait_for(client.ended(name), 30)
                assert ended.proof.strength == "PROVEN", ended.proof
                assert of(name) == set()
                left = {other: of(other) for other in names}
                assert left == {other: before[other] for other in names}
            assert witness.strangers(client) == []

    asyncio.run(main())
    any_yard.end()


@pytest.mark.needs("cgroup2")
def test_all_forced_in_one_breath(witness: Witness, any_yard: Yard) -> None:
    """Many that end together are judged by what one look at the machine shows."""

    async def main() -> None:
        async with any_yard.client() as client:
            names = [f"run{number}" for number in range(40)]
            for number, name in enumerate(names):
                client.start(any_yard.order(name, *CASES[("ignores TERM", "double fork")[number % 2]]))
            of = partial(witness.of, any_yard)
            await until(lambda: all(len(of(name)) >= 3 for name in names), "all processes of all runs")
            await asyncio.gather(*(client.stop(name, "FORCE") for name in names))
            ends = [await asyncio.wait_for(client.ended(name), 30) for name in names]
            assert {end.proof.strength for end in ends} == {"PROVEN"}
            assert witness.strangers(client) == []

    asyncio.run(main())
    any_yard.end()


@pytest.mark.parametrize("shared", [True, False])
def test_orphans_without_any_mark_are_either_gone_or_listed(new_yard: Callable[..., Yard], *, shared: bool) -> None:
    """No group, no subreaper, no environment, session or log of their own run: what cannot be told apart is not
    guessed. In a folder of the run's own it can be told.
    """
    yard = new_yard(cgroup="off", spawners=0)

    async def main() -> None:
        async with yard.client() as client:
            names = [f"run{number}" for number in range(COUNT)]
            for number, name in enumerate(names):
                folder = yard.folder if shared else yard.folder / name
                folder.mkdir(exist_ok=True)
                daemon = f"exec >/dev/null 2>&1; trap '' TERM; : > {name}.ready; sleep 60.00{number}; :"
                script = f'(env -i setsid sh -c "{daemon}" &); sleep 60'
                await client.start(yard.sh(name, script, folder=str(folder), cwd=str(folder)))
                await until((folder / f"{name}.ready").exists, "the daemon")
            for number, name in enumerate(names):
                await client.stop(name, "FORCE")
                ended = await asyncio.wait_for(client.ended(name), 30)
                left = sleepers(f"60.00{number}")
                if ended.proof.strength == "PROVEN":
                    assert left == []
                else:
                    assert shared
                    listed = {line.split()[0] for line in ended.proof.survivors}
                    assert {str(pid) for pid in left} <= listed
                others = [pid for other in range(number + 1, COUNT) for pid in sleepers(f"60.00{other}")]
                assert len(others) == (COUNT - 1 - number) * 3  # leader, daemon, and what it waits for

    try:
        asyncio.run(main())
    finally:
        for number in range(COUNT):
            for pid in sleepers(f"60.00{number}"):
                os.kill(pid, signal.SIGKILL)


def sleepers(word: str) -> list[int]:
    """Living processes with a word among their arguments."""
    found = [one for one in process.all_facts() if one.state not in "ZX"]
    return [one.pid for one in found if word.encode() in (process.read(f"/proc/{one.pid}/cmdline") or b"")]
