"""Runs that share a resident share nothing else, and other users cannot reach it."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from pathlib import Path
from uuid import uuid4

import pytest
from tests.core.worker.shim.yard import GENEROUS, Yard, alive, until
from tests.passage import let_through

from anyjob.worker.local.shimclient import Ended, RunAs, ShimClient, StartOrder
from anyjob.worker.shim import process

pytestmark = pytest.mark.needs("cgroup2")
NOBODY = RunAs(uid=65534, gid=65533, groups=(65532,))
CHANGES = """
import builtins, decimal, fcntl, json, os, random, resource, signal, sys, time
import fractions
fcntl.fcntl(0, fcntl.F_SETFL, os.O_NONBLOCK)
builtins.trace = json.trace = sys.trace = "left"
sys.path.append("/left")
sys.setrecursionlimit(77)
sys.argv.append("left")
sys.modules["json"].loads = None
del sys.modules["random"]
json.JSONEncoder.trace = "left"
os.environ["LEFT"] = os.environ["TZ"] = "left"
time.tzset()
os.umask(0)
os.chdir("/tmp")
signal.signal(signal.SIGTERM, signal.SIG_IGN)
signal.pthread_sigmask(signal.SIG_BLOCK, [signal.SIGUSR1])
decimal.getcontext().prec = 3
resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
os.nice(5)
open(0, closefd=True).close()
"""
LOOKS = """
import builtins, json, os, random, resource, signal, sys, time
print(hasattr(builtins, "trace"), hasattr(json, "trace"), hasattr(sys, "trace"), hasattr(json.JSONEncoder, "trace"))
print("/left" in sys.path, sys.getrecursionlimit(), sys.argv[1:], json.loads("1"), "fractions" in sys.modules)
print(sorted(os.environ), time.tzname, oct(os.umask(0)), os.getcwd(), os.fstat(0).st_rdev)
print(signal.getsignal(signal.SIGTERM), signal.pthread_sigmask(signal.SIG_BLOCK, []), os.nice(0))
print(resource.getrlimit(resource.RLIMIT_CORE), len(os.listdir("/proc/self/fd")))
import decimal
import fcntl
print(decimal.getcontext().prec, fcntl.fcntl(0, fcntl.F_GETFL) & os.O_NONBLOCK)
"""
PRELOAD = ("json", "decimal", "random")


async def run(client: ShimClient, order: StartOrder) -> Ended:
    """Start it and wait for its end."""
    await client.start(order)
    return await asyncio.wait_for(client.ended(order.run), GENEROUS)


def test_nothing_that_a_run_changes_is_seen_by_the_next(yard: Yard) -> None:
    async def main() -> None:
        async with yard.client() as client:
            await run(client, yard.python("before", LOOKS, preload=PRELOAD))
            for number in range(3):
                ended = await run(client, yard.python(f"changes{number}", CHANGES, preload=PRELOAD))
                assert (ended.status, yard.log(f"changes{number}")) == (0, "")
            await run(client, yard.python("after", LOOKS, preload=PRELOAD))
            await run(client, yard.python("cold", LOOKS, preload=PRELOAD, warm=False))
            assert len(yard.residents(client)) == 1

    asyncio.run(main())
    assert yard.log("after") == yard.log("before") == yard.log("cold")


def test_no_word_of_a_run_is_in_the_memory_of_another(yard: Yard) -> None:
    """Arguments, variables, folder and output of one are looked for in everything the next one can read."""
    word = uuid4().hex
    search = """
import re, sys
word = bytes(int(part) for part in sys.argv[1].split(","))[::-1]
found = 0
with open("/proc/self/mem", "rb", 0) as memory:
    for line in open("/proc/self/maps"):
        if line.split()[1].startswith("r") and not line.rstrip().endswith(("[vvar]", "[vsyscall]", "[vvar_vclock]")):
            begin, end = (int(part, 16) for part in line.split()[0].split("-"))
            memory.seek(begin)
            found += memory.read(end - begin).replace(word, b"", 1 if line.rstrip().endswith("!") else 0).count(word)
