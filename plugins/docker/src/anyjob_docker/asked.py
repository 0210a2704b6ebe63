"""Limits in the words of whoever set them."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final, cast

from anyjob.problem import WrongValue, shown
from anyjob.size import parse_size

if TYPE_CHECKING:
    from anyjob.outcome import Json
    from anyjob.spec import Limits

__all__ = ["AskedLimit", "asked_limits", "in_units"]

_UNITS: Final = ("Ti", "Gi", "Mi", "Ki", "T", "G", "M", "k")
_UNIT: Final = re.compile(r"[A-Za-z]*\Z")


@dataclass(frozen=True, slots=True)
class AskedLimit:
    """One limit of a run: the field that sets it, and its value as it stands there."""

    field: str
    value: str


def asked_limits(xattrs: Mapping[str, Json], limits: Limits, usual: Limits) -> dict[str, AskedLimit]:
    """By name, what sets each limit of a run: `limits` of the job, whose text is in `xattrs`, else `usual`, the
    settings'. A value that a policy has changed stands nowhere, and is told in the units of the job's own."""
    own = xattrs.get("limits")
    texts = cast("Mapping[str, Json]", own) if isinstance(own, Mapping) else dict[str, "Json"]()
    made: dict[str, AskedLimit] = {}
    for name in ("memory", "cpu", "pids"):
        amount, most, text = getattr(limits, name), getattr(usual, name), texts.get(name)
        if amount is not None:
            made[name] = AskedLimit(f"XAttrs.limits.{name}", _written(name, amount, text))
        elif most is not None:
            made[name] = AskedLimit(f"launchers.docker.limits.{name}", in_units(name, most))
    return made


def in_units(name: str, amount: float, like: str = "") -> str:
    """The amount of a limit as people write it: memory in the unit of `like` where that says it exactly, else in the
    one that says it shortest."""
    if name != "memory":
        return f"{amount:.12g}"
    size = int(amount)
    own = _UNIT.search(like)
    if like and own is not None and (text := _exactly(size, own[0])):
        return text
    return min((text for unit in ("", *_UNITS) if (text := _exactly(size, unit))), key=len)


def _exactly(size: int, unit: str) -> str:
    """The bytes in a unit; empty where it does not say them exactly, or is none."""
    try:
        factor = parse_size(f"1{unit}")
    except WrongValue:
        return ""
    return "" if size % factor else f"{size // factor}{unit}"


def _written(name: str, amount: float, text: Json) -> str:
    said = "" if text is None else shown(text)
    try:
        same = (parse_size(said) if name == "memory" else float(said)) == amount
    except ValueError:
        same = False
    return said if same else in_units(name, amount, said)
