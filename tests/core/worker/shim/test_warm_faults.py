"""What goes wrong with residents: said with evidence, never guessed, and no run begins twice."""

from __future__ import annotations

import asyncio
import contextlib
import os
import signal
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest
from tests.core.worker.shim.yard import GENEROUS, Yard, alive, until

from anyjob.worker.local.shimclient import Ended, ShimClient, Started, StartOrder, WarmStart
from anyjob.worker.shim import process
from anyjob.worker.shim.kernel import boottime

pytestmark = pytest.mark.needs("cgroup2")


async def run(client: ShimClient, order: StartOrder) -> Ended:
    """Start it and wait for its end."""
    await client.start(order)
    return await asyncio.wait_for(client.ended(order.run), GENEROUS)


def module(yard: Yard, name: str, text: str) -> dict[str, str]:
    """A module to preload, and the environment in which it is found."""
    folder = yard.folder / "modules"
    folder.mkdir(exist_ok=True)
    (folder / f"{name}.py").write_text(text)
    return {"PYTHONPATH": str(folder)}


def pristine(client: ShimClient) -> list[int]:
    """Residents and what they have forked for runs to come."""
    found = process.children(client.facts["pid"])
    return [pid for pid in found if b"zygote.py" in (process.read(f"/proc/{pid}/cmdline") or b"")]


FAULTY = {
    "raises": ("raise RuntimeError('not today')", "start_failed", "RuntimeError: not today"),
    "exits": ("raise SystemExit(3)", "start_failed", "SystemExit: 3"),
    "lacks": ("import of_nobody", "dependency_missing", "No module named 'of_nobody'"),
    "threads": (
        "import threading, time\nthreading.Thread(target=time.sleep, args=(9,), daemon=True).start()",
        "start_failed",
        "started threads",
    ),
    "processes": (
        "import os, time\nif not os.fork():\n    time.sleep(9)\n    os._exit(0)",
        "start_failed",
        "processes",
    ),
    "files": ("import os\nfile = open(os.__file__)", "start_failed", "os.py"),
    "dies": ("import os\nos.write(2, b'last words')\nos.kill(os.getpid(), 11)", "start_failed", "signal 11"),
    "leaves": ("import os\nos.write(2, b'last words')\nos._exit(4)", "start_failed", "last words"),
}


@pytest.mark.parametrize("case", FAULTY)
def test_what_cannot_be_loaded(yard: Yard, case: str) -> None:
    text, cause, said = FAULTY[case]
    env = module(yard, case, text)

    async def main() -> None:
        async with yard.client() as client:
            orders = [yard.python(f"a{number}", "print('begun')", preload=[case], env=env) for number in range(3)]
            for future in [client.start(order) for order in orders]:
                got = await asyncio.wait_for(future, GENEROUS)
                assert isinstance(got, Ended)
                assert (got.cause, got.pid, got.proof.by, got.proof.strength) == (
                    cause,
                    None,
                    "never started",
                    "PROVEN",
                )
                assert said in " ".join(text for _, text in got.evidence)
            assert (await run(client, yard.python("next", "pass"))).status == 0
            await until(lambda: len(yard.residents(client)) == 1, "the end of the faulty ones")

    asyncio.run(main())


@pytest.mark.parametrize(
    ("argv", "cause", "said"),
    [
        (["/nowhere/python", "zygote.py"], "dependency_missing", "ENOENT"),
        (["python3", "/nowhere/zygote.py"], "start_failed", "No such file"),
        (["true"], "start_failed", "ended with status 0"),
        (["sh", "-c", "echo no resident at all; exit 3"], "start_failed", "no resident at all"),
    ],
)
def test_what_is_no_resident(yard: Yard, argv: list[str], cause: str, said: str) -> None:
    async def main() -> None:
        async with yard.client() as client:
            order = replace(yard.python("a", "print('begun')"), warm=WarmStart(key="k", argv=argv))
            got = await asyncio.wait_for(client.start(order), GENEROUS)
            assert isinstance(got, Ended)
            assert (got.cause, got.pid) == (cause, None)
            assert said in " ".join(text for _, text in got.evidence)

    asyncio.run(main())


SLOW = "import os, time\nwhile not os.path.exists({!r}): time.sleep(0.01)"


