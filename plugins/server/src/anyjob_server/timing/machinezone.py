"""The time zone of this machine.

Source: POSIX, Base Definitions, 8.3 (TZ).
"""

from __future__ import annotations

import os
import zoneinfo
from datetime import tzinfo

import tzlocal

from anyjob.errors import AnyJobError

__all__ = ["NoMachineZone", "machine_zone"]


class NoMachineZone(AnyJobError):
    """The machine does not say its time zone by a name, so that nobody knows when its clocks change."""

    def __init__(self, said: str) -> None:
        self.said = said
        super().__init__(
            f"The time zone of this machine has no name ({said}). Set TZ to one such as Europe/Berlin, say --timezone,"
            " or set [server] timezone in the settings."
        )


def machine_zone() -> tzinfo:
    """That of the variable TZ, else of /etc/localtime or what the system has for it; UTC where there is none.

    Raises NoMachineZone.
    """
    try:
        return tzlocal.get_localzone()
    except (zoneinfo.ZoneInfoNotFoundError, ValueError, OSError) as error:
        said = os.environ.get("TZ")
        raise NoMachineZone(f"TZ is {said!r}" if said else str(error)) from None
