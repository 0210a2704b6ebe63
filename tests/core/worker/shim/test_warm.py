"""A warm run is a cold one but for its speed: what it finds when it begins, and how it ends."""

from __future__ import annotations

import asyncio
import json
import os
import re
import signal
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from tests.core.worker.shim.test_hostile import CHAIN, STORM, Witness, witness
from tests.core.worker.shim.test_limits import EATS, FORKS, group
from tests.core.worker.shim.yard import ZYGOTE, Yard
from tests.passage import let_through

from anyjob.worker.local.shimclient import Ended, RunAs, RunLimits, ShimClient, Started
from anyjob.worker.shim import process
from anyjob.worker.shim.kernel import boottime
from anyjob.worker.shim.seat import token_of

__all__ = ["witness"]

pytestmark = pytest.mark.needs("cgroup2")
MEBI = 1 << 20
NOBODY = RunAs(uid=65534, gid=65533, groups=(65532,))
SEES = (Path(__file__).parent / "what_i_see.py").read_text()


async def both(client: ShimClient, yard: Yard, script: str, *argv: str, **more: Any) -> dict[str, Ended]:
    """The ends of a script's cold and of its warm run. Both have the same file; the logs are `cold` and `warm`."""
    found: dict[str, Ended] = {}
    for name in ("cold", "warm"):
        order = yard.python("a", script, *argv, warm=name == "warm", **more)
        await client.start(replace(order, run=name))
        ended = found[name] = await asyncio.wait_for(client.ended(name), 30)
        assert ended.pid is not None, ended
        (yard.folder / "a.log").rename(yard.folder / f"{name}.log")
    return found


@pytest.mark.parametrize("user", [None, pytest.param(NOBODY, marks=pytest.mark.needs("root"))])
def test_what_a_warm_run_finds_is_what_a_cold_one_finds(yard: Yard, user: RunAs | None) -> None:
    env = {"GREETING": "grüß dich", "EMPTY": "", "BYTES": "\udcff", "HOME": "/nowhere"}
    open_to(user, yard)

    async def main() -> None:
        async with yard.client() as client:
            for name, ended in (
                await both(client, yard, SEES, "one", "zwölf", "", env=env, cwd="/usr", user=user)
            ).items():
                assert ended.status == 0, yard.log(name)
            assert len(yard.residents(client)) == 1

    asyncio.run(main())
    token = token_of(str(yard.shim_folder))
    cold, warm = (
        json.loads(yard.log(name).replace(f"{token}/{name}", "-").replace(f'"{name}"', '"-"'))
        for name in ("cold", "warm")
    )
    assert warm == cold


def open_to(user: RunAs | None, yard: Yard) -> None:
    """Let another user read the scripts."""
    if user is not None:
        yard.folder.chmod(0o755)
        let_through(yard.folder)