print(found)
"""
    # Backwards and in numbers, so that looking for it does not put it there; the word that is made from them counts.
    hidden = ",".join(str(byte) for byte in reversed(word.encode()))

    async def main() -> None:
        async with yard.client() as client:
            await run(client, yard.python("own", search, hidden))
            # Not beside the scripts: who imports from there reads that folder's names.
            folder = yard.folder / "folders" / word
            folder.mkdir(parents=True)
            for number in range(3):
                script = f"import sys\nword = '{word}'\nprint(sys.argv, word)\n"
                order = yard.python(f"a{number}", script, word, env={word: word}, cwd=str(folder))
                assert (await run(client, order)).status == 0
                assert word in yard.log(f"a{number}")
            await run(client, yard.python("looks", search, hidden))
            (resident,) = yard.residents(client)
            assert word not in _memory(resident)

    asyncio.run(main())
    assert yard.log("looks") == yard.log("own")


def _memory(pid: int) -> str:
    found = b""
    with open(f"/proc/{pid}/mem", "rb", 0) as memory:
        for line in Path(f"/proc/{pid}/maps").read_text().splitlines():
            if line.split()[1].startswith("rw"):
                begin, end = (int(part, 16) for part in line.split()[0].split("-"))
                memory.seek(begin)
                found += memory.read(end - begin)
    return found.decode("latin-1")


def test_chance_is_each_runs_own(yard: Yard) -> None:
    async def main() -> None:
        async with yard.client() as client:
            for number in range(4):
                script = "import random, uuid, os\nprint(random.random(), uuid.uuid4(), os.urandom(4).hex())"
                await run(client, yard.python(f"a{number}", script, preload=["random", "uuid"]))

    asyncio.run(main())
    said = [yard.log(f"a{number}").split() for number in range(4)]
    assert [len(set(words)) for words in zip(*said, strict=True)] == [4, 4, 4]


def test_what_acts_at_the_start_of_an_interpreter_has_a_resident_of_its_own(yard: Yard) -> None:
    """The locale, and everything that Python reads when it starts: right also where nobody thought of it."""
    modules = yard.folder / "modules"
    modules.mkdir()
    (modules / "found_here.py").write_text("word = 'found'")

    async def main() -> None:
        async with yard.client() as client:
            script = "import sys\nfrom found_here import word\nprint(word, sys.flags.hash_randomization, hash('a'))"
            env = {"PYTHONPATH": str(modules), "PYTHONHASHSEED": "7"}
            for warm in (True, False):
                assert (await run(client, yard.python(f"a{warm}", script, env=env, warm=warm))).status == 0
            ended = await run(client, yard.python("b", script))
            assert ended.status == 1 << 8  # the other one's path is not its own
            assert len(yard.residents(client)) == 2

    asyncio.run(main())
    assert yard.log("aTrue") == yard.log("aFalse")


def test_the_mark_of_a_run_is_where_a_cold_one_has_it(yard: Yard) -> None:
    async def main() -> None:
        async with yard.client() as client:
            pids: list[int] = []
            for name in ("one", "two"):
                started = await client.start(yard.python(name, "import os, time\nos.fork()\ntime.sleep(60)"))
                assert started.pid is not None
                pids.append(started.pid)
                await until(lambda pid=started.pid: len(process.children(pid)) == 1, "the fork")
            for name, pid in zip(("one", "two"), pids, strict=True):
                for one in (pid, *process.children(pid)):
                    assert yard.holds(one, name)
                assert {other for other in yard.marked() if yard.holds(other, name)} == {
                    pid,
                    *process.children(pid),
                }
            assert not any(yard.holds(pid, name) for pid in yard.residents(client) for name in ("one", "two"))

    asyncio.run(main())


REACHES = """
import ctypes, os, sys
libc = ctypes.CDLL(None, use_errno=True)
for pid in set(map(int, sys.argv[1:])) - {os.getpid()}:
    for path in ("mem", "environ", "maps", "fd/0"):
        try:
            os.close(os.open(f"/proc/{pid}/{path}", os.O_RDONLY))
            print("opened", pid, path)
        except PermissionError:
            pass
    try:
        os.listdir(f"/proc/{pid}/fd")
        print("listed", pid)
    except PermissionError:
        pass
    if libc.ptrace(16, pid, 0, 0) == 0:
        print("traced", pid)
print("done", os.getuid())
"""


@pytest.mark.needs("root")
def test_a_jobs_user_cannot_reach_into_its_resident(yard: Yard) -> None:
    yard.folder.chmod(0o755)
    let_through(yard.folder)

    async def main() -> None:
        async with yard.client() as client:
            assert (await run(client, yard.python("first", "pass", user=NOBODY))).status == 0
            (resident,) = yard.residents(client)
            await until(lambda: len(_pristine(client)) > 1, "a process that waits for a run")
            facts = process.read(f"/proc/{resident}/status") or b""
            assert b"Uid:\t65534\t65534\t65534\t65534" in facts
            pids = [str(pid) for pid in _pristine(client)]
            assert (await run(client, yard.python("second", REACHES, *pids, user=NOBODY))).status == 0
            assert yard.log("second") == "done 65534\n"
            # Root's runs have another one, and so has the same user with other groups.
            await run(client, yard.python("root", "pass"))
            await run(client, yard.python("other", "pass", user=RunAs(uid=65534, gid=65533)))
            assert len(yard.residents(client)) == 3

    asyncio.run(main())


def _pristine(client: ShimClient) -> list[int]:
    found = process.children(client.facts["pid"])
    return [pid for pid in found if b"zygote.py" in (process.read(f"/proc/{pid}/cmdline") or b"")]


def test_the_end_of_a_resident_ends_what_loading_has_started(new_yard: Callable[..., Yard]) -> None:
    yard = new_yard(resident_idle=0.3)
    folder = yard.folder / "modules"
    folder.mkdir()
    pid_file = yard.folder / "pid"
    (folder / "leaves_one.py").write_text(
        f"""
import os, time
if not os.fork():
    os.setsid()
    if not os.fork():
        open({str(pid_file)!r} + ".new", "w").write(str(os.getpid()))
        os.rename({str(pid_file)!r} + ".new", {str(pid_file)!r})
        time.sleep(60)
    os._exit(0)
os.wait()
"""
    )

    async def main() -> None:
        async with yard.client() as client:
            order = yard.python("a", "pass", preload=["leaves_one"], env={"PYTHONPATH": str(folder)})
            assert (await run(client, order)).status == 0
            await until(pid_file.exists, "the daemon")
            pid = int(pid_file.read_text())
            await until(lambda: not alive(pid), "the daemon's end")
            await until(lambda: yard.residents(client) == [], "the resident's end")

    asyncio.run(main())
