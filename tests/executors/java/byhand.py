"""The host, started by hand with the files of the protocol, or a socket of ours: no worker, no shim."""

from __future__ import annotations

import json
import os
import socket
import subprocess
import tempfile
from collections.abc import Mapping, Sequence
from pathlib import Path
from types import TracebackType
from typing import Any, Self

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


class Peer:
    """A shared JVM, and the socket on which it takes this for its worker."""

    def __init__(self, folder: Path, argv: Sequence[str]) -> None:
        # A socket's path has no more than 108 bytes.
        self._at = tempfile.TemporaryDirectory(prefix="peer-")
        path = f"{self._at.name}/sock"
        listener = socket.socket(socket.AF_UNIX)
        listener.settimeout(60)
        listener.bind(path)
        listener.listen(1)
        env = {"ANYJOB_APP": f"unix:{path}", "ANYJOB_APP_TOKEN": "token", "PATH": os.defpath}
        self._process = subprocess.Popen(argv, env=env, cwd=folder, stdout=subprocess.DEVNULL)
        self._connection, _ = listener.accept()
        listener.close()
        self._connection.settimeout(60)
        self._lines = self._connection.makefile("rb")
        assert self.hear()["type"] == "hello"
        self.say(type="welcome", protocol=1, line=16 << 20, node="test", group="")

    def hear(self) -> dict[str, Any]:
        """What it says next."""
        return json.loads(self._lines.readline())

    def say(self, **message: Any) -> None:
        self._connection.sendall(json.dumps(message).encode() + b"\n")

    def run(self, run: str, name: str, **facts: Any) -> list[dict[str, Any]]:
        """What it says of a run of demo.NAME up to its result; what it asks is granted."""
        whole = {"job": "demo", "job_type": "java", "phase": "PROCESS", "grace": 10, **facts}
        self.say(type="start", id=1, run=run, name="", facts=whole, spec={"className": f"demo.{name}"}, secrets={})
        said: list[dict[str, Any]] = []
        while not said or said[-1]["type"] != "result":
            said.append(self.hear())
            if "id" in said[-1]:
                self.say(type="ok", re=said[-1]["id"])
        return said

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self._process.kill()
        self._process.wait()
        self._lines.close()
        self._connection.close()
        self._at.cleanup()
