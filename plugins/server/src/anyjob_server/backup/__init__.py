"""A copy of a server's memory, and the way back from it."""

from anyjob_server.backup.backup import Backup
from anyjob_server.backup.errors import BackupError, BackupUnusable, FolderTaken, NotItsFolder, StateTaken
from anyjob_server.backup.restore import Restored, restore, told_of

__all__ = [
    "Backup",
    "BackupError",
    "BackupUnusable",
    "FolderTaken",
    "NotItsFolder",
    "Restored",
    "StateTaken",
    "restore",
    "told_of",
]
