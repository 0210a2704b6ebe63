"""How the server's own faults are logged."""

from __future__ import annotations

import logging
import traceback

__all__ = ["log_fault"]


def log_fault(log: logging.Logger, request_id: str, error: BaseException) -> None:
    """Where it happened and what kind it was.

    Its text is left out: the errors of a database or of pydantic hold the values that they are about, which may be a
    job's Content or a secret.
    """
    where = "".join(traceback.format_tb(error.__traceback__))
    log.error("%s failed with %s:\n%s", request_id, type(error).__qualname__, where.rstrip())
