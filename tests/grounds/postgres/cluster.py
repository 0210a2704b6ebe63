"""A PostgreSQL cluster below one folder, reached by a Unix socket in it: no port, so any number run side by side."""

from __future__ import annotations

import os
import pwd
import shutil
import signal
import subprocess
import time
from collections.abc import Generator
from contextlib import contextmanager
from itertools import count
from pathlib import Path
from typing import Final

from tests.grounds import remains
from tests.grounds.owned import OwnedFolder, sweep

__all__ = ["Postgres", "lent_postgres", "missing"]

_MANY: Final = 60.0
_QUICK: Final = ["-c", "fsync=off", "-c", "full_page_writes=off"]
"""What a process writes outlives its end without them; only the machine's end would take it."""


def bin_folder() -> Path | None:
    """The newest version's programs."""
    found = [path for path in Path("/usr/lib/postgresql").glob("*/bin") if (path / "postgres").exists()]
    if found:
        return max(found, key=lambda path: float(path.parent.name))
    there = shutil.which("postgres")
    return Path(there).resolve().parent if there else None


def missing() -> str:
    """Why no cluster can be made here; empty: it can."""
    if not bin_folder():
        return "postgres is not installed (Debian: postgresql)"
    if os.getuid() == 0 and not any(user.pw_name == "postgres" for user in pwd.getpwall()):
        return "PostgreSQL refuses root, and there is no user postgres"
    return ""


class Postgres:
    """The cluster below `folder`, made stopped. It refuses root: then its user is `postgres`.

    `durable`: commits wait for the disk, as an operator's do.
    """

    def __init__(self, folder: Path, *, durable: bool = False) -> None:
        self.dir, self._durable = folder.resolve(), durable
        self._bin = bin_folder()
        self._user = "postgres" if os.getuid() == 0 else None
        self._child: subprocess.Popen[bytes] | None = None
        self._numbers = count(1)
        self._own = self.dir / "postgres"

    def start(self) -> None:
        """Start it if it is not running, and return when it answers.

        Raises:
            RuntimeError: It ended, or does not answer; with the end of its log.
        """
        if self.running():
            return
        if not (self._own / "data" / "PG_VERSION").exists():
            self._own.mkdir(mode=0o700)
            if self._user:
                shutil.chown(self._own, self._user, self._user)
            made = ["-D", str(self._own / "data"), "-A", "trust", "-U", "postgres", "--no-sync", "--no-instructions"]
            self._spawn("initdb", [*made, "-E", "UTF8", "--locale=C"]).wait(_MANY)
        words = ["-D", str(self._own / "data"), "-h", "", "-k", str(self._own), "-c", "max_connections=40"]
        self._child = self._spawn("postgres", words if self._durable else [*words, *_QUICK])
        end = time.monotonic() + _MANY
        while not self._answers():
            if self._child.poll() is not None or time.monotonic() > end:
                said = (self.dir / "log").read_text(errors="replace")[-2000:]
                raise RuntimeError(f"postgres does not answer; the end of its log:\n{said}")
            time.sleep(0.02)

    def stop(self, sig: int = signal.SIGINT) -> None:
        """End it: SIGINT rolls back what is open, SIGQUIT is as a crash. Returns when it has ended."""
        if self._child is not None:
            self._child.send_signal(sig)
            self._child.wait(_MANY)
            self._child = None

    def running(self) -> bool:
        """Whether it lives."""
        return self._child is not None and self._child.poll() is None

    def database(self, space: Path | None = None) -> str:
        """The URL of a new, empty database; `space`: a folder of this user in which its files are to be."""
        name = f"test_{os.getpid()}_{next(self._numbers)}"
        where = ""
        if space is not None:
            if self._user:
                shutil.chown(space, self._user, self._user)
            self.query("postgres", f"CREATE TABLESPACE {name} LOCATION '{space}'")
            where = f" TABLESPACE {name}"
        self.query("postgres", f"CREATE DATABASE {name}{where}")
        return self.url(name)

    def drop(self, url: str) -> None:
        """Drop a database that nobody uses any more, and its tablespace."""
        name = url.removeprefix("postgresql://postgres@/").partition("?")[0]
        self.query("postgres", f"DROP DATABASE {name}")
        self.query("postgres", f"DROP TABLESPACE IF EXISTS {name}")

    def url(self, name: str) -> str:
        """The URL of a database."""
        return f"postgresql://postgres@/{name}?host={self._own}"

    def query(self, name: str, text: str) -> str:
        """What psql says to a statement."""
        assert self._bin is not None, missing()
        to = ["-h", str(self._own), "-U", "postgres", "-d", name]
        done = subprocess.run(
            [self._bin / "psql", *to, "-qAt", "-v", "ON_ERROR_STOP=1", "-c", text], capture_output=True, text=True
        )
        if done.returncode:
            raise RuntimeError(f"psql: {done.stderr}")
        return done.stdout.strip()

    def clear(self) -> None:
        """End it and remove its folder, also one that another process left."""
        self.stop(signal.SIGQUIT)
        remains.kill_all(lambda: remains.programs(self.dir, ["postgres", "initdb"]))
        shutil.rmtree(self.dir)

    def _spawn(self, program: str, words: list[str]) -> subprocess.Popen[bytes]:
        assert self._bin is not None, missing()
        with open(self.dir / "log", "ab") as out:  # a session of its own: Ctrl-C is for the tests, which then clear up
            return subprocess.Popen(
                [self._bin / program, *words], stdin=subprocess.DEVNULL, stdout=out, stderr=out, cwd=self._own,
                start_new_session=True, user=self._user, group=self._user, extra_groups=[] if self._user else None,
                env={"PATH": os.environ["PATH"], "LC_ALL": "C"},
            )  # fmt: skip

    def _answers(self) -> bool:
        try:
            return self.query("postgres", "SELECT 1") == "1"
        except RuntimeError:
            return False


@contextmanager
def lent_postgres(*, durable: bool = False) -> Generator[Postgres]:
    """A running cluster in a folder that is this process's; what dead ones left is cleared."""
    sweep("postgres", lambda folder: Postgres(folder).clear())
    folder = OwnedFolder("postgres")
    for path in (folder.path.parent, folder.path):
        path.chmod(0o711)  # user postgres passes through
    cluster = Postgres(folder.path, durable=durable)
    try:
        cluster.start()
        yield cluster
    finally:
        cluster.clear()
        folder.give_up()
