"""Which page of a list a call asks for.

Source: SchedulerX API, SDK, "PageNum", "PageNumber" and "PageSize".
"""

from __future__ import annotations

from typing import Final

from anyjob_server.api.parameters import Parameters

__all__ = ["MOST_ROWS", "page_of"]

MOST_ROWS: Final = 500
"""Rows of a page."""


def page_of(given: Parameters) -> tuple[int, int]:
    """PageNum, which counts from 1, and PageSize; 1 and 10 where they are not given. Raises WrongParameter."""
    page, size = given.integer("PageNum", least=1, most=2**31 - 1), given.integer("PageSize", least=1, most=MOST_ROWS)
    return page or 1, size or 10
