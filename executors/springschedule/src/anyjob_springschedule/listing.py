"""Applications and their methods, for people and as JSON."""

from __future__ import annotations

from collections.abc import Sequence

from anyjob.cli.page import Page
from anyjob.outcome import Json
from anyjob_springschedule.applications import Application
from anyjob_springschedule.described import Method

__all__ = ["show", "to_json"]


def show(known: Sequence[Application]) -> None:
    """Write them for people: an application a heading, a method a row."""
    page = Page()
    for one in known:
        where = "started by the worker" if one.resident else one.address
        state = "" if one.connected else ", lost"
        heading = f"{one.name} (app group {one.group}, {one.software}, {where}{state})"
        rows = [row for method in one.methods for row in _rows(method)]
        page.section(heading, rows or [("it has no @Scheduled methods",)])
    page.show()


def _rows(method: Method) -> list[tuple[str, ...]]:
    declared = f" (in {method.declared})" if method.declared else ""
    said = ("@Async" if method.is_async else "", f"refused: {method.refused}" if method.refused else "", method.note)
    words = ", ".join(filter(None, said))
    by_spring = any(trigger.cron != "-" for trigger in method.triggers)
    who = "anyjob" if method.taken else "Spring" if by_spring else "nobody but a job"
    return [
        (
            f"{method.plain_name}{declared}",
            f"bean {method.bean}",
            "; ".join(str(trigger) for trigger in method.triggers),
            f"fired by {who}{f'; {words}' if words else ''}",
        )
    ]


def to_json(known: Sequence[Application]) -> dict[str, Json]:
    """The same as JSON, for `--json`."""
    return {
        "applications": [
            {
                "name": one.name,
                "group": one.group,
                "software": one.software,
                "address": one.address,
                "connected": one.connected,
                "started_by_worker": one.resident,
                "since": int(one.since * 1000),
                "methods": [method.to_json() for method in one.methods],
            }
            for one in known
        ],
    }