ENDS = {
    "nothing": "pass",
    "code": "import sys; print('begun'); sys.exit(3)",
    "code beyond a byte": "import sys; sys.exit(259)",
    "bool": "import sys; sys.exit(True)",
    "text": "import sys; sys.exit('a word')",
    "exception": "def f():\n    raise ValueError('bad')\nf()\n",
    "chained": "try:\n    1 / 0\nexcept ZeroDivisionError:\n    raise ValueError('bad')\n",
    "own hook": "import sys\nsys.excepthook = lambda *a: print('hook', a[0], a[2].tb_lineno)\nraise ValueError",
    "interrupt": "raise KeyboardInterrupt",
    "at once": "import os; os._exit(7)",
    "signal": "import os; os.kill(os.getpid(), 15)",
    "abort": "import os; os.abort()",
    "raise signal": "import signal; signal.raise_signal(signal.SIGUSR1)",
    "syntax": "print(\n",
    "encoding": "# coding: latin-1\nprint(ascii('\\xe9'))",
    "order of the end": """
import atexit, sys, threading, time
class Last:
    def __del__(self):
        print("finalizer", sys is not None, helper(), flush=True)
def helper():
    return "helper"
keep = Last()
atexit.register(lambda: print("atexit"))
def late():
    time.sleep(0.2)
    print("thread")
threading.Thread(target=late).start()
sys.stdout.write("unflushed ")
""",
    "finalizer": """
import sys
class Last:
    def __del__(self):
        print("finalizer", helper())
def helper():
    return "helper"
keep = Last()
keep.me = keep
sys.exit(4)
""",
    "finalizer of what is old": """
import gc
class Last:
    def __del__(self):
        print("finalizer")
keep = Last()
keep.me = keep
gc.collect()
gc.collect()
""",
    "streams of C": "import ctypes\nctypes.CDLL(None).printf(b'C has this in a buffer\\n')",
    "daemon thread": "import threading as t, time\nt.Thread(target=time.sleep, args=(60,), daemon=True).start()",
    "failing atexit": "import atexit, sys\natexit.register(lambda: 1 / 0)\nsys.exit(5)",
    "closed stdout": "import os, sys\nos.close(1)\nprint('lost')",
    "pool": "from concurrent.futures import ThreadPoolExecutor as T\nprint(list(T(2).map(abs, [-1, 2])))",
    "processes": "import multiprocessing as m\nprint(m.get_context('fork').Pool(2).map(abs, [-1, 2]))",
    "loop": "import asyncio\nasync def f():\n    await asyncio.sleep(0)\n    print('ran')\nasyncio.run(f())",
    "pickle": "import pickle\nclass A: pass\nprint(type(pickle.loads(pickle.dumps(A()))), A.__module__)",
    "own module": "import __main__, sys\nprint(__main__.sys is sys, sys.modules['__main__'] is __main__)",
}


@pytest.mark.parametrize("case", ENDS)
def test_a_warm_run_ends_as_a_cold_one(yard: Yard, case: str) -> None:
    async def main() -> None:
        async with yard.client() as client:
            ends = await both(client, yard, ENDS[case])
            warm, cold = (re.sub(r"0x\w+", "0x", yard.log(name)) for name in ("warm", "cold"))
            assert warm == cold
            cold, warm = ends["cold"], ends["warm"]
            assert (warm.status, warm.cause, warm.evidence, warm.proof) == (
                cold.status,
                cold.cause,
                cold.evidence,
                cold.proof,
            )
            assert warm.proof.strength == "PROVEN"
            assert warm.cpu is not None
            assert len(yard.residents(client)) == 1  # it was warm

    asyncio.run(main())


def test_what_a_library_was_loaded_with_waits_for_the_end_of_c(yard: Yard) -> None:
    """Also where it was loaded before the fork, and the script names it nowhere."""

    async def main() -> None:
        async with yard.client() as client:
            modules = yard.folder / "modules"
            modules.mkdir()
            # Python's own way to C goes out of sight; what is left to see is a native module of other people.
            says = "import cffi\nffi = cffi.FFI()\nffi.cdef('int puts(const char *);')\nsay = ffi.dlopen(None).puts\n"
            (modules / "says.py").write_text(says)
            script = "import says\nsays.say(b'C has this in a buffer')"
            await both(client, yard, script, preload=["says"], env={"PYTHONPATH": str(modules)})

    asyncio.run(main())
    assert yard.log("warm") == yard.log("cold") == "C has this in a buffer\n"


@pytest.mark.parametrize("length", [0, 1 << 10, *range((1 << 15) - 400, 1 << 15, 40), 1 << 15, 100_000])
def test_an_order_of_any_length(yard: Yard, length: int) -> None:
    """One that is too long for a message is a file."""

    async def main() -> None:
        async with yard.client() as client:
            script = "import os, sys\nprint(len(os.environ['LONG']), os.environ['LONG'][-3:], sys.argv[1:])"
            await both(client, yard, script, "a", env={"LONG": "x" * length + "end"})
            assert len(yard.residents(client)) == 1

    asyncio.run(main())
    assert yard.log("warm") == yard.log("cold") == f"{length + 3} end ['a']\n"


