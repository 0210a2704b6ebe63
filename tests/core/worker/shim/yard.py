"""A shim of a test's own, and what the test needs to see of it from outside."""

from __future__ import annotations

import asyncio
import os
import signal
import sys
import time
from collections.abc import AsyncGenerator, Callable, Sequence
from contextlib import asynccontextmanager
from importlib.util import find_spec
from pathlib import Path
from typing import Any
from uuid import uuid4

from anyjob.worker.local.shimclient import Ended, ShimClient, ShimOptions, Started, StartOrder, WarmStart
from anyjob.worker.shim import process
from anyjob.worker.shim.seat import token_of

GENEROUS = 30.0
"""Seconds until a condition that must come true counts as never coming."""
PATH = os.environ["PATH"]


def _zygote() -> str:
    found = find_spec("anyjob_python")
    assert found is not None
    assert found.submodule_search_locations is not None
    return os.path.join(found.submodule_search_locations[0], "zygote.py")


ZYGOTE = _zygote()
"""The resident of warm Python runs."""


async def until(true: Callable[[], bool], what: str) -> None:
    """Poll a condition."""
    end = time.monotonic() + GENEROUS
    while not true():
        assert time.monotonic() < end, f"never: {what}"
        await asyncio.sleep(0.005)


def alive(pid: int) -> bool:
    """Whether the process exists and is no zombie."""
    facts = process.facts(pid)
    return facts is not None and facts.state not in "ZX"


class Yard:
    """One state folder with its shim. `mark` stands in the environment of everything that is started here."""

    def __init__(self, folder: Path, options: ShimOptions) -> None:
        self.folder, self.options = folder, options
        self.shim_folder = folder / "shim"
        self.mark = f"YARD={uuid4().hex}"

    def order(self, run: str, *argv: str, **more: Any) -> StartOrder:
        """An order with the defaults of tests."""
        name, _, value = self.mark.partition("=")
        env = {"PATH": PATH, name: value, **more.pop("env", {})}
        words: dict[str, Any] = {"folder": str(self.folder), "log": f"{run}.log", "cwd": "/", **more}
        return StartOrder(run=run, argv=argv, env=env, **words)

    def sh(self, run: str, script: str, **more: Any) -> StartOrder:
        """An order for a shell script."""
        return self.order(run, "sh", "-c", script, **more)

    def python(
        self, run: str, script: str, *argv: str, warm: bool = True, preload: Sequence[str] = (), **more: Any
    ) -> StartOrder:
        """An order for a Python script, as a fork of a resident or as a program of its own."""
        path = self.folder / f"{run}.py"
        path.write_text(script)
        # The one of the machine can be executed by every user.
        program = sys.executable if more.get("user") is None else "/usr/bin/python3"
        start = WarmStart(key=" ".join(preload), argv=[program, ZYGOTE, *preload])
        return self.order(run, program, str(path), *argv, warm=start if warm else None, **more)

    def residents(self, client: ShimClient) -> list[int]:
        """The shim's residents: what has its zygote as program and a socket as stdin."""
        found: list[int] = []
        for pid in process.children(client.facts["pid"]):
            words = (process.read(f"/proc/{pid}/cmdline") or b"").split(b"\0")
            try:
                stdin = os.readlink(f"/proc/{pid}/fd/0")
            except OSError:
                continue
            if ZYGOTE.encode() in words and stdin.startswith("socket:"):
                found.append(pid)
        return found

    def log(self, run: str) -> str:
        """What the run has written."""
        return (self.folder / f"{run}.log").read_text()

    async def wrote(self, run: str, line: str) -> None:
        """Wait until the run's log holds a line."""
        path = self.folder / f"{run}.log"
        await until(lambda: path.exists() and line in path.read_text().splitlines(), f"{line!r} in the log of {run}")

    @asynccontextmanager
    async def client(self) -> AsyncGenerator[ShimClient]:
        """A worker."""
        client = await ShimClient.open(self.shim_folder, self.options)
        try:
            yield client
        finally:
            await client.close()

    def holds(self, pid: int, run: str) -> bool:
        """Whether the process has the shim's own mark of a run."""
        return process.marked(pid, f"{token_of(str(self.shim_folder))}/{run}")

    def marked(self) -> list[int]:
        """Living processes with the mark in their first environment."""
        found: list[int] = []
        for one in process.all_facts():
            text = process.read(f"/proc/{one.pid}/environ")
            if one.state not in "ZX" and text is not None and self.mark.encode() in text.split(b"\0"):
                found.append(one.pid)
        return found

    def end(self) -> None:
        """End everything, whatever the test has left."""
        if self.shim_folder.exists():
            asyncio.run(self._end())

    async def _end(self) -> None:
        async with self.client() as client:
            pids = [client.facts["pid"], client.facts["keeper"]]
            listed = [run for run, known in client.known.items() if not isinstance(known, Ended)]
            for run in listed:
                await client.stop(run, "FORCE")
            for run in listed:
                await asyncio.wait_for(client.ended(run), GENEROUS)
            client.quit_when_idle()
            await asyncio.sleep(0)
        await until(lambda: not any(map(alive, pids)), "the shim's end")
        for pid in self.marked():
            os.kill(pid, signal.SIGKILL)


WAITS = "echo begun; while [ ! -e go ]; do sleep 0.02; done; exit "


def kill(client: ShimClient, *who: str) -> None:
    """kill -9, first of the one that would notice."""
    for name in who:
        pid, word = client.facts[name], b"keeper" if name == "keeper" else b"shim"
        # The client may not know yet that the one it knew is gone.
        if (process.read(f"/proc/{pid}/comm") or b"").strip() == b"anyjob-" + word:
            os.kill(pid, signal.SIGKILL)


async def begin(yard: Yard, client: ShimClient, count: int) -> list[int]:
    """Runs that wait for the file `go`, then end with their numbers. Returns their pids."""
    pids: list[int] = []
    for number in range(count):
        started = await client.start(yard.sh(f"run{number}", WAITS + str(number), cwd=str(yard.folder)))
        assert isinstance(started, Started)
        pids.append(started.pid)
    for number in range(count):
        await yard.wrote(f"run{number}", "begun")
    return pids


async def ends(client: ShimClient, count: int) -> list[Ended]:
    """Their ends."""
    return [await asyncio.wait_for(client.ended(f"run{number}"), 30) for number in range(count)]


def codes(ended: list[Ended]) -> list[int | None]:
    """Their exit codes."""
    return [None if end.status is None else os.waitstatus_to_exitcode(end.status) for end in ended]
