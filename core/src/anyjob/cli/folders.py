"""The state folders of `anyjob run`: where they lie, what is unfinished in one, and which may go.

Source: XDG Base Directory, XDG_STATE_HOME.
"""

from __future__ import annotations

import fcntl
import os
import secrets
import shutil
import time
from collections.abc import Generator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Final

from anyjob.errors import StateUnusable, WorkerError
from anyjob.settings import FILE_NAME
from anyjob.worker.apps.keyfile import KEY_FILE
from anyjob.worker.journal import read_journal

__all__ = [
    "KEPT",
    "StateUnfinished",
    "drop_empty",
    "home",
    "is_held",
    "new_folder",
    "of_worker",
    "own_folders",
    "prune",
    "refuse_missing",
    "refuse_unfinished",
    "unfinished",
]

KEPT: Final = 20
"""The newest own folders, which are kept for their logs."""

_LEDGER: Final = "worker.jsonl"
_WITHIN: Final = "worker"
_NEW: Final = 3600.0
"""Seconds for which a folder without a ledger may be one that a command is just beginning to use."""


class StateUnfinished(WorkerError):
    """An earlier worker left work in the state folder, which a new job must not be mixed with."""

    def __init__(self, folder: Path, left: Sequence[str]) -> None:
        self.folder, self.left = folder, tuple(left)
        more = f" and {len(left) - 1} more" if len(left) > 1 else ""
        super().__init__(
            f"State folder {folder} holds what was not shown to its end: {left[0]}{more}."
            f" Finish it first: anyjob resume --state {folder}"
        )


def home() -> Path:
    """`$XDG_STATE_HOME/anyjob/run`, else below ~/.local/state.

    A relative XDG_STATE_HOME counts as unset, as XDG has it.
    """
    named = os.environ.get("XDG_STATE_HOME", "")
    if os.path.isabs(named):
        return Path(named, "anyjob", "run")
    return Path(os.path.expanduser("~"), ".local", "state", "anyjob", "run")


def new_folder(settings: Path | None) -> Path:
    """A folder for one command, nobody else's to read. `settings` is linked into it, so that a resume reads the same,
    and so are the keys of applications.

    Raises StateUnusable.
    """
    where = home()
    folder = where / f"{time.strftime('%Y%m%d-%H%M%S')}-{secrets.token_hex(3)}"
    try:
        where.mkdir(mode=0o700, parents=True, exist_ok=True)
        folder.mkdir(mode=0o700)
        if settings is not None:
            (folder / FILE_NAME).symlink_to(settings)
        if (where / KEY_FILE).exists():
            (folder / KEY_FILE).symlink_to(where / KEY_FILE)
    except OSError as error:
        raise StateUnusable(folder, f"{error.strerror} ({error.filename})") from error
    return folder


def own_folders() -> list[Path]:
    """Those of this user's commands, the newest first."""
    try:
        names = [entry.name for entry in os.scandir(home()) if entry.is_dir(follow_symlinks=False)]
    except FileNotFoundError:
        return []
    return [home() / name for name in sorted(names, reverse=True)]


def of_worker(folder: Path) -> Path:
    """The worker's folder, where a server's state folder is named, which has it within."""
    within = folder / _WITHIN
    return within if (within / _LEDGER).is_file() and not (folder / _LEDGER).exists() else folder


def is_held(folder: Path) -> bool:
    """Whether a living worker has it."""
    with _lock(folder / "lock") as got:
        return not got


def unfinished(folder: Path) -> list[str]:
    """What was not shown to its end there: instances, and runs of no instance, each as people name it."""
    instances: dict[int, str] = {}
    runs: dict[str, int] = {}
    for line in read_journal(folder / _LEDGER):
        match line["m"]:
            case "instance":
                instances[line["id"]] = f"instance {line['id']}"
            case "instance_forgot":
                instances.pop(line["id"], None)
            case "accepted":
                runs[line["run"]] = line["instance"]
            case "ended" | "forgot":
                runs.pop(line["run"], None)
            case _:
                pass
    return [*instances.values(), *(f"run {run}" for run, instance in runs.items() if instance not in instances)]


def refuse_unfinished(folder: Path) -> None:
    """Raises StateUnfinished, unless nothing is left there, or a living worker or nobody can have it."""
    try:
        left = unfinished(folder)
    except OSError:
        return  # a worker says it better
    if left and not is_held(folder):
        raise StateUnfinished(folder, left)


def refuse_missing(folder: Path) -> None:
    """Raises StateUnusable for a folder that no worker has used."""
    if not (folder / _LEDGER).is_file():
        raise StateUnusable(folder, "no worker has used it")


def drop_empty(folder: Path) -> None:
    """Remove an own folder in which nothing is left to finish or to read."""
    if not any((folder / "runs").glob("*")) and not unfinished(folder):
        shutil.rmtree(folder, ignore_errors=True)


def prune() -> None:
    """Remove own folders beyond the newest KEPT, but none that a worker or a shim holds, or that is unfinished."""
    for folder in own_folders()[KEPT:]:
        if _may_go(folder):
            with _lock(folder / "lock") as got, _lock(folder / "shim" / "lock") as alone:
                if got and alone and not unfinished(folder):
                    shutil.rmtree(folder, ignore_errors=True)


def _may_go(folder: Path) -> bool:
    try:
        return (folder / _LEDGER).exists() or time.time() - folder.stat().st_mtime > _NEW
    except OSError:
        return False  # another command removes it


@contextmanager
def _lock(path: Path) -> Generator[bool]:
    """Hold a lock file for the block: False when somebody else has it. A file that is not there is nobody's."""
    try:
        file = os.open(path, os.O_RDWR | os.O_CLOEXEC)
    except OSError:
        yield not path.exists()
        return
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        yield False
        return
    else:
        yield True
    finally:
        os.close(file)
