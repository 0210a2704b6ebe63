"""The walk through a first executor works as it stands there: every command, every change, every file."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest
from tests.docs.fences import ROOT, fences

BIN = Path(sys.executable).parent


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
    for fence in fences("core/docs/write-an-executor.md"):
        match fence.language:
            case "sh":
                for command in fence.text.splitlines():
                    said[command.removeprefix(".venv/bin/")] = call("bash", "-euc", command)
            case "diff":
                call("git", "apply", "-p0", "-", text=fence.text)
            case "yaml":
                assert fence.file is not None
                (walk / fence.file).write_text(fence.text)
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
