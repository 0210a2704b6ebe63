"""Where the cgroup hierarchies are mounted, and where in them this process sits.

Source: Linux man-pages, cgroups(7), /proc/PID/cgroup, and proc_pid_mountinfo(5).
"""

from __future__ import annotations

import os

from . import process


def _unescape(text: bytes) -> str:
    for code, char in ((b"\\040", b" "), (b"\\011", b"\t"), (b"\\012", b"\n"), (b"\\134", b"\\")):
        text = text.replace(code, char)
    return os.fsdecode(text)


def own_groups() -> dict[str, str]:
    """The folder of this process's cgroup by controller; "" is version 2. Only hierarchies that are mounted where it
    can see.
    """
    paths: dict[str, str] = {}
    for line in (process.read("/proc/self/cgroup") or b"").splitlines():
        _, names, path = line.split(b":", 2)
        for name in names.split(b","):
            paths[name.decode()] = os.fsdecode(path)
    folders: dict[str, str] = {}
    for line in (process.read("/proc/self/mountinfo") or b"").splitlines():
        left, _, right = line.partition(b" - ")
        fields, (kind, _, *options) = left.split(), right.split()
        if kind == b"cgroup2":
            names = [""]
        elif kind == b"cgroup":
            names = [name.decode() for name in options[0].split(b",")] if options else []
        else:
            continue
        root, point = _unescape(fields[3]), _unescape(fields[4])
        for name in names:
            path = paths.get(name)
            if path is None or name in folders:
                continue
            inside = os.path.relpath(path, root)
            # A container may see the hierarchy only from its own cgroup downwards.
            if not inside.startswith(".."):
                folders[name] = os.path.normpath(os.path.join(point, inside))
    return folders


def bases(own: str) -> list[str]:
    """Where groups for runs may be made, the best first: `own` is this process's group of version 2.

    Controllers cannot be given on from a group that itself holds processes, as the own one does. systemd marks the
    group of a unit with `Delegate=yes`; with `DelegateSubgroup=` the worker sits one below it, and the unit's own group
    is the place.
    """
    parent = os.path.dirname(own)
    for name in ("trusted.delegate", "user.delegate"):
        try:
            if os.getxattr(parent, name) == b"1":
                return [parent, own]
        except OSError:
            continue
    return [own]
