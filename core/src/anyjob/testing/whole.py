"""Work that is done as a whole, also when whoever awaits it is cancelled."""

from __future__ import annotations

import asyncio
from typing import Final

__all__ = ["whole"]

_TIDY: Final = 5.0
"""Seconds that it has once it was cancelled."""


async def whole(work: asyncio.Future[None]) -> None:
    """Wait until it is over, also if cancelled meanwhile; it is cancelled itself when it takes too long then."""
    try:
        await asyncio.shield(work)
    except asyncio.CancelledError:
        if not (await asyncio.wait({work}, timeout=_TIDY))[0]:
            work.cancel()
            await asyncio.wait({work})
        raise
