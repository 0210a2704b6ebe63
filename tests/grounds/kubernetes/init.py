"""The first process of a cluster's own space: makes the mounts in it, then takes in what loses its parent.

It is number 1 there: when it is killed, the kernel kills everything else in the space, and the mounts, the network
interfaces and the pods' network namespaces go with that. Nothing that a cluster mounts is ever seen outside.
"""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from pathlib import Path

__all__ = ["SYSCTLS", "main"]

SYSCTLS = (
    "vm/overcommit_memory",
    "vm/panic_on_oom",
    "kernel/panic",
    "kernel/panic_on_oops",
    "kernel/keys/root_maxkeys",
    "kernel/keys/root_maxbytes",
)
"""What a kubelet sets for the whole machine. Here it sets files that lie over them."""


def _mount(*argv: str) -> None:
    done = subprocess.run(["mount", *argv], capture_output=True, text=True, check=False)
    if done.returncode:
        raise SystemExit(f"mount {' '.join(argv)}: {done.stderr.strip()}")


def _cover(folder: Path) -> None:
    # A copy of another's network namespace here would keep its interfaces alive until this space ends.
    subprocess.run(["umount", "--all", "--types", "nsfs"], capture_output=True, check=False)
    _mount("-t", "proc", "proc", "/proc")
    for name in SYSCTLS:
        real, own = Path("/proc/sys", name), folder / "sysctls" / name
        own.parent.mkdir(parents=True, exist_ok=True)
        own.write_text(real.read_text())
        _mount("--bind", str(own), str(real))
    # Places that no option moves: shims and CNI use /run, device plugins, CNI and pod logs /var/lib and /var/log.
    for name in ("run", "var", "var-work"):
        (folder / name).mkdir()
    _mount(
        "-t",
        "overlay",
        "overlay",
        "-o",
        f"lowerdir=/var,upperdir={folder / 'var'},workdir={folder / 'var-work'}",
        "/var",
    )
    _mount("--bind", str(folder / "run"), "/run")


def main(folder: Path) -> None:
    """Never returns. Says "ready" on stdout once the mounts are there."""
    signal.signal(signal.SIGCHLD, signal.SIG_DFL)
    _cover(folder)
    signal.signal(signal.SIGCHLD, signal.SIG_IGN)  # so the kernel reaps what ends
    os.write(1, b"ready\n")
    while True:
        signal.pause()


if __name__ == "__main__":
    main(Path(sys.argv[1]))
