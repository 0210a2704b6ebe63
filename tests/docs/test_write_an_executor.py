"""The walk through a first executor works as it stands there: every command, every change, every file."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
PAGE = (ROOT / "core/docs/write-an-executor.md").read_text()
BIN = Path(sys.executable).parent


def blocks() -> Iterator[tuple[str, str, str]]:
    """(what comes before, language, text) of every block, in order."""
    after = 0
    for found in re.finditer(r"^```(\w+)\n(.*?)^```$", PAGE, re.DOTALL | re.MULTILINE):
        yield PAGE[after : found.start()], found[1], found[2]
        after = found.end()


@pytest.mark.timeout(900)
def test_the_walk_works_as_it_is_written(tmp_path: Path) -> None:
    subprocess.run([BIN / "uv", "build", "-q", "--wheel", "--out-dir", tmp_path, ROOT / "core"], check=True)
    walk = tmp_path / "walk"
    walk.mkdir()
    env = {name: value for name, value in os.environ.items() if name not in {"VIRTUAL_ENV", "PYTHONPATH"}}
    env |= {
        # The one thing that a reader has and this test has not: an index with a released anyjob on it.
        "PIP_FIND_LINKS": str(tmp_path),
        "XDG_STATE_HOME": str(tmp_path / "state-home"),
        "PATH": f"{BIN}:{env['PATH']}",
    }

    def call(*words: str | Path, text: str | None = None) -> str:
        done = subprocess.run([*words], cwd=walk, env=env, input=text, capture_output=True, text=True)
        assert done.returncode == 0, f"{words}: {done.returncode}\n{done.stdout}\n{done.stderr}"
        return done.stdout

    said: dict[str, str] = {}
    for before, language, text in blocks():
        match language:
            case "sh":
                for command in text.splitlines():
                    said[command.removeprefix(".venv/bin/")] = call("bash", "-euc", command)
            case "diff":
                call("git", "apply", "-p0", "-", text=text)
            case "yaml":
                (name,) = re.findall(r"in `([\w.]+)`:\s*\Z", before)
                (walk / name).write_text(text)
            case other:
                raise AssertionError(f"a block of {other} is run by nobody")

    assert said["anyjob run probe/examples/hello.yaml"] == "hello from hello\n"
    assert '"expect"' in said["anyjob schema probe"]
    assert "\nGrade A\n  probe of anyjob-probe 0.1.0: all " in said["anyjob check-executor probe"]
    assert "anyjob-probe 0.1.0" in said["anyjob plugins"]
    assert "probe of anyjob-probe 0.1.0" in said["anyjob explain kernel.yaml"]
    assert said["anyjob run kernel.yaml"] == "Linux\n"
    installed = call(walk / ".venv/bin/python", "-c", "import anyjob_probe; print(anyjob_probe.__file__)")
    assert str(walk / ".venv") in installed, "the wheel is what ran"
