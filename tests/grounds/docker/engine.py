"""A Docker engine of our own: dockerd and its containerd below one folder, with nothing shared but the kernel.

It has no network beside `none` and `host`, writes no packet filter rules, reads no configuration of the machine, and
keeps its containers in a control group of its own, so that several run side by side and each can be cleared alone.
"""

from __future__ import annotations

import hashlib
import json
import os
import shutil
import signal
import subprocess
import time
from contextlib import contextmanager, suppress
from http.client import HTTPException
from pathlib import Path
from typing import TYPE_CHECKING, Self

from tests.grounds import remains
from tests.grounds.docker.images import EngineImages
from tests.grounds.docker.wire import call
from tests.grounds.images.archive import missing_busybox
from tests.grounds.owned import OwnedFolder, sweep

if TYPE_CHECKING:
    from collections.abc import Callable, Generator
    from types import TracebackType

    import docker

__all__ = ["Engine", "lent_engine", "missing"]

_MANY = 60.0
"""Seconds for a start or an end that other load draws out."""
_PROGRAMS = ("dockerd", "containerd", "containerd-shim-runc-v2", "containerd-shim", "runc", "docker-proxy")
_OURS = (
    "data",
    "exec",
    "containerd",
    "sock",
    "pid",
    "log",
    "containerd.log",
    "daemon.json",
    "containerd.toml",
    "owner",
)
_PATH = f"{os.environ.get('PATH', os.defpath)}:/usr/sbin:/sbin"  # where Debian puts dockerd, and no user's PATH has it


def missing() -> str:
    """What this machine lacks for an engine; empty when nothing."""
    if os.getuid():
        return "an engine of our own needs root"
    for program in ("dockerd", "containerd", "runc"):
        if not shutil.which(program, path=_PATH):
            return f"{program} is not installed (Debian: docker.io)"
    return missing_busybox()


