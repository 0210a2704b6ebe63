"""The process that has a cluster's space, ends it with its owner, and clears what remains.

    owner (pytest)  <- watched by -  keeper  - dies with ->  unshare  - dies with ->  init  - dies with ->  all the rest

Killing any of them, or all, leaves no process: a keeper that is itself killed takes the space along, and the folder and
the control groups are cleared by the next start.
"""

from __future__ import annotations

import argparse
import json
import os
import select
import signal
import subprocess
import sys
import time
from contextlib import suppress
from pathlib import Path
from typing import IO

from tests.grounds.kubernetes import slot as slots
from tests.grounds.kubernetes.slot import Slot
from tests.grounds.kubernetes.space import BRIDGE, SERVICE, child_of

__all__ = ["main"]


def _ip(lines: str, *, inside: int | None = None) -> None:
    enter = [] if inside is None else ["nsenter", f"--target={inside}", "--net", "--"]
    done = subprocess.run([*enter, "ip", "-batch", "-"], input=lines, capture_output=True, text=True, check=False)
    if done.returncode:
        raise SystemExit(f"ip, for {lines!r}: {done.stderr.strip()}")


def _wire(slot: Slot, init: int) -> None:
    prefix = slot.network.prefixlen
    _ip(
        f"link add {slot.link} type veth peer name uplink netns {init}\n"
        f"addr add {slot.host}/{prefix} dev {slot.link}\n"
        f"link set {slot.link} up\n"
    )
    # A bridge without an address of its own takes that of a port: another one whenever a pod comes or goes, and whoever
    # knew the old one gets no answer for half a minute.
    # The address of the service `kubernetes` is the API server's own here: so pods reach it without a kube-proxy.
    _ip(
        f"link set lo up\naddr add {SERVICE}/32 dev lo\n"
        f"link add {BRIDGE} address 0a:00:00:00:00:01 type bridge\naddr add {slot.node}/{prefix} dev {BRIDGE}\n"
        f"link set uplink master {BRIDGE}\nlink set uplink up\nlink set {BRIDGE} up\n",
        inside=init,
    )


def _cgroups(slot: Slot) -> None:
    for group in slot.cgroups():
        group.mkdir(exist_ok=True)
        for name in ("cpuset.cpus", "cpuset.mems"):  # version 1: empty in a new group, and nothing runs in an empty one
            if (group / name).exists() and (group.parent / "notify_on_release").exists():
                (group / name).write_text((group.parent / name).read_text())
        for name, weight in (("cpu.shares", 8192), ("cpu.weight", 800)):
            if (group / name).exists():
                (group / name).write_text(str(weight))  # all pods together, against each process of the other tests


def _unshare(folder: Path) -> subprocess.Popen[bytes]:
    return subprocess.Popen(
        [
            *("setpriv", "--pdeathsig", "KILL", "--"),
            *("unshare", "--mount", "--net", "--pid", "--ipc", "--fork", "--kill-child", "--propagation", "slave"),
            *(sys.executable, "-m", slots.INIT, str(folder)),
        ],
        stdout=subprocess.PIPE,
    )


def _wait(owner: int | None, space: subprocess.Popen[bytes]) -> None:
    """Until the owner or the space ends."""
    watched = [os.pidfd_open(space.pid)]
    if owner:
        try:
            watched.append(os.pidfd_open(owner))
        except ProcessLookupError:
            return
    select.select(watched, [], [])


def _end(space: subprocess.Popen[bytes] | None) -> None:
    if space is None:
        return
    init = child_of(space.pid)
    if init:
        os.kill(init, signal.SIGKILL)
    else:
        space.kill()
    space.wait()


def main(argv: list[str] | None = None) -> None:
    """Say on stdout, in one line of JSON, what the cluster has; then keep it until SIGTERM or the owner's end."""
    words = argparse.ArgumentParser(description=__doc__)
    words.add_argument("--dir", type=Path, required=True)
    words.add_argument("--owner", type=int)
    given = words.parse_args(argv)
    # Beside other tests a cluster that gets its turn late makes all of its own wait, one after the other.
    with suppress(PermissionError):
        os.setpriority(os.PRIO_PROCESS, 0, -5)
    folder: Path = given.dir

    def stop(*_: object) -> None:
        signal.signal(signal.SIGTERM, signal.SIG_IGN)
        raise SystemExit(0)

    signal.signal(signal.SIGTERM, stop)
    slot, handle = slots.take(folder)
    space = None
    try:
        _cgroups(slot)
        space = _unshare(folder)
        said: IO[bytes] | None = space.stdout
        if said is None or said.readline() != b"ready\n":
            raise SystemExit("the cluster's space could not be made")
        init = child_of(space.pid)
        if init is None:
            raise SystemExit("the cluster's space ended at once")
        _wire(slot, init)
        sys.stdout.write(json.dumps({"number": slot.number, "keeper": os.getpid(), "init": init}) + "\n")
        sys.stdout.flush()
        os.dup2(2, 1)  # whoever reads the line may go
        _wait(given.owner, space)
    finally:
        signal.signal(signal.SIGTERM, signal.SIG_IGN)
        began = time.monotonic()
        _end(space)
        slots.clear(slot, folder)
        os.truncate(handle, 0)
        sys.stderr.write(f"gone after {time.monotonic() - began:.2f} s\n")


if __name__ == "__main__":
    main()
