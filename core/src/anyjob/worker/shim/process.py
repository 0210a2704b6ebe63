"""Facts about processes from /proc, and pidfds that surely mean the process they were asked for.

Source: Linux man-pages, proc_pid_stat(5), pidfd_open(2), pidfd_send_signal(2).
"""

from __future__ import annotations

import os
import signal

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable

MARK = "ANYJOB_MARK"
"""The environment variable that names the state folder and the run to which a process belongs: see `Seat.mark`."""
NO_RUN = " " * 4096
"""Its value in a resident and what it has forked that is no run yet: room for the environment that is shown then."""


class Facts:
    """A process as /proc/PID/stat showed it. `start` is in clock ticks since boot; with the pid it names a process
    for good.
    """

    __slots__ = ("group", "parent", "pid", "session", "start", "state")

    def __init__(self, pid: int, state: str, parent: int, group: int, session: int, start: int) -> None:
        self.pid, self.state, self.parent, self.group, self.session, self.start = (
            pid,
            state,
            parent,
            group,
            session,
            start,
        )


def read(path: str) -> bytes | None:
    """A /proc file as a whole; None when the process is gone or may not be looked at."""
    try:
        fd = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
    except OSError:
        return None
    try:
        parts: list[bytes] = []
        while part := os.read(fd, 1 << 16):
            parts.append(part)
        return b"".join(parts)
    except OSError:
        return None
    finally:
        os.close(fd)


def facts(pid: int) -> Facts | None:
    """The process, zombies included; None when there is none."""
    text = read(f"/proc/{pid}/stat")
    if not text:
        return None
    # The name in brackets may itself hold brackets and spaces.
    part = text.rpartition(b")")[2].split()
    return Facts(pid, part[0].decode(), int(part[1]), int(part[2]), int(part[3]), int(part[19]))


def all_facts() -> list[Facts]:
    """Every process of the machine that can be seen."""
    found = [facts(int(name)) for name in os.listdir("/proc") if name.isdigit()]
    return [one for one in found if one is not None]


def children(pid: int) -> list[int]:
    """Direct children, zombies included. Complete only if nobody reaps them meanwhile."""
    text = read(f"/proc/{pid}/task/{pid}/children")
    if text is not None:
        return [int(part) for part in text.split()]
    return [one.pid for one in all_facts() if one.parent == pid]  # a kernel without CONFIG_PROC_CHILDREN


def pidfd(pid: int, start: int) -> int | None:
    """A pidfd of the process with this pid and start time; None when that one is gone. The caller closes it.

    Raises OSError when there can be no pidfd (too many open files): that says nothing about the process.
    """
    try:
        fd = os.pidfd_open(pid)
    except ProcessLookupError:
        return None
    # The start time is read after the pidfd was opened: equal now means that the pidfd is the process asked for.
    now = facts(pid)
    if now is None or now.start != start:
        os.close(fd)
        return None
    return fd


def group_of(pid: int) -> str | None:
    """The cgroup v2 path of a process as this process sees it; a zombie still has one."""
    text = read(f"/proc/{pid}/cgroup")
    for line in (text or b"").splitlines():
        if line.startswith(b"0::"):
            return os.fsdecode(line[3:])
    return None


def marked(pid: int, mark: str) -> bool:
    """Whether the environment the process began with holds this mark."""
    return mark in marks(pid)


def marks(pid: int) -> list[str]:
    """The marks in the environment that the process began with."""
    text, name = read(f"/proc/{pid}/environ"), f"{MARK}=".encode()
    return [os.fsdecode(part[len(name) :]) for part in (text or b"").split(b"\0") if part.startswith(name)]


def describe(pid: int) -> str:
    """Pid and name for people. Not the arguments, which may hold a secret of the job's."""
    name = os.fsdecode((read(f"/proc/{pid}/comm") or b"gone").rstrip(b"\n"))
    return f"{pid} {''.join(char if char.isprintable() else '?' for char in name)}"


def highest_file() -> int:
    """The highest descriptor that is open, or a little more."""
    return max(map(int, os.listdir("/proc/self/fd")))


def close_others(keep: Iterable[int], highest: int) -> None:
    """Close every descriptor up to the highest but these and the standard ones: for a fork of the shim that lives on
    beside it.
    """
    low = 3
    for fd in sorted(keep):
        os.closerange(low, fd)
        low = max(low, fd + 1)
    os.closerange(low, highest + 1)


def by_parent() -> dict[int, list[Facts]]:
    """Every process of the machine, by the pid of its parent."""
    below: dict[int, list[Facts]] = {}
    for one in all_facts():
        below.setdefault(one.parent, []).append(one)
    return below


def descendants(roots: list[int], below: dict[int, list[Facts]] | None = None) -> list[Facts]:
    """Living processes below these, themselves not included. A snapshot: what forks meanwhile may be missing.
    `below`: what `by_parent` has found, for whoever asks for many.
    """
    below = by_parent() if below is None else below
    found: list[Facts] = []
    todo, done = list(roots), set[int]()
    while todo:
        pid = todo.pop()
        if pid in done:
            continue
        done.add(pid)
        for one in below.get(pid, ()):
            todo.append(one.pid)
            if one.state not in "ZX":
                found.append(one)
    return found


def kill(pid: int, start: int, signum: int) -> bool:
    """Signal a process that is not a child: by pidfd, and only the one with this start time."""
    try:
        fd = pidfd(pid, start)
    except OSError:
        return False
    if fd is None:
        return False
    try:
        signal.pidfd_send_signal(fd, signum)
    except OSError:
        return False
    finally:
        os.close(fd)
    return True


def outputs(pid: int) -> list[str]:
    """What the process has as its output."""
    found: list[str] = []
    for fd in (1, 2):
        try:
            found.append(os.readlink(f"/proc/{pid}/fd/{fd}"))
        except OSError:
            continue
    return found


def works_in(pid: int) -> str:
    """The working directory; empty when the process is gone or may not be looked at."""
    try:
        return os.readlink(f"/proc/{pid}/cwd")
    except OSError:
        return ""
