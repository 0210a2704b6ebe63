"""Moments in tests, written as people write them."""

from __future__ import annotations

from datetime import datetime
from zoneinfo import ZoneInfo

BERLIN = ZoneInfo("Europe/Berlin")


def ms(text: str) -> int:
    """Epoch milliseconds of a local time in Berlin, or of one with an offset."""
    moment = datetime.fromisoformat(text)
    return int((moment if moment.tzinfo else moment.replace(tzinfo=BERLIN)).timestamp() * 1000)


def shown(at: int) -> str:
    """Berlin's local time."""
    return datetime.fromtimestamp(at / 1000, BERLIN).strftime("%Y-%m-%d %H:%M:%S")
