"""A page's commands, run one after the other by a reader who types what stands there."""

from __future__ import annotations

import os
import re
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from tests.docs.fences import ROOT, Fence, fences
from tests.docs.rules import follows_commands

__all__ = ["Walk", "walk"]

_BIN = Path(sys.executable).parent
_OURS = re.compile(r"ANYJOB_|VIRTUAL_ENV\Z|PYTHONPATH\Z|XDG_STATE_HOME\Z")


@dataclass
class Walk:
    """A reader in a folder that shows the tree from its root, `.venv` included, and holds a copy of the page's
    `examples`. Nothing of this test's own surroundings reaches what he types but the PATH. A server of his is found by
    its state folder, listens on a free port, and runs jobs as he is.

    `replace`: text that is different where a test runs, as a port. `env`: variables beside the usual ones.
    """

    page: str
    folder: Path
    replace: Mapping[str, str] = field(default_factory=dict[str, str])
    env: Mapping[str, str] = field(default_factory=dict[str, str])
    behind: list[subprocess.Popen[bytes]] = field(default_factory=list[subprocess.Popen[bytes]])
    said: str = ""

    def prepare(self) -> None:
        """Lay out the folder."""
        self.folder.mkdir(parents=True, exist_ok=True)
        for entry in ("core", "executors", "plugins", "contrib", "tests"):
            (self.folder / entry).symlink_to(ROOT / entry)
        (self.folder / ".venv").symlink_to(_BIN.parent)
        served = self.folder / "state" / "anyjob" / "server"
        served.mkdir(parents=True)
        users = 'users = {"*" = "root"}\n' if os.getuid() == 0 else ""
        (served / "anyjob.toml").write_text(f'[server]\nlisten = "127.0.0.1:0"\n{users}')
        for above in (ROOT / self.page).parents:
            if (above / "examples").is_dir():
                shutil.copytree(above / "examples", self.folder / "examples")
                for file in (self.folder / "examples").iterdir():
                    if file.is_file():
                        file.write_text(self.here(file.read_text()))
                break

    def here(self, text: str) -> str:
        """The text as it has to be in this place."""
        for usual, other in self.replace.items():
            text = text.replace(usual, other)
        return text

    def take(self, fence: Fence) -> None:
        """Run a block of commands, compare what it shows, or write the file that it is."""
        if fence.language == "sh":
            self.run(fence)
        elif follows_commands(fence):
            self.compare(fence)
        elif fence.language == "diff":
            self.call(fence, ["git", "apply", "-p0", "-"], self.here(fence.text))
        elif fence.file:
            (self.folder / fence.file).parent.mkdir(parents=True, exist_ok=True)
            (self.folder / fence.file).write_text(self.here(fence.text))

    def run(self, fence: Fence) -> None:
        argv = ["bash", "-euo", "pipefail", "-c", self.here(fence.text)]
        until = fence.mark("until")
        if until is None:
            self.call(fence, argv)
            return
        log = self.folder / f"behind-{fence.line}.log"
        with log.open("wb") as out:
            made = subprocess.Popen(
                argv, cwd=self.folder, env=self.variables(), stdout=out, stderr=out, start_new_session=True
            )
        self.behind.append(made)
        end = time.monotonic() + 60
        while until not in log.read_text(errors="replace"):
            over = made.poll() is not None or time.monotonic() > end
            assert not over, f"{fence.place}: never said {until!r}:\n{log.read_text(errors='replace')}"
            time.sleep(0.02)
        self.said = log.read_text(errors="replace")

    def call(self, fence: Fence, argv: list[str], text: str | None = None) -> None:
        done = subprocess.run(
            argv, cwd=self.folder, env=self.variables(), input=text or "", text=True, errors="replace", timeout=300,
            capture_output=True,
        )  # fmt: skip
        self.said = f"{done.stdout.rstrip()}\n{done.stderr}"
        expected = int(fence.mark("exit") or 0)
        assert done.returncode == expected, f"{fence.place}: exit status {done.returncode}\n{fence.text}{self.said}"

    def compare(self, fence: Fence) -> None:
        """Every line was shown, but for numbers with a decimal point; `...` stands for lines that are left out."""
        said = self.said.splitlines()
        for line in self.here(fence.text).splitlines():
            pattern = re.sub(r"\d+\\\.\d+", r"[0-9.]+", re.escape(line.rstrip()))
            pattern = pattern.replace(re.escape("..."), ".*")
            shown = any(re.fullmatch(pattern, one.rstrip()) for one in said)
            assert shown or line.strip() == "...", f"{fence.place}: nothing shows the line {line!r}:\n{self.said}"

    def variables(self) -> dict[str, str]:
        kept = {name: value for name, value in os.environ.items() if not _OURS.match(name)}
        own = {"PATH": f"{_BIN}:{kept['PATH']}", "XDG_STATE_HOME": str(self.folder / "state"), "PYTHONWARNINGS": ""}
        return {**kept, **own, **self.env}

    def close(self) -> None:
        """End what goes on, in the order of its beginning backwards."""
        for made in reversed(self.behind):
            os.killpg(made.pid, signal.SIGTERM)
            try:
                made.wait(30)
            except subprocess.TimeoutExpired:
                os.killpg(made.pid, signal.SIGKILL)
                made.wait()
                raise


def walk(
    page: str, folder: Path, *, replace: Mapping[str, str] | None = None, env: Mapping[str, str] | None = None
) -> Walk:
    """Type all commands of a page, write the files that it shows, and compare what it says is shown."""
    made = Walk(page, folder, replace or {}, env or {})
    made.prepare()
    try:
        for fence in fences(page):
            if fence.mark("shown") is None:
                made.take(fence)
    finally:
        made.close()
    return made
