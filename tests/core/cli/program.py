"""The real program `anyjob`, in a pipe or on a terminal of its own."""

from __future__ import annotations

import asyncio
import contextlib
import fcntl
import json
import os
import pty
import select
import signal
import subprocess
import sys
import textwrap
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from anyjob.worker.local.shimclient import ShimClient

PATIENCE = 30.0
"""Seconds after which something that never comes is a failure."""
_ASKED = 5.0
"""Seconds in which a command that a failed test left ends when it is asked."""


def until(condition: Callable[[], object], what: str) -> None:
    """Wait until the condition holds."""
    end = time.monotonic() + PATIENCE
    while not condition():
        assert time.monotonic() < end, f"never came: {what}"
        time.sleep(0.01)


@dataclass(frozen=True, slots=True, kw_only=True)
class Done:
    """How a command ended."""

    status: int
    out: bytes
    err: str

    @property
    def json(self) -> dict[str, Any]:
        """The one object on standard output."""
        (line,) = self.out.splitlines()
        return json.loads(line)


class Program:
    """Calls of `anyjob` by a user with a home of his own."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.state = folder / "state"
        self.own = self.state / "anyjob" / "run"
        self.terminals: list[Terminal] = []
        self.environment = {
            name: value for name, value in os.environ.items() if not name.startswith(("ANYJOB", "XDG", "PYTHON"))
        } | {"XDG_STATE_HOME": str(self.state), "HOME": str(folder), "TERM": "xterm", "COLUMNS": "200"}

    def job(self, content: str, **fields: object) -> str:
        """A file with one shell job; its path."""
        path = self.folder / f"job-{len(list(self.folder.glob('job-*')))}.json"
        path.write_text(json.dumps({"Name": "a", "JobType": "shell", "Content": content} | fields))
        return str(path)

    def start(
        self,
        *arguments: str,
        stdin: int = subprocess.DEVNULL,
        stderr: int = subprocess.PIPE,
        wrapper: Sequence[str] = (),
    ) -> subprocess.Popen[bytes]:
        """A command that goes on beside the test, executed by the words of `wrapper`."""
        return subprocess.Popen(
            [*wrapper, sys.executable, "-m", "anyjob", *arguments],
            env=self.environment,
            cwd=self.folder,
            stdin=stdin,
            stdout=subprocess.PIPE,
            stderr=stderr,
        )

    def finish(self, process: subprocess.Popen[bytes]) -> Done:
        """Wait for its end."""
        out, err = process.communicate(timeout=PATIENCE)
        return Done(status=process.returncode, out=out, err=(err or b"").decode())

    def __call__(self, *arguments: str, stdin: bytes = b"") -> Done:
        """One command to its end."""
        process = self.start(*arguments, stdin=subprocess.PIPE)
        out, err = process.communicate(stdin, timeout=PATIENCE)
        return Done(status=process.returncode, out=out, err=err.decode())

    def install(self, name: str, module: str) -> None:
        """A distribution `anyjob-<name>` with a plugin of that name, in an environment of this program alone."""
        site = self.folder / "site"
        info = site / f"anyjob_{name}-1.0.dist-info"
        info.mkdir(parents=True)
        (info / "METADATA").write_text(f"Metadata-Version: 2.1\nName: anyjob-{name}\nVersion: 1.0\n")
        (info / "entry_points.txt").write_text(f"[anyjob]\n{name} = anyjob_{name}\n")
        (site / f"anyjob_{name}.py").write_text(textwrap.dedent(module))
        self.environment["PYTHONPATH"] = str(site)

    def clean(self) -> None:
        """End what a failed test left on its terminals, and the shims that a killed command left."""
        for terminal in self.terminals:
            terminal.end()
        for lock in self.folder.glob("**/shim/lock"):
            asyncio.run(_retire(lock.parent))


async def _retire(folder: Path) -> None:
    with (folder / "lock").open() as lock, contextlib.suppress(BlockingIOError):
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        return
    client = await ShimClient.open(folder)
    for run in client.known:
        await client.stop(run, "FORCE")
    client.quit_when_idle()
    await client.close()


class Terminal:
    """A command on a terminal of its own."""

    def __init__(self, program: Program, *arguments: str) -> None:
        self.pid, self._master = pty.fork()
        if not self.pid:
            os.chdir(program.folder)
            os.execve(sys.executable, [sys.executable, "-m", "anyjob", *arguments], program.environment)
        self.shown = b""
        self._over = False
        program.terminals.append(self)

    def wait_for(self, text: bytes) -> None:
        """Until the text stands on the terminal."""
        end = time.monotonic() + PATIENCE
        while text not in self.shown:
            going = self._read()
            assert going, f"never shown: {text!r}, but {self.shown!r}"
            assert time.monotonic() < end, f"not shown in time: {text!r}, but {self.shown!r}"

    def type(self, keys: bytes) -> None:
        """What the user types: b"\\x03" is Ctrl-C."""
        os.write(self._master, keys)

    def finish(self) -> int:
        """Wait for the end; the exit status."""
        end = time.monotonic() + PATIENCE
        while self._read():
            assert time.monotonic() < end, f"still going: {self.shown!r}"
        os.close(self._master)
        self._over = True
        return os.waitstatus_to_exitcode(os.waitpid(self.pid, 0)[1])

    def end(self) -> None:
        """End a command that no test saw end, with its process group: asked first, so that it can tidy up."""
        if self._over:
            return
        with contextlib.suppress(ProcessLookupError):
            os.killpg(self.pid, signal.SIGTERM)
            end = time.monotonic() + _ASKED
            while not gone(self.pid) and time.monotonic() < end:
                time.sleep(0.01)
            os.killpg(self.pid, signal.SIGKILL)
        os.close(self._master)
        os.waitpid(self.pid, 0)
        self._over = True

    def _read(self) -> bool:
        """False at the end."""
        if not select.select([self._master], [], [], 1)[0]:
            return True
        try:
            data = os.read(self._master, 65536)
        except OSError:
            return False
        self.shown += data
        return bool(data)


def gone(pid: int) -> bool:
    """Whether no living process has the number."""
    try:
        stat = Path(f"/proc/{pid}/stat").read_text()
    except FileNotFoundError:
        return True
    return stat.rpartition(")")[2].split()[0] == "Z"


def running_shims(folder: Path) -> list[Path]:
    """Shims that live below the folder."""
    return [lock for lock in folder.glob("**/shim/lock") if _held(lock)]


def _held(path: Path) -> bool:
    with path.open() as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            return True
    return False


def kill(process: subprocess.Popen[bytes]) -> None:
    """As by the kernel: nothing of it is left to tidy up."""
    process.send_signal(signal.SIGKILL)
    process.communicate()


def toml(path: Path, tables: Mapping[str, str]) -> Path:
    """A settings file."""
    path.write_text("".join(f"[{name}]\n{body}\n" for name, body in tables.items()))
    return path
