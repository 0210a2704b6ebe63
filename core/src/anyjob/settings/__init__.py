"""The settings of a process: one TOML file, each part a typed model, checked like a job."""

from anyjob.settings.find import CONFIG_VARIABLE, FILE_NAME, Found, find_settings
from anyjob.settings.inforce import InForce, Readers, in_force, problems_of
from anyjob.settings.read import read_anyway, read_settings
from anyjob.settings.settings import PARTS, UNREAD, Settings

__all__ = [
    "CONFIG_VARIABLE",
    "FILE_NAME",
    "PARTS",
    "UNREAD",
    "Found",
    "InForce",
    "Readers",
    "Settings",
    "find_settings",
    "in_force",
    "problems_of",
    "read_anyway",
    "read_settings",
]
