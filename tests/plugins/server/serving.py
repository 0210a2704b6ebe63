"""`anyjob serve` as a process, in a folder of its own."""

from __future__ import annotations

import json
import os
import signal
import subprocess
from pathlib import Path
from types import TracebackType
from typing import Self

from tests.core.cli.program import Program

from anyjob_server.client.client import Client
from anyjob_server.client.target import Target

__all__ = ["Serving"]

KEY, SECRET = "tests", "a secret of the tests"[::-1].replace(" ", "-")


class Serving:
    """A server that is up as long as the block. `start` and `end` may be called in it, as often as one likes.

    Its first key is `key` with `secret`. As root its jobs run as root unless `settings` say otherwise: no other user
    comes through the folders of a test.
    """

    def __init__(self, folder: Path, settings: str | None = None) -> None:
        self.program = Program(folder)
        self.state = folder / "server"
        self.key, self.secret = KEY, SECRET
        self.program.environment |= {"ANYJOB_ACCESS_KEY_ID": KEY, "ANYJOB_ACCESS_KEY_SECRET": SECRET}
        self.settings = folder / "settings.toml"
        usual = '[server.users]\n"*" = "root"\n' if os.getuid() == 0 else ""
        self.settings.write_text(usual if settings is None else settings)
        self._told = folder / "serve.log"
        self._process: subprocess.Popen[bytes] | None = None
        self.url = ""

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        try:
            self.end()
        finally:
            self.program.clean()

    @property
    def address(self) -> str:
        """Host and port."""
        return self.url.removeprefix("http://")

    @property
    def pid(self) -> int:
        """Of the server that is up."""
        assert self._process is not None, "it is not up"
        return self._process.pid

    @property
    def log(self) -> str:
        """What it wrote to standard error so far, all its starts."""
        return self._told.read_text() if self._told.exists() else ""

    def start(self, *options: str) -> None:
        """Start it and wait until it says that it is ready. Later starts take the port of the first."""
        listen = self.address or "127.0.0.1:0"
        words = ["serve", "--json", "--listen", listen, "--state", str(self.state), "--config", str(self.settings)]
        with self._told.open("ab") as told:
            self._process = self.program.start(*words, *options, stderr=told.fileno())
        assert self._process.stdout is not None
        line = self._process.stdout.readline()
        if not line:
            self.end()
        assert line, f"serve ended at its start: {self.log}"
        self.url = json.loads(line)["url"]

    def client(self) -> Client:
        """The client of anyjob's own commands, with the first key."""
        return Client(Target(url=self.url, key=self.key, secret=self.secret))

    def end(self, number: int = signal.SIGTERM) -> int:
        """Send a signal and wait for the end; its exit status. Nothing where it is not up."""
        process, self._process = self._process, None
        if process is None:
            return 0
        process.send_signal(number)
        try:
            return self.program.finish(process).status
        except subprocess.TimeoutExpired:
            process.kill()
            process.communicate()
            raise
