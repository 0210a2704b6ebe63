"""Whether the way to a program is open: its folders, and those that links on the way lead through.

Source: Linux man-pages, path_resolution(7).
"""

from __future__ import annotations

import os
import stat

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

REMEDY = (
    "name one elsewhere by XAttrs.command, open that folder (chmod o+x), or run the job as another user"
    ' (under anyjob serve: [server.users], "*" = "root" for the server\'s own)'
)
"""What opens the way to a program."""

_PROGRAMS = ("bash", "go", "java", "node", "python3", "sh")
"""What jobs are most often begun with."""


def closed_to_me(path: str) -> str:
    """The folder on the way to a program that this process's user cannot pass; empty: none."""
    return _closed(path, lambda folder: not os.access(folder, os.X_OK))


def closed_to_others(path: str) -> str:
    """The folder on the way to a program that users cannot pass who are neither its owner nor of its group; empty:
    none. What is not there, or cannot be looked at, is no hindrance."""
    return _closed(path, _shut)


def closed_programs() -> list[tuple[str, str]]:
    """Programs that jobs begin with, by this process's PATH, which others cannot come to; and the folder each."""
    import shutil  # not in the shim, which calls only the others: it would load three ways to compress

    found = [path for name in _PROGRAMS if (path := shutil.which(name))]
    return [(path, closed) for path in found if (closed := closed_to_others(path))]


def behind(closed: list[tuple[str, str]]) -> str:
    """In words, as `/root to /root/bin/python3`."""
    return "; ".join(f"{folder} to {path}" for path, folder in closed)


def _closed(path: str, shut: Callable[[str], bool]) -> str:
    for _ in range(40):
        for folder in _above(path):
            if shut(folder):
                return folder
        if not os.path.islink(path):
            break
        path = os.path.join(os.path.dirname(path), os.readlink(path))
    return ""


def _above(path: str) -> Iterator[str]:
    return (path[:at] or "/" for at, letter in enumerate(path) if letter == "/")


def _shut(folder: str) -> bool:
    try:
        return not os.stat(folder).st_mode & stat.S_IXOTH
    except OSError:
        return False
