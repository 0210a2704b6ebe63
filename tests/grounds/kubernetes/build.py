"""The binary with everything that Kubernetes is here: built once from Go modules, and kept by its content."""

from __future__ import annotations

import fcntl
import hashlib
import os
import shutil
import subprocess
import sys
from pathlib import Path

from tests.grounds.cache import cache

__all__ = ["BuildFailed", "build", "find_go", "no_binary"]

_SOURCES = Path(__file__).parent / "binary"
_STAMP = "k8s.io/component-base/version"
_STAMPS = {
    "gitVersion": "v1.34.4",  # unstamped, a cluster reports a version that clients cannot parse
    "gitMajor": "1",
    "gitMinor": "34",
    "gitTreeState": "clean",
    "gitCommit": "unknown",
    "buildDate": "1970-01-01T00:00:00Z",
}
_OPTIONS = [
    "-gcflags=all=-dwarf=false",  # spares work that -s -w would throw away
    "-tags=grpcnotrace kubelet kubectl",
    "-ldflags=-s -w " + " ".join(f"-X {_STAMP}.{name}={value}" for name, value in _STAMPS.items()),
]
_SETTINGS = {
    "CGO_ENABLED": "0",
    "GOFLAGS": "-buildvcs=false -trimpath -mod=readonly",
    "GOTOOLCHAIN": "local",
    "GOWORK": "off",
}


class BuildFailed(Exception):
    """There is no Go, or it refused."""


def find_go() -> str | None:
    """The command `go`: of the PATH, else where its own installation puts it."""
    return shutil.which("go") or shutil.which("/usr/local/go/bin/go")


def _sources_key() -> str:
    made = hashlib.sha256(repr((_OPTIONS, sorted(_SETTINGS.items()))).encode())
    for file in sorted(_SOURCES.iterdir()):
        if file.name in ("go.mod", "go.sum") or file.suffix == ".go":
            content = file.read_bytes()
            made.update(f"{file.name} {len(content)}\n".encode() + content)
    return made.hexdigest()[:16]


def _version(go: str) -> str:
    asked = subprocess.run([go, "env", "GOVERSION"], capture_output=True, text=True, check=True, env=_environment())
    return asked.stdout.strip()


def _environment() -> dict[str, str]:
    # GOGC is the compiler's own here: fewer collections make a cold build a third shorter.
    return os.environ | _SETTINGS | {"GOGC": "400"}


def _binary(go: str | None) -> Path:
    """Where the binary of these sources is, or will be: without a Go, whichever there is."""
    folder, name = cache("kubernetes"), f"kubetest-{_sources_key()}"
    if go:
        return folder / f"{name}-{_version(go)}"
    return next(
        (one for one in sorted(folder.glob(f"{name}-go*")) if one.suffix not in (".lock", ".fresh")), folder / name
    )


def no_binary() -> str:
    """Why no test can have a cluster yet; empty when there is a binary. A test's time would not do for a build."""
    if _binary(find_go()).exists():
        return ""
    return "Kubernetes has not been built here: `python -m tests.grounds.kubernetes build`, once, about 7 minutes"


def build() -> Path:
    """The binary, built first where it has not been: about 7 minutes on 2 cores, 2.5 GB of memory, 4 GB of disk.

    Safe when several ask at once: one builds, the others wait for it.

    Raises:
        BuildFailed: With what Go said.
    """
    go = find_go()
    binary = _binary(go)
    if binary.exists():
        return binary
    if go is None:
        raise BuildFailed("there is no go on the PATH and none in /usr/local/go/bin, and no binary from before")
    with binary.with_name(f"{binary.name}.lock").open("w") as lock:
        if _held(lock.fileno()):
            _say(f"waiting for the process that builds {binary}")
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not binary.exists():
            _say(f"building {binary}: once for these sources, about 7 minutes where nothing of it was ever built")
            _run(go, binary)
    return binary


def _run(go: str, binary: Path) -> None:
    fresh = binary.with_name(f"{binary.name}.fresh")
    argv = ["nice", go, "build", *_OPTIONS, "-o", str(fresh), "."]
    done = subprocess.run(argv, cwd=_SOURCES, env=_environment(), stderr=subprocess.PIPE, text=True, check=False)
    if done.returncode:
        raise BuildFailed(f"go build in {_SOURCES} failed:\n{done.stderr[-4000:]}")
    fresh.rename(binary)


def _held(handle: int) -> bool:
    try:
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return True
    return False


def _say(line: str) -> None:
    print(line, file=sys.stderr, flush=True)
