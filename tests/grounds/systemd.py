"""A machine under a real systemd: process 1 of a process namespace of its own, with its own cgroup v2 tree and root.

Of this machine it has the programs, read-only, and the network. It has its own /etc, /var, /run, /tmp and /dev, all in
memory; the kernel's settings (/proc/sys) are read-only to it, so its start changes nothing here. By hand:
`python -m tests.grounds.systemd` is a shell in it, and takes it down at the shell's end.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import time
from collections.abc import Generator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Final

from tests.grounds import remains
from tests.grounds.owned import OwnedFolder, sweep

from anyjob.worker.shim.mounts import own_groups

__all__ = ["Systemd", "lent_systemd", "missing"]

_ROOT: Final = Path(__file__).parents[2]
_INIT: Final = Path("/lib/systemd/systemd")
_MANY: Final = 60.0
"""Seconds for a start that other load draws out."""
_MAKE: Final = r"""
set -e
root=$1; shift
mount -t tmpfs -o mode=755 none "$root"
for each in usr proc sys dev run var/lib opt etc/systemd/system; do mkdir -p "$root/$each"; done
for each in bin sbin lib lib32 lib64 libx32; do [ -L /$each ] && cp -P /$each "$root/$each"; done
mkdir -m 1777 "$root/tmp"
for each in /usr "$@"; do
    mkdir -p "$root$each"
    mount --bind "$each" "$root$each"
    mount -o remount,bind,ro "$root$each"
done
mount -t proc proc "$root/proc"
mount --bind "$root/proc/sys" "$root/proc/sys"
mount -o remount,bind,ro "$root/proc/sys"
mount -t sysfs -o ro sysfs "$root/sys"
mount -t cgroup2 cgroup2 "$root/sys/fs/cgroup"
mount -t tmpfs -o mode=755 none "$root/dev"
mkdir "$root/dev/pts" "$root/dev/shm"
mount -t devpts -o newinstance,ptmxmode=666 devpts "$root/dev/pts"
ln -s pts/ptmx "$root/dev/ptmx"
ln -s /proc/self/fd "$root/dev/fd"
mknod -m 666 "$root/dev/null" c 1 3; mknod -m 666 "$root/dev/zero" c 1 5; mknod -m 666 "$root/dev/full" c 1 7
mknod -m 666 "$root/dev/random" c 1 8; mknod -m 666 "$root/dev/urandom" c 1 9; mknod -m 666 "$root/dev/tty" c 5 0
for each in passwd group nsswitch.conf ld.so.cache localtime alternatives; do
    [ -e /etc/$each ] && cp -a /etc/$each "$root/etc/"
done
echo 0123456789abcdef0123456789abcdef > "$root/etc/machine-id"
exec chroot "$root" /lib/systemd/systemd --log-target=journal --unit=basic.target
"""
_ENTER: Final = r"""echo $$ > "$1/cgroup.procs"; shift; exec "$@" """


def missing() -> str:
    """Why there can be none here; empty: there can."""
    if os.getuid():
        return "a systemd of our own needs root"
    if not _INIT.exists():
        return "systemd is not installed (Debian: systemd)"
    return "" if "" in own_groups() else "no cgroup v2 is mounted"


class Systemd:
    """The machine whose root is below `folder`, made stopped."""

    def __init__(self, folder: Path) -> None:
        self.dir = folder.resolve()
        self.root = self.dir / "root"
        """Its root, for `call`; from outside nothing is to be seen there."""
        self._name = f"anyjob-{self.dir.name}"
        self._child: subprocess.Popen[bytes] | None = None
        self._init = 0

    def start(self) -> None:
        """Start it, and return when systemd has come to its target.

        Raises:
            TimeoutError: It has not, with what it said.
        """
        self.root.mkdir(exist_ok=True)
        group = Path(own_groups()[""]) / self._name
        group.mkdir()
        seen = dict.fromkeys(str(path) for path in (_ROOT, sys.prefix, sys.base_prefix) if not _below_usr(path))
        with (self.dir / "log").open("ab") as log:
            self._child = subprocess.Popen(
                [
                    *("sh", "-c", _ENTER, "sh", str(group), "setpriv", "--pdeathsig", "KILL", "--"),
                    *("unshare", "--cgroup", "--mount", "--pid", "--ipc", "--uts", "--fork", "--kill-child"),
                    *("--propagation", "private", "--", "sh", "-c", _MAKE, "sh", str(self.root), *seen),
                ],
                env={"PATH": "/usr/sbin:/usr/bin:/sbin:/bin", "container": "anyjob"},
                stdin=subprocess.DEVNULL, stdout=log, stderr=log,
            )  # fmt: skip
        end = time.monotonic() + _MANY
        while (said := self._state()) not in ("running", "degraded"):
            if time.monotonic() > end or self._child.poll() is not None:
                raise TimeoutError(f"systemd: {said}\n{(self.dir / 'log').read_text()}")
            time.sleep(0.05)

    def call(self, *words: str, env: Mapping[str, str] | None = None, code: int | None = 0) -> str:
        """A command in it, as root; what it prints, errors too.

        Raises:
            AssertionError: Its exit status is not `code` (None: any).
        """
        done = subprocess.run(
            self.words(*words), capture_output=True, text=True, check=False, timeout=_MANY,
            env={"PATH": "/usr/sbin:/usr/bin:/sbin:/bin", "LC_ALL": "C.UTF-8", **(env or {})},
        )  # fmt: skip
        said = done.stdout + done.stderr
        assert code in (None, done.returncode), f"{' '.join(words)}: {done.returncode}\n{said}"
        return said

    def words(self, *words: str) -> list[str]:
        """The command line outside that runs one in it."""
        return [
            "nsenter",
            f"--target={self._init}",
            "--mount",
            "--pid",
            "--cgroup",
            "--",
            "chroot",
            str(self.root),
            *words,
        ]

    def write(self, path: str, text: str) -> None:
        """A file in it."""
        subprocess.run(
            self.words("sh", "-c", 'mkdir -p "${1%/*}"; cat > "$1"', "sh", path), input=text, text=True, check=True
        )

    def seen(self, path: str) -> Path:
        """A path in it, as it is reached from outside while it runs."""
        return Path(f"/proc/{self._init}/root{path}")

    def clear(self) -> None:
        """Leave nothing of it, whatever state it is in."""
        if self._child is not None:
            self._child.kill()
            self._child.wait()
            self._child = None
        remains.kill_all(lambda: remains.group_members({self._name}))
        remains.remove_groups({self._name})
        shutil.rmtree(self.dir, ignore_errors=True)

    def _state(self) -> str:
        assert self._child is not None
        children = Path(f"/proc/{self._child.pid}/task/{self._child.pid}/children")
        try:
            (self._init,) = map(int, children.read_text().split())
        except (OSError, ValueError):
            return "has not begun"
        return self.call("systemctl", "is-system-running", code=None).strip()


def _below_usr(path: object) -> bool:
    return Path(str(path)).resolve().is_relative_to("/usr")


@contextmanager
def lent_systemd() -> Generator[Systemd]:
    """One that runs, in a folder that is this process's; what dead ones left is cleared."""
    sweep("systemd", lambda folder: Systemd(folder).clear())
    folder = OwnedFolder("systemd")
    made = Systemd(folder.path)
    try:
        made.start()
        yield made
    finally:
        made.clear()
        folder.give_up()


if __name__ == "__main__":
    if why := missing():
        sys.exit(why)
    with lent_systemd() as machine:
        subprocess.run(machine.words("bash"), check=False)
