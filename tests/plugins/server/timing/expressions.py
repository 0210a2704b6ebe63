"""Random cron expressions, and the moments and zones in which they are looked at."""

from __future__ import annotations

from datetime import UTC, datetime
from functools import cache
from random import Random
from zoneinfo import ZoneInfo

MONTHS = ("JAN", "FEB", "MAR", "APR", "MAY", "JUN", "JUL", "AUG", "SEP", "OCT", "NOV", "DEC")
DAYS = ("SUN", "MON", "TUE", "WED", "THU", "FRI", "SAT")
ZONES = {
    "Europe/Berlin": (2000, 2060),
    "America/New_York": (2000, 2060),
    "Australia/Lord_Howe": (2000, 2060),  # half an hour
    "America/Sao_Paulo": (2000, 2018),  # at midnight
    "Asia/Shanghai": (1987, 2060),
    "UTC": (1990, 2060),
}
"""And the years of which the two time zone databases surely say the same."""
_KINDS = ((0, 59), (0, 59), (0, 23), (1, 31), (1, 12), (1, 7), (2000, 2070))


@cache
def changes(zone: str) -> list[int]:
    """Epoch seconds of noon UTC before each change of its clocks, within a day."""
    first, last = ZONES[zone]
    there, found = ZoneInfo(zone), list[int]()
    at, end = (int(datetime(year, 1, 1, 12, tzinfo=UTC).timestamp()) for year in (first, last + 1))
    while at < end:
        now, then = (datetime.fromtimestamp(moment, there).utcoffset() for moment in (at, at + 86400))
        if now != then:
            found.append(at)
        at += 86400
    return found


def moment(chance: Random, zone: str) -> int:
    """Epoch seconds; half of them within two days before the clocks of the zone change, where they do."""
    first, last = ZONES[zone]
    if chance.random() < 0.5 and changes(zone):
        return chance.choice(changes(zone)) + chance.randrange(-86400, 86400)
    year = chance.randint(first, last)
    return int(datetime(year, 1, 1, tzinfo=UTC).timestamp()) + chance.randrange(365 * 86400)


def legal(chance: Random) -> str:
    """One that both we and Quartz 2.5 take, if there is such a day."""
    fields = [_plain(chance, number) for number in range(5)]
    if chance.random() < 0.5:
        fields[3] = "?"
        fields.append(_weekday(chance))
    else:
        fields[3] = _day(chance)
        fields.append("?")
    if chance.random() < 0.2:
        fields.append(_plain(chance, 6))
    text = " ".join(fields)
    return text.lower() if chance.random() < 0.1 else text


def frequent(chance: Random) -> str:
    """One that fires on most days, often more than once an hour."""
    hours = "*" if chance.random() < 0.6 else _plain(chance, 2)
    days = chance.choice(["* * ?", "? * *", "? * 2-1", "1-30 * ?", "2-31 * ?", "? * SUN,2-7"])
    return f"{_plain(chance, 0)} {_plain(chance, 1)} {hours} {days}"


def changed(chance: Random) -> str:
    """A legal one with some characters changed, most often legal no more."""
    text = legal(chance)
    for _ in range(chance.randint(1, 3)):
        at = chance.randrange(len(text))
        new = chance.choice(["", *"0123456789", *"*?/-,#LW ", "MON", "JAN", "/2", "-5", "X"])
        text = text[:at] + new + text[at + chance.randint(0, 1) :]
    return text


def _plain(chance: Random, number: int) -> str:
    low, high = _KINDS[number]
    way = chance.random()
    if way < (0.6 if number == 4 else 0.25):
        return "*"
    if way < 0.35 and number < 6:
        return f"{chance.choice(['*', '', str(low)])}/{chance.randint(1, min(high, 59 if number < 2 else high))}"
    return ",".join(_item(chance, number) for _ in range(1 if chance.random() < 0.7 else chance.randint(2, 4)))


def _item(chance: Random, number: int) -> str:
    low, high = _KINDS[number]
    first, last = chance.randint(low, high), chance.randint(low, high)
    if number == 6:
        first, last = min(first, last), max(first, last)
    names = {4: MONTHS, 5: DAYS}.get(number)
    begin, end = str(first), str(last)
    if names and chance.random() < 0.5:
        begin, end = names[first - 1], names[last - 1]
    way = chance.random()
    if way < 0.6:
        return begin
    if way < 0.85:
        return f"{begin}-{end}"
    return f"{first}-{last}/{chance.randint(1, high if number < 6 else 5)}"


def _day(chance: Random) -> str:
    ways = ["L", "LW", f"L-{chance.randint(0, 30)}", f"{chance.randint(1, 31)}W", f"L-{chance.randint(0, 30)}W"]
    if chance.random() < 0.6:
        return _plain(chance, 3)
    if chance.random() < 0.7:
        return chance.choice(ways)
    return ",".join([chance.choice(ways), *(_item(chance, 3) for _ in range(chance.randint(1, 2)))])


def _weekday(chance: Random) -> str:
    if chance.random() < 0.6:
        return _plain(chance, 5)
    day = chance.randint(1, 7)
    word = chance.choice([str(day), DAYS[day - 1]])
    return chance.choice(["L", f"{word}L", f"{word}#{chance.randint(1, 5)}"])
