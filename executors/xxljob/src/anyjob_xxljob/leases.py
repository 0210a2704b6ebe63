"""The numbers by which executors tell jobs apart: one for each run that goes on.

Source: XXL-JOB, TriggerParam, "jobId".
"""

from __future__ import annotations

import logging
import os
import secrets
from pathlib import Path
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from anyjob.executor import State

__all__ = ["Leases", "new_log_id"]

_log = logging.getLogger(__name__)
_MOST: Final = (1 << 31) - 1
"""A jobId is a Java int."""
_KEPT: Final = 1000
"""Free numbers that are kept for one job."""
_KEYS: Final = 10_000
_FILE: Final = "first-job-id"


def new_log_id(parts: int) -> int:
    """The first of `parts` consecutive numbers below 2^63 that nobody else has: a log file is appended to when its
    number comes again, also after anyjob's own state was lost."""
    return 1 + secrets.randbelow((1 << 63) - 1 - parts)


class Leases:
    """A run takes a free number of its job, handler and kind, and gives it back once it is surely over.

    `/kill` and a changed handler end whatever runs under a number, so no two runs have one at the same time.
    """

    def __init__(self, state: State, folder: Path) -> None:
        self._state = state
        self._first = _first(folder / _FILE)
        self._free: dict[str, list[int]] = {}

    def take(self, key: str) -> int:
        """A number that no other run has."""
        free = self._free.get(key)
        if free:
            return free.pop()
        return (self._first + self._state.next("jobId")) % _MOST + 1

    def give(self, key: str, number: int) -> None:
        """The run is over, and its executor has said so."""
        free = self._free.pop(key, [])
        if len(free) < _KEPT and number not in free:
            free.append(number)
        self._free[key] = free  # the newest stand last
        while len(self._free) > _KEYS:
            del self._free[next(iter(self._free))]


def _first(file: Path) -> int:
    """Where this worker's numbers begin. Random, because the workers of other state folders count from 1 too."""
    try:
        return int(file.read_text())
    except FileNotFoundError:
        pass
    except (OSError, ValueError) as error:
        _log.warning("xxljob: %s cannot be read, so jobIds begin anew: %s", file, error)
    first = secrets.randbelow(_MOST)
    fresh = file.with_suffix(".new")
    fresh.write_text(str(first))
    os.replace(fresh, file)
    return first
