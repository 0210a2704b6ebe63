"""What a resident imports for all its runs. Part of the resident's program: standard library alone, Python 3.8 or
later.

Source: Linux man-pages, proc_pid_fd(5), the links.
"""

from __future__ import annotations

import os
import sys

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence


def load(names: Sequence[str]) -> tuple[str, str] | None:
    """Import what is to be there for every run. Returns anyjob's word for why it cannot be, and a text, also for what
    runs would share or lose by a fork; None: it is there.
    """
    for name in names:
        try:
            __import__(name)
        except ImportError as error:
            return "dependency_missing", f"{name}: {error}"
        except BaseException as error:  # noqa: BLE001 - whatever a module does, the shim is told
            return "start_failed", f"{name}: {type(error).__name__}: {error}"
    said = ", ".join(names)
    threading = sys.modules.get("threading")
    if threading is not None and threading.active_count() > 1:
        return "start_failed", f"{said}: importing started threads, which a fork does not have"
    try:
        os.waitpid(-1, os.WNOHANG)
    except ChildProcessError:
        pass
    else:
        return "start_failed", f"{said}: importing started processes, which runs would share"
    left = _open_files()
    if left:
        return "start_failed", f"{said}: importing opened what runs would share: {', '.join(left)}"
    return None


def _open_files() -> list[str]:
    found: list[str] = []
    for name in os.listdir("/proc/self/fd"):
        try:
            if int(name) > 2:
                found.append(f"{name} ({os.readlink('/proc/self/fd/' + name)})")
        except OSError:
            continue  # the listing's own
    return found