PLACES = {
    "in the folder": ("a.py", "real", "real"),
    "from elsewhere": ("a.py", "real", "/"),
    "a link in the folder": ("link.py", "real", "real"),
    "by a link of the folder": ("a.py", "linked", "linked"),
    "a link in a linked folder": ("link.py", "linked", "linked"),
    "below the folder": ("real/a.py", "", "."),
}


@pytest.mark.parametrize("case", PLACES)
def test_modules_are_found_where_the_script_lies(yard: Yard, case: str) -> None:
    """Where the link leads, as the interpreter has it."""
    name, folder, cwd = PLACES[case]
    for made in ("real", "other"):
        (yard.folder / made).mkdir()
        (yard.folder / made / "found.py").write_text(f"where = {made!r}")
    script = "import os, sys, found\nprint(found.where, sys.path[0], __file__, sys.argv[0], os.getcwd())"
    for place in ("real/a.py", "other/link.py"):
        (yard.folder / place).write_text(script)
    (yard.folder / "real" / "link.py").symlink_to("../other/link.py")
    (yard.folder / "linked").symlink_to("real")

    async def main() -> None:
        async with yard.client() as client:
            for warm in (True, False):
                order = yard.python(f"{warm}", "", warm=warm, cwd=str(yard.folder / cwd))
                order = replace(order, argv=[order.argv[0], str(yard.folder / folder / name)])
                await client.start(order)
                assert (await client.ended(f"{warm}")).status == 0, yard.log(f"{warm}")

    asyncio.run(main())
    assert yard.log("True") == yard.log("False")


def test_a_file_left_open_is_written(yard: Yard) -> None:
    async def main() -> None:
        async with yard.client() as client:
            script = "file = open('left', 'w')\nfile.write('all of it')"
            await client.start(yard.python("a", script, cwd=str(yard.folder)))
            assert (await client.ended("a")).status == 0

    asyncio.run(main())
    assert (yard.folder / "left").read_text() == "all of it"


def test_the_script_is_gone(yard: Yard) -> None:
    async def main() -> None:
        async with yard.client() as client:
            for warm in (False, True):
                order = yard.python(f"a{warm}", "", warm=warm)
                Path(order.argv[1]).unlink()
                await client.start(order)
                assert os.waitstatus_to_exitcode((await client.ended(f"a{warm}")).status or 0) == 2

    asyncio.run(main())
    assert yard.log("aTrue").replace("aTrue", "X") == yard.log("aFalse").replace("aFalse", "X")


IGNORES = "import os, signal, time\nsignal.signal(15, signal.SIG_IGN)\n"
HOSTILE = {
    "ignores TERM": f"{IGNORES}os.fork()\nprint('ready', flush=True)\ntime.sleep(60)",
    "daemon": """
import os, signal, time
signal.signal(15, signal.SIG_IGN)
if not os.fork():
    os.setsid()
    if os.fork():
        os._exit(0)
    os.environ.clear()
    for fd in range(3):
        os.close(fd)
    time.sleep(60)
print("ready", flush=True)
time.sleep(60)
""",
    "fork storm": STORM,
    "fork chain": CHAIN,
}


@pytest.mark.parametrize("warm", [False, True])
@pytest.mark.parametrize("case", HOSTILE)
def test_a_stop_proves_the_same(witness: Witness, yard: Yard, case: str, *, warm: bool) -> None:
    async def main() -> None:
        async with yard.client() as client:
            for number in range(2):
                name = f"run{number}"
                await client.start(yard.python(name, HOSTILE[case], warm=warm))
                await yard.wrote(name, "ready")
                await client.stop(name, "ASK")
                await client.stop(name, "FORCE")
                ended = await asyncio.wait_for(client.ended(name), 30)
                assert ended.proof.strength == "PROVEN", ended.proof
                assert (ended.status, ended.proof.survivors, ended.stop_asked) == (signal.SIGKILL, (), "FORCE")
                # Residents and what they have forked for runs to come are no survivors.
                left = [line for line in witness.strangers(client) if not pristine(int(line.split()[0]))]
                assert left == []

    asyncio.run(main())
    yard.end()


