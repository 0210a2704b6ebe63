"""What keeps a backup from being made or put back, and what to do then."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from anyjob.errors import AnyJobError

__all__ = ["BackupError", "BackupUnusable", "FolderTaken", "NotItsFolder", "StateTaken"]


class BackupError(AnyJobError):
    """A backup could not be made or put back. Nothing was changed."""


class FolderTaken(BackupError):
    """The folder for a new backup holds something."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        super().__init__(
            f"The folder {folder} is there and is not empty; a backup overwrites nothing. Name another one, for example"
            " one a day: anyjob backup /var/backups/anyjob/$(date +%F)"
        )


class BackupUnusable(BackupError):
    """The folder is no backup, or not whole any more."""

    def __init__(self, folder: Path, why: str) -> None:
        self.folder, self.why = folder, why
        super().__init__(f"The backup {folder} cannot be used: {why}. Nothing was changed. Use another backup.")


class StateTaken(BackupError):
    """The state folder holds what the restore would overwrite."""

    def __init__(self, state: Path, names: Sequence[str]) -> None:
        self.state, self.names = state, tuple(names)
        super().__init__(
            f"The state folder {state} holds {' and '.join(names)} already, and nothing is overwritten. Name an empty"
            " folder with --state, or give --replace: what is there is moved aside then, not deleted."
        )


class NotItsFolder(BackupError):
    """The worker's folder holds runs of another server's database."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        super().__init__(
            f"The folder {folder} holds runs of another server than the backup's, and they would be lost. Name another"
            " state folder with --state, or move that folder away."
        )
