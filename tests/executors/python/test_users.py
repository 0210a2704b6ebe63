"""Runs as another user than the worker's: what is installed for them is theirs, and they may be warm, too."""

from __future__ import annotations

import os
import pwd
import shutil
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from tests.executors.python.runs import Python, wheel

from anyjob.outcome import Cause
from anyjob.worker.settings import WorkerSettings

pytestmark = pytest.mark.needs("root")

_USERS = WorkerSettings(users={"*": ["nobody"]})
_PATH = {"PATH": "/usr/local/bin:/usr/bin:/bin"}  # a system's interpreter: that of the tests may lie in root's home


@pytest.fixture
def open_folder() -> Iterator[Path]:
    """A folder to which every user can pass; pytest's own is closed to all but the one who runs it."""
    with tempfile.TemporaryDirectory() as folder:
        os.chmod(folder, 0o711)
        yield Path(folder)


def settings(folder: Path) -> dict[str, Any]:
    """With a uv and wheels that everybody can read."""
    wheels, uv = folder / "wheels", folder / "uv"
    wheel(wheels, "spam")
    shutil.copy(Path(sys.executable).parent / "uv", uv)
    return {"uv": str(uv), "find_links": [str(wheels)], "no_index": True, "cache": str(folder / "of the worker")}


def test_environments_of_another_user_are_that_users_own(open_folder: Path) -> None:
    theirs = open_folder / "theirs"
    theirs.mkdir()
    nobody = pwd.getpwnam("nobody")
    os.chown(theirs, nobody.pw_uid, nobody.pw_gid)
    python = Python(open_folder / "rig", **settings(open_folder))
    with python.rig:
        os.chmod(open_folder / "rig", 0o711)
        env = {**_PATH, "XDG_CACHE_HOME": str(theirs)}
        script = "import os, spam\nprint(os.getuid(), spam.VERSION)"
        job = python.job(script, user="nobody", requirements=["spam"], env=env)
        for _ in range(2):
            got = python.run(job, settings=_USERS)
            assert got.outcome.result == f"{nobody.pw_uid} 1.0", got.said
        (made,) = [path for path in (theirs / "anyjob/python/envs").iterdir() if not path.name.startswith(".")]
        assert made.stat().st_uid == nobody.pw_uid
    assert not (open_folder / "of the worker").exists()


def test_a_user_without_a_place_for_them_is_told(open_folder: Path) -> None:
    python = Python(open_folder / "rig", **settings(open_folder))
    with python.rig:
        os.chmod(open_folder / "rig", 0o711)
        env = {**_PATH, "XDG_CACHE_HOME": "/proc/no/such"}
        got = python.run(python.job("print(1)", user="nobody", requirements=["spam"], env=env), settings=_USERS)
        assert got.outcome.cause is Cause.DEPENDENCY_MISSING, got.said
        assert "the folder of environments cannot be used" in got.outcome.result
        assert "/proc/no" in got.outcome.result


def test_the_helper_is_there_for_every_user(open_folder: Path) -> None:
    for warm in (False, True):
        python = Python(open_folder / f"rig {warm}", warm=warm)
        with python.rig:
            os.chmod(open_folder / f"rig {warm}", 0o711)
            script = "import anyjob_job, os\nanyjob_job.result({'uid': os.getuid()})\nprint(anyjob_job.attempt)"
            got = python.run(python.job(script, user="nobody", env=_PATH), settings=_USERS)
            assert got.outcome.cause is Cause.SUCCEEDED, got.said
            assert got.outcome.outputs == {"uid": pwd.getpwnam("nobody").pw_uid}