def pristine(pid: int) -> bool:
    """Whether the process is a resident, or its fork that is no run yet."""
    if ZYGOTE.encode() in (process.read(f"/proc/{pid}/cmdline") or b"").split(b"\0"):
        return True
    # One that is just ending has no arguments any more. A run has a session of its own, a fork for later its parent's.
    parent, _, session = (process.read(f"/proc/{pid}/stat") or b"0 () Z 0 0 0").rpartition(b")")[2].split()[1:4]
    return parent == session != b"0" and pristine(int(parent))


@pytest.mark.parametrize("warm", [False, True])
def test_asked_to_stop_it_may_tidy_up(yard: Yard, *, warm: bool) -> None:
    obeys = "import signal, sys, time\nsignal.signal(15, lambda *a: sys.exit(9))\n"
    script = f"{obeys}print('ready', flush=True)\ntime.sleep(60)"

    async def main() -> None:
        async with yard.client() as client:
            await client.start(yard.python("a", script, warm=warm))
            await yard.wrote("a", "ready")
            await client.stop("a", "ASK")
            ended = await client.ended("a")
        assert (ended.status, ended.stop_asked, ended.proof.strength) == (9 << 8, "ASK", "PROVEN")

    asyncio.run(main())


@pytest.mark.parametrize("warm", [False, True])
def test_a_deadline_stops_it(yard: Yard, *, warm: bool) -> None:
    script = f"{IGNORES}print('ready', flush=True)\ntime.sleep(60)"

    async def main() -> None:
        async with yard.client() as client:
            await client.start(yard.python("a", script, warm=warm, deadline=boottime() + 1.0, grace=0.05))
            ended = await client.ended("a")
        assert (ended.cause, ended.status, ended.proof.strength) == ("timed_out", signal.SIGKILL, "PROVEN")
        assert yard.log("a") == "ready\n"

    asyncio.run(main())


@pytest.mark.parametrize("warm", [False, True])
@pytest.mark.parametrize("policy", ["kill", "fail", "wait"])
def test_leftovers_are_treated_the_same(yard: Yard, policy: str, *, warm: bool) -> None:
    script = "import os, time\nif not os.fork():\n    os.setsid()\n    time.sleep(0.3 if {} else 60)\n".format(
        policy == "wait"
    )

    async def main() -> Ended:
        async with yard.client() as client:
            await client.start(yard.python("a", script, warm=warm, leftovers=policy))
            return await client.ended("a")

    ended = asyncio.run(main())
    assert (ended.status, ended.cause, ended.proof.strength) == (0, "leftovers" if policy == "fail" else None, "PROVEN")
    assert [source for source, _ in ended.evidence] == ([] if policy == "wait" else ["leftovers"])


@pytest.mark.parametrize("warm", [False, True])
def test_secrets_do_not_reach_the_log(yard: Yard, *, warm: bool) -> None:
    async def main() -> None:
        async with yard.client() as client:
            script = "import os\nprint('it is', os.environ['WORD'])"
            await client.start(
                yard.python("a", script, warm=warm, env={"WORD": "open sesame"}, redact=[b"open sesame"])
            )
            assert (await client.ended("a")).status == 0

    asyncio.run(main())
    assert yard.log("a") == "it is [secret]\n"


@pytest.mark.needs("cgroup1")
def test_memory_that_runs_out(yard: Yard) -> None:
    """Also where no run had limits before, so that the shim and the waiting process were outside of those groups."""

    async def main() -> None:
        async with yard.client() as client:
            await client.start(yard.python("first", "pass"))
            await client.ended("first")
            for warm in (True, False, True):
                name = f"a{len(client.known)}{warm}{os.urandom(2).hex()}"
                await client.start(
                    yard.python(name, EATS.format(size=200), warm=warm, limits=RunLimits(memory=32 * MEBI))
                )
                ended = await client.ended(name)
                assert (ended.cause, ended.status, ended.limits_by) == ("out_of_memory", signal.SIGKILL, "cgroup v1")
                assert [source for source, _ in ended.evidence] == ["oom_kill"]
            await client.start(yard.python("free", EATS.format(size=100)))
            assert ((await client.ended("free")).status, yard.log("free")) == (0, "ate\n")

    asyncio.run(main())