def test_a_resident_that_loads_keeps_nobody_waiting_but_its_own_runs(yard: Yard) -> None:
    go = yard.folder / "go"
    env = module(yard, "slow", SLOW.format(str(go)))

    async def main() -> None:
        async with yard.client() as client:
            late = [
                client.start(yard.python(f"a{number}", "print('begun')", preload=["slow"], env=env))
                for number in range(5)
            ]
            for number in range(5):
                assert (await run(client, yard.sh(f"cold{number}", "exit 0"))).status == 0
                assert (await run(client, yard.python(f"warm{number}", "pass"))).status == 0
            assert not any(future.done() for future in late)
            assert len(yard.residents(client)) == 2  # all five share one
            go.touch()
            for number, future in enumerate(late):
                assert isinstance(await future, Started)
                assert (await client.ended(f"a{number}")).status == 0
                assert yard.log(f"a{number}") == "begun\n"

    asyncio.run(main())


@pytest.mark.parametrize("how", ["deadline", "cancel", "ASK", "FORCE"])
def test_a_run_that_waits_can_be_stopped(yard: Yard, how: str) -> None:
    go = yard.folder / "go"
    env = module(yard, "slow", SLOW.format(str(go)))

    async def main() -> None:
        async with yard.client() as client:
            deadline = boottime() + 0.3 if how == "deadline" else None
            order = yard.python("a", "print('begun')", preload=["slow"], env=env, deadline=deadline)
            starting = client.start(order)
            other = client.start(replace(yard.python("b", "print('begun')", preload=["slow"], env=env)))
            await until(lambda: len(yard.residents(client)) == 1, "the resident")
            if how in ("ASK", "FORCE"):
                assert (await client.stop("a", how)).strength == "PROVEN"
            elif how == "cancel":
                client.cancel("a")
            got = await asyncio.wait_for(starting, GENEROUS)
            assert isinstance(got, Ended)
            assert (got.cause, got.pid) == ("timed_out" if how == "deadline" else "stopped", None)
            assert (got.proof.strength, got.proof.by) == ("PROVEN", "never started")
            go.touch()
            await other
            assert (await client.ended("b")).status == 0
            assert not (yard.folder / "a.log").exists()
            # It is over for good, and its end is what a second order gets.
            assert await client.start(order) == got

    asyncio.run(main())


@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGSEGV])
def test_a_resident_that_dies_is_followed_by_another(yard: Yard, number: int) -> None:
    async def main() -> None:
        async with yard.client() as client:
            assert (await run(client, yard.python("a", "pass"))).status == 0
            (resident,) = yard.residents(client)
            os.kill(resident, number)
            await until(lambda: not alive(resident), "its end")
            assert (await run(client, yard.python("b", "print('begun')"))).status == 0
            assert yard.log("b") == "begun\n"
            assert yard.residents(client) != [resident]

    asyncio.run(main())


def test_runs_outlive_their_resident(yard: Yard) -> None:
    async def main() -> None:
        async with yard.client() as client:
            script = "print('ready', flush=True)\n" + SLOW.format("go") + "\nraise SystemExit(5)"
            await client.start(yard.python("a", script, cwd=str(yard.folder)))
            await yard.wrote("a", "ready")
            for pid in pristine(client):
                with contextlib.suppress(ProcessLookupError):  # at the end of the resident the others go by themselves
                    os.kill(pid, signal.SIGKILL)
            (yard.folder / "go").touch()
            ended = await client.ended("a")
            assert (ended.status, ended.proof.strength) == (5 << 8, "PROVEN")

    asyncio.run(main())


def test_killed_at_any_moment_of_a_start(yard: Yard) -> None:
    """The resident, what waits for a run, or both, while runs are started: each begins once, or surely never."""

    async def main() -> None:
        async with yard.client() as client:
            begun = 0
            for number in range(30):
                await run(client, yard.python(f"{number}.ready", "pass"))
                names = [f"{number}.{place}" for place in range(3)]
                futures = [client.start(yard.python(name, "print('begun')\nraise SystemExit(3)")) for name in names]
                await asyncio.sleep(0.0007 * number)
                victims = pristine(client)
                for pid in victims[:1] if number % 2 else victims:
                    facts = process.facts(pid)
                    if facts is not None and facts.session != pid:  # else it became a run meanwhile
                        with contextlib.suppress(ProcessLookupError):  # and that may be over
                            os.kill(pid, signal.SIGKILL)
                for name, future in zip(names, futures, strict=True):
                    got = await asyncio.wait_for(future, GENEROUS)
                    ended = await client.ended(name)
                    if isinstance(got, Ended):
                        assert (ended.cause, ended.proof.by) == ("start_failed", "never started")
                        assert not (yard.folder / f"{name}.log").exists() or yard.log(name) == ""
                    elif ended.status == 3 << 8:
                        assert yard.log(name) == "begun\n"
                        begun += 1
                    else:
                        assert ended.status == signal.SIGKILL  # between becoming the run and its first word
            assert begun > 10
            assert (await run(client, yard.python("last", "pass"))).status == 0

    asyncio.run(main())


