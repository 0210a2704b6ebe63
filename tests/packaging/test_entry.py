"""The wheel of the docker plugin carries its entry helper, built from the source in the tree; without a compiler it is
built all the same."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

from anyjob_docker.recipe import SOURCE, file_name

ROOT = Path(__file__).parents[2]
MEMBER = ROOT / "plugins" / "docker"
UV = str(Path(sys.executable).with_name("uv"))


def wheel(folder: Path, path: str) -> Path:
    """Built as it is published, with `path` to look for a compiler."""
    build = [UV, "build", "-q", "--wheel", "--python", sys.executable, "--out-dir", str(folder), str(MEMBER)]
    done = subprocess.run(build, env=os.environ | {"PATH": path}, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    (made,) = folder.glob("*.whl")
    return made


@pytest.mark.needs("cc")
def test_a_wheel_carries_the_entry_helper(tmp_path: Path) -> None:
    made = wheel(tmp_path, os.environ["PATH"])
    assert made.name.endswith("-py3-none-any.whl")
    name = f"anyjob_docker/entry/{file_name(MEMBER / 'src' / 'anyjob_docker' / SOURCE)}"
    with zipfile.ZipFile(made) as archive:
        data = archive.read(name)
    helper = tmp_path / "entry"
    helper.write_bytes(data)
    helper.chmod(0o755)
    assert data.startswith(b"\x7fELF")
    assert len(data) < 20_000
    for file, text in {"order": "kill\0GREETING=hi\0", "log": "", "status": ""}.items():
        (tmp_path / file).write_text(text)
    words = [str(helper), str(tmp_path), "sh", "-c", 'echo "$GREETING"; echo err >&2; exit 5']
    done = subprocess.run(words, env={"GREETING": "no", "PATH": os.environ["PATH"]}, capture_output=True)
    assert (done.returncode, done.stdout, done.stderr) == (5, b"", b"")
    assert (tmp_path / "log").read_text() == "hi\nerr\n"
    lines = (tmp_path / "status").read_text().splitlines()
    assert [line.split()[0] for line in lines[:3]] == ["up", "began", "exit"]
    nowhere = subprocess.run([str(helper), str(tmp_path / "no"), "true"], capture_output=True)
    assert nowhere.returncode == 125
    assert b"order cannot be used" in nowhere.stderr or b"status cannot be used" in nowhere.stderr


def test_a_wheel_is_built_without_a_compiler(tmp_path: Path) -> None:
    assert shutil.which("cc", path=str(tmp_path)) is None
    made = wheel(tmp_path, str(tmp_path))
    with zipfile.ZipFile(made) as archive:
        names = archive.namelist()
    assert "anyjob_docker/entry/entry.c" in names  # to build it at first use
    assert not [name for name in names if name.startswith("anyjob_docker/entry/entry-")]