@pytest.mark.needs("cgroup1")
def test_limits_are_the_runs_own(yard: Yard) -> None:
    async def main() -> None:
        async with yard.client() as client:
            for number in range(2):
                limits = RunLimits(memory=64 * MEBI, cpu=0.5, pids=10 + number)
                started = await client.start(yard.python(f"run{number}", "import time; time.sleep(60)", limits=limits))
                assert isinstance(started, Started)
                cpu, memory, pids = (group(started, name) for name in ("cpu", "memory", "pids"))
                assert int((cpu / "cpu.cfs_quota_us").read_text()) * 2 == int((cpu / "cpu.cfs_period_us").read_text())
                assert int((memory / "memory.limit_in_bytes").read_text()) == 64 * MEBI
                assert (pids / "pids.max").read_text() == f"{10 + number}\n"
                assert (pids / "cgroup.procs").read_text() == f"{started.pid}\n"
            await client.start(yard.python("forks", FORKS, limits=RunLimits(pids=8)))
            await client.ended("forks")
            await client.start(yard.python("cold", FORKS, warm=False, limits=RunLimits(pids=8)))
            await client.ended("cold")
        assert yard.log("forks") == yard.log("cold") == "7 11\n"

    asyncio.run(main())


@pytest.mark.parametrize(
    ("more", "cause"),
    [
        ({"cwd": "/nowhere"}, "bad_config"),
        ({"limits": RunLimits(memory=1000)}, "bad_config"),
        ({"env": {"A": "b\0c"}}, "bad_config"),
        ({"env": {"A=B": "c"}}, "bad_config"),
        ({"log": "/nowhere/log"}, "start_failed"),
    ],
)
def test_what_cannot_be_started(yard: Yard, more: dict[str, Any], cause: str) -> None:
    async def main() -> None:
        async with yard.client() as client:
            for warm in (False, True):
                got = await client.start(yard.python(f"a{warm}", "print('begun')", warm=warm, **more))
                assert isinstance(got, Ended)
                assert (got.cause, got.pid, got.proof.by) == (cause, None, "never started")
            await client.start(yard.python("next", "pass"))
            assert (await client.ended("next")).status == 0

    asyncio.run(main())


def test_without_groups_the_program_itself_is_run(any_yard: Yard) -> None:
    async def main() -> None:
        async with any_yard.client() as client:
            started = await client.start(any_yard.python("a", "import sys; print('ran'); sys.exit(6)"))
            assert isinstance(started, Started)
            ended = await client.ended("a")
            assert (ended.status, ended.proof.strength) == (6 << 8, "PROVEN")
            assert bool(any_yard.residents(client)) == (client.facts["holds"] == "cgroup v2")

    asyncio.run(main())
    assert any_yard.log("a") == "ran\n"


def test_many_at_once(yard: Yard) -> None:
    """Each begins once, also one that has ended before the shim has heard that it began."""

    async def main() -> None:
        async with yard.client() as client:
            names = [f"run{number}" for number in range(200)]
            script = "import os\nos.write(1, b'begun\\n')\nos._exit(5)"
            got = await asyncio.gather(*[client.start(yard.python(name, script)) for name in names])
            assert all(isinstance(one, Started) for one in got)
            ends = [await asyncio.wait_for(client.ended(name), 30) for name in names]
            assert {(end.status, end.proof.strength) for end in ends} == {(5 << 8, "PROVEN")}
            assert {yard.log(name) for name in names} == {"begun\n"}
            assert len({one.pid for one in got}) == 200
            assert len(yard.residents(client)) == 1

    asyncio.run(main())
