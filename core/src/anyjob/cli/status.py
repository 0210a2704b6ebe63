"""The exit statuses of the command line.

Sources: Bash, 3.7.5 (128 and the signal); GNU coreutils, timeout (124).
"""

from __future__ import annotations

import signal
from typing import Final

from anyjob.errors import AnyJobError, BadInput, BadSettings, UnknownJobType
from anyjob.job import BadJob, BadJobFile
from anyjob.modes import ModeRefused
from anyjob.outcome import Cause, Outcome
from anyjob.scaffold.refused import ScaffoldRefused
from anyjob.worker.apps.keyfile import NoSuchKey

__all__ = ["BAD_INPUT", "FAILED", "SUCCEEDED", "TIMED_OUT", "of_error", "of_outcome", "of_signal"]

SUCCEEDED: Final = 0
FAILED: Final = 1
"""Every end that has no status of its own."""
BAD_INPUT: Final = 2
TIMED_OUT: Final = 124

_BAD_INPUT = (BadInput, BadJob, BadJobFile, BadSettings, UnknownJobType, ModeRefused, NoSuchKey, ScaffoldRefused)


def of_error(error: AnyJobError) -> int:
    """BAD_INPUT for what the caller wrote wrong, else FAILED."""
    return BAD_INPUT if isinstance(error, _BAD_INPUT) else FAILED


def of_signal(number: int) -> int:
    """128 and the signal's number, as shells say it: 130 after Ctrl-C."""
    return 128 + number


def of_outcome(outcome: Outcome) -> int:
    """The job's own code where it has one, 128+n after signal n, TIMED_OUT, BAD_INPUT for `bad_config`, else FAILED."""
    match outcome.cause:
        case Cause.SUCCEEDED:
            return SUCCEEDED
        case Cause.EXIT_CODE:
            # A code that says success, or that no process can have, must not hide the failure.
            return (outcome.code or 0) & 0xFF or FAILED
        case Cause.SIGNAL:
            code = outcome.code or 0
            return code if 128 < code <= 128 + signal.NSIG else FAILED
        case Cause.TIMED_OUT:
            return TIMED_OUT
        case Cause.BAD_CONFIG:
            return BAD_INPUT
        case _:
            return FAILED