class Engine:
    """The engine below `dir`. Made stopped; as a context manager it is running, and cleared in the end."""

    def __init__(self, folder: Path) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        self.dir = folder.resolve()
        self.group = f"anyjob-docker-{hashlib.sha256(os.fsencode(self.dir)).hexdigest()[:12]}"
        """The control group above all containers that ask for none."""
        self.sock = self.dir / "sock"
        self.images = EngineImages(self.sock)
        self._children: list[subprocess.Popen[bytes]] = []
        self._daemon = 0
        if len(os.fsencode(self.dir / "containerd" / "sock.ttrpc")) > 107:
            raise ValueError(f"{self.dir} is too long a path for Unix sockets in it: choose a shorter one")

    @property
    def url(self) -> str:
        """What DOCKER_HOST would say."""
        return f"unix://{self.sock}"

    def client(self, timeout: int = 60) -> docker.DockerClient:
        """A new client, whose calls may take that many seconds; close it, or use it as `with closing(...)`."""
        import docker

        return docker.DockerClient(base_url=self.url, version="auto", timeout=timeout)

    def start(self, *, live_restore: bool = False) -> None:
        """Start what is not running, and return when it answers. `live_restore` is for this life of the engine.

        Raises:
            RuntimeError: It ended, or does not answer; with the end of its log.
        """
        if not self._pids("containerd"):
            self._start_containerd()
        if self._pids("dockerd"):
            return
        (self.dir / "pid").unlink(missing_ok=True)  # its number may be another process's by now
        self.sock.unlink(missing_ok=True)  # so that none takes the old one for the new engine's
        (self.dir / "daemon.json").write_text("{}")
        words = ["dockerd", "--config-file", f"{self.dir}/daemon.json", "--data-root", f"{self.dir}/data"]
        words += ["--exec-root", f"{self.dir}/exec", "--pidfile", f"{self.dir}/pid", "--host", self.url]
        words += ["--containerd", f"{self.dir}/containerd/sock", "--cgroup-parent", f"/{self.group}"]
        words += ["--exec-opt", "native.cgroupdriver=cgroupfs", "--bridge=none", "--iptables=false"]
        words += ["--ip6tables=false", f"--live-restore={json.dumps(live_restore)}"]
        child = self._spawn(words, "log")
        self._daemon = child.pid
        self._await(child, "log", self._answers)

    def kill(self, sig: int = signal.SIGKILL) -> None:
        """Send the dockerd that this object started that signal, and return when it has ended.

        What runs in containers goes on after a SIGKILL, and with live-restore after a SIGTERM, too. The engine's
        containerd is another service, as on most machines, and goes on.
        """
        # It alone: what it forks looks the same until it has become runc or another program, or is gone.
        if self._daemon in self._pids("dockerd"):
            with suppress(ProcessLookupError):
                os.kill(self._daemon, sig)
        end = time.monotonic() + _MANY
        while self._pids("dockerd"):
            if time.monotonic() > end:
                raise TimeoutError(f"dockerd did not end: see {self.dir}/log")
            time.sleep(0.01)
        self._reap()

    def stop(self) -> None:
        """End the engine with all its containers at once: afterwards no process, mount or control group is left.

        Images and the containers' files stay for the next start.
        """
        remains.kill_all(lambda: self._pids(*_PROGRAMS))
        ours = {self.group, *self._containers()}
        remains.kill_all(lambda: [*self._pids(*_PROGRAMS), *remains.group_members(ours)])
        self._reap()
        for bundle in self.dir.glob("containerd/state/io.containerd.runtime.v2.task/moby/*/address"):
            Path(bundle.read_text().strip().removeprefix("unix://")).unlink(missing_ok=True)
        remains.unmount(self.dir)
        remains.remove_groups(ours)

    def clear(self) -> None:
        """Stop it and remove its files, and the folder unless it holds others'."""
        self.stop()
        for name in _OURS:
            path = self.dir / name
            if path.is_dir():
                shutil.rmtree(path)
            else:
                path.unlink(missing_ok=True)
        if not any(self.dir.iterdir()):
            self.dir.rmdir()

    def running(self) -> bool:
        """Whether dockerd lives."""
        return bool(self._pids("dockerd"))

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self.clear()

    def _containers(self) -> set[str]:
        """The ids of all containers, also of those in a group that they asked for."""
        kept, tasks = self.dir / "data" / "containers", "containerd/state/io.containerd.runtime.v2.task/moby/*"
        return {path.name for path in (*kept.glob("*"), *self.dir.glob(tasks))}

    def _pids(self, *names: str) -> list[int]:
        return remains.programs(self.dir, names)

    def _reap(self) -> None:
        self._children = [child for child in self._children if child.poll() is None]

    def _spawn(self, words: list[str], log: str) -> subprocess.Popen[bytes]:
        with open(self.dir / log, "ab") as out:  # a session of its own: Ctrl-C is for the tests, which then clear up
            child = subprocess.Popen(
                words, stdin=subprocess.DEVNULL, stdout=out, stderr=out, start_new_session=True, cwd=self.dir,
                env={"PATH": _PATH, "TMPDIR": str(self.dir / "exec"), "HOME": str(self.dir)},
            )  # fmt: skip
        self._children.append(child)
        return child

    def _start_containerd(self) -> None:
        top = self.dir / "containerd"
        for name in ("root", "state"):
            (top / name).mkdir(parents=True, exist_ok=True)
        (self.dir / "exec").mkdir(exist_ok=True)
        settings = self.dir / "containerd.toml"
        unwanted = ["grpc.v1.cri", *(f"snapshotter.v1.{name}" for name in ("aufs", "btrfs", "devmapper", "zfs"))]
        settings.write_text(
            f'version = 2\nroot = "{top}/root"\nstate = "{top}/state"\n'
            f"disabled_plugins = {json.dumps([f'io.containerd.{name}' for name in unwanted])}\n"
            f'[grpc]\naddress = "{top}/sock"\n[ttrpc]\naddress = "{top}/sock.ttrpc"\n'
        )
        (top / "sock").unlink(missing_ok=True)
        child = self._spawn(["containerd", "--config", str(settings)], "containerd.log")
        self._await(child, "containerd.log", (top / "sock").exists)

    def _answers(self) -> bool:
        try:
            return call(self.sock, "GET", "/_ping") == b"OK"
        except (OSError, HTTPException):
            return False

    def _await(self, child: subprocess.Popen[bytes], log: str, ready: Callable[[], bool]) -> None:
        end = time.monotonic() + _MANY
        while not ready():
            ended = child.poll()
            if ended is not None or time.monotonic() > end:
                said = (self.dir / log).read_text(errors="replace")[-2000:]
                how = f"does not answer after {_MANY:.0f} s" if ended is None else f"ended with {ended}"
                raise RuntimeError(f"{child.args} {how}; the end of its log:\n{said}")
            time.sleep(0.02)


def _clear(folder: Path) -> None:
    engine = Engine(folder)
    engine.clear()


@contextmanager
def lent_engine() -> Generator[Engine]:
    """A running engine with the busybox images in a folder that is this process's; what dead ones left is cleared."""
    sweep("docker", _clear)
    folder = OwnedFolder("docker")
    try:
        with Engine(folder.path) as engine:
            engine.images.need("busybox:test")
            yield engine
    finally:
        folder.give_up()