def test_a_run_may_kill_its_resident_and_harms_nobody(yard: Yard) -> None:
    kills = """
import os, signal
shim = os.getppid()
for pid in map(int, open(f"/proc/{shim}/task/{shim}/children").read().split()):
    if pid != os.getpid() and b"zygote.py" in open(f"/proc/{pid}/cmdline", "rb").read():
        os.kill(pid, signal.SIGKILL)
"""

    async def main() -> None:
        async with yard.client() as client:
            for number in range(10):
                futures = [client.start(yard.python(f"{number}.k", kills))]
                futures += [client.start(yard.python(f"{number}.{place}", "print('begun')")) for place in range(3)]
                await asyncio.wait_for(asyncio.gather(*futures), GENEROUS)
                for place in range(3):
                    ended = await client.ended(f"{number}.{place}")
                    if ended.pid is None:
                        assert ended.cause == "start_failed"  # killed twice in a row
                    elif ended.status == 0:
                        assert yard.log(ended.run) == "begun\n"

    asyncio.run(main())


def test_one_that_hangs_is_replaced_when_it_is_noticed(yard: Yard) -> None:
    async def main() -> None:
        async with yard.client() as client:
            await run(client, yard.python("a", "pass"))
            await until(lambda: len(pristine(client)) == 2, "the resident, and one process ahead")
            for pid in pristine(client):
                os.kill(pid, signal.SIGSTOP)
            # The process ahead has its order and says nothing; a stop cannot wait for it.
            starting = client.start(yard.python("b", "print('begun')"))
            await asyncio.sleep(0)
            proof = await client.stop("b", "FORCE")
            got = await asyncio.wait_for(starting, GENEROUS)
            assert isinstance(got, Ended)
            assert (got.cause, got.proof.by, got.stop_asked) == ("stopped", "never started", "FORCE")
            assert proof.strength in ("PROVEN", "ASKED")
            # The resident itself: its next run does not wait longer than it may.
            got = await asyncio.wait_for(
                client.start(yard.python("c", "print('begun')", deadline=boottime() + 0.3)), GENEROUS
            )
            assert isinstance(got, Ended)
            assert got.cause == "timed_out"
            assert not (yard.folder / "c.log").exists()
            for pid in yard.residents(client):
                os.kill(pid, signal.SIGCONT)
            assert (await run(client, yard.python("d", "pass"))).status == 0

    asyncio.run(main())


def test_idle_residents_end_and_come_again(new_yard: Callable[..., Yard]) -> None:
    yard = new_yard(resident_idle=0.2)

    async def main() -> None:
        async with yard.client() as client:
            await run(client, yard.python("a", "pass"))
            await until(lambda: pristine(client) == [], "the resident's end")
            assert (await run(client, yard.python("b", "pass"))).status == 0
            assert len(yard.residents(client)) == 1
            # One with a run that goes on may end too: the run is the shim's.
            await client.start(yard.python("c", "import time; time.sleep(60)"))
            await until(lambda: pristine(client) == [], "the resident's end")
            assert (await client.stop("c", "FORCE")).strength == "PROVEN"

    asyncio.run(main())


def test_there_are_only_so_many_residents(yard: Yard) -> None:
    async def main() -> None:
        async with yard.client() as client:
            for number in range(18):
                order = yard.python(f"a{number}", "pass", env={"LC_TIME": f"C{number}"})
                assert (await run(client, order)).status == 0
            assert len(yard.residents(client)) <= 16

    asyncio.run(main())


def test_residents_end_with_the_shim(new_yard: Callable[..., Yard]) -> None:
    yard = new_yard(idle=0.2)

    async def main() -> list[int]:
        async with yard.client() as client:
            await run(client, yard.python("a", "pass"))
            await until(lambda: len(pristine(client)) == 2, "the resident, and one process ahead")
            client.ack(["a"])
            group = Path(f"/proc/{client.facts['pid']}/cgroup").read_text()
            assert "anyjob" in group
            return [*pristine(client), client.facts["pid"]]

    pids = asyncio.run(main())
    asyncio.run(until(lambda: not any(map(alive, pids)), "the end of shim and residents"))
