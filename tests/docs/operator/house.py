"""A machine for the operator's pages: their paths lie in a folder of the test, `systemctl` keeps to the page's unit."""

from __future__ import annotations

import os
import re
import signal
import subprocess
import sys
import time
from pathlib import Path

from tests.core.cli.program import Program, gone, until
from tests.docs.operator.pages import Block, blocks, usual

from anyjob_server.client.client import Client
from anyjob_server.client.target import find_target

__all__ = ["House"]

BIN = Path(sys.executable).parent

SYSTEMCTL = """#!/bin/bash
# What systemd does with the unit: KillMode=process ends the main process alone.
start() {
    rm -f {run}/ready
    {exec} > {run}/ready 2>> {run}/journal & echo $! > {run}/pid
    until test -s {run}/ready; do sleep 0.05; kill -0 $(cat {run}/pid) || { cat {run}/journal >&2; exit 1; }; done
}
stop() { kill -$1 $(cat {run}/pid); while kill -0 $(cat {run}/pid) 2> /dev/null; do sleep 0.05; done; }
case "$1 $2" in
    "start anyjob") start ;;
    "stop anyjob") stop TERM ;;
    "restart anyjob") stop TERM; start ;;
    "kill --signal=KILL") stop KILL ;;
    *) echo "systemctl $*: nobody here does that" >&2; exit 1 ;;
esac
"""


class House:
    """Commands find its `anyjob`, its state folder and its settings without being told."""

    def __init__(self, folder: Path, settings: str = "") -> None:
        """`settings`: further lines of `[server]`."""
        self.program = Program(folder)
        self.folder, self.run = folder, folder / "run"
        self.state = folder / "state" / "anyjob" / "server"
        for path in (self.run, folder / "etc", folder / "bin", folder / "backups"):
            path.mkdir()
        self.settings = folder / "etc" / "anyjob.toml"
        users = 'users = {"*" = "root"}\n' if os.getuid() == 0 else ""
        self.settings.write_text(f'[server]\nlisten = "127.0.0.1:0"\n{users}{settings}')
        (unit,) = [block.text for block in blocks("operate.md") if block.language == "ini"]
        (words,) = re.findall(r"^ExecStart=(.*)$", unit, re.MULTILINE)
        assert "\nKillMode=process\n" in unit
        script = SYSTEMCTL.replace("{exec}", self.here(words)).replace("{run}", str(self.run))
        (folder / "bin" / "systemctl").write_text(script)
        (folder / "bin" / "systemctl").chmod(0o755)
        self.environment = self.program.environment | {
            "PATH": f"{folder / 'bin'}:{BIN}:{os.environ['PATH']}",
            "ANYJOB_CONFIG": str(self.settings),
            "TZ": "UTC",
        }

    def here(self, text: str) -> str:
        """The page's paths become the test's."""
        for there, ours in self._places:
            text = text.replace(there, str(ours))
        return text

    def there(self, text: str) -> str:
        """The other way round."""
        for there, ours in self._places:
            text = text.replace(str(ours), there)
        return text

    @property
    def _places(self) -> list[tuple[str, Path]]:
        return [
            ("/opt/anyjob/bin", BIN),
            ("/var/lib/anyjob/server", self.state),
            ("/var/backups/anyjob", self.folder / "backups"),
            ("/etc/anyjob", self.folder / "etc"),
        ]

    def call(self, commands: str, *, expect: int | None = 0) -> str:
        """Commands of a page, as its reader types them; what they print, in the page's words."""
        done = subprocess.run(
            ["bash", "-c", self.here(commands)],
            cwd=self.folder, env=self.environment, capture_output=True, text=True, timeout=120,
        )  # fmt: skip
        said = self.there(done.stdout + done.stderr)
        assert expect in (None, done.returncode), f"{commands}: {done.returncode}\n{said}"
        return said

    def follow(self, block: Block, **words: object) -> None:
        """A block does what the page says: its output is the page's, and its exit status the mark's (`exit 1`)."""
        text = block.text
        for word, value in words.items():
            text = text.replace(word, str(value))
        status = re.search(r"exit (\d+)", block.mark)
        said = self.call(text, expect=None if block.mark.startswith("exit any") else int(status[1]) if status else 0)
        if block.output:
            assert usual(said) == usual(block.output), f"{text}\nprints\n{said}\nand not\n{block.output}"

    def serve(self, *options: str) -> str:
        """`anyjob serve` in a terminal; the line that it prints, in the page's words."""
        with (self.run / "journal").open("ab") as journal:
            process = subprocess.Popen(
                [sys.executable, "-m", "anyjob", "serve", *options],
                env=self.environment, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=journal,
            )  # fmt: skip
        (self.run / "pid").write_text(str(process.pid))
        assert process.stdout is not None
        self._process = process
        line = process.stdout.readline().decode()
        process.stdout.close()
        assert line, self.journal
        return self.there(line)

    def end_by_hand(self) -> None:
        """Ctrl-C."""
        self._process.send_signal(signal.SIGINT)
        assert self._process.wait(30) == 0

    @property
    def pid(self) -> int:
        return int((self.run / "pid").read_text())

    @property
    def journal(self) -> str:
        """What the server wrote to standard error."""
        return (self.run / "journal").read_text()

    @property
    def url(self) -> str:
        """Of the server that runs."""
        return find_target(self.state, environment={}).url

    def client(self) -> Client:
        """Of the server that runs."""
        return Client(find_target(self.state, environment={}))

    def until_ended(self, instance: int) -> None:
        with self.client() as client:
            until(lambda: client.instance(instance).status.finished, f"the end of {instance}")

    def clean(self) -> None:
        """Nothing goes on."""
        if (self.run / "pid").exists() and not gone(self.pid):
            os.kill(self.pid, signal.SIGTERM)
            end = time.monotonic() + 10
            while not gone(self.pid) and time.monotonic() < end:
                time.sleep(0.02)
            if not gone(self.pid):
                os.kill(self.pid, signal.SIGKILL)
        self.program.clean()
