"""The host, started by hand with the files of the protocol: no worker, no shim."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from anyjob.run import RUN_FOLDER
from anyjob_java.classpath import ClassPath
from anyjob_java.launch import java_command
from anyjob_java.ours import ours, overlaid
from anyjob_jvm.homes import choose_home, find_homes


def host_command(java: str, class_path: Sequence[Path | str], folder: Path) -> list[str]:
    """What the executor starts for a class on this class path."""
    home, jars = choose_home(find_homes(), java), ours()
    entries = ClassPath([str(entry) for entry in class_path])
    overlay = overlaid(entries, jars.overlay, strict=False)[0]
    argv = java_command(str(home.java), home.feature, [], "utf-8", jars, overlay, entries.files)
    return [word.replace(RUN_FOLDER, str(folder)) for word in argv]


def start(folder: Path, name: str, facts: Mapping[str, Any]) -> dict[str, str]:
    """Write the message of a run of demo.NAME. Returns the environment of its process."""
    folder.mkdir(parents=True, exist_ok=True)
    whole = {"job": "demo", "job_type": "java", "phase": "PROCESS", "grace": 10, **facts}
    message = {"type": "start", "run": "aj-1-0-1", "facts": whole, "spec": {"className": f"demo.{name}"}}
    (folder / "start.json").write_text(json.dumps(message))
    return {"ANYJOB_APP": f"files:{folder}", "ANYJOB_MAP": f"{folder}/map", "LC_ALL": "C.UTF-8"}


def by_hand(
    java: str, class_path: Sequence[Path], folder: Path, name: str, facts: Mapping[str, Any], **env: str
) -> dict[str, Any]:
    """One run of demo.NAME: its outcome as the host wrote it, and what it printed, as `log`."""
    env = {**start(folder, name, facts), **env}
    done = subprocess.run(
        host_command(java, class_path, folder),
        env=env,
        cwd=folder,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        timeout=100,
    )
    said = json.loads((folder / "outcome.json").read_text())
    assert (said["type"], said["run"]) == ("result", "aj-1-0-1")
    assert done.returncode == 0
    return {**said["outcome"], "log": done.stdout.decode()}
