"""`anyjob why`: when a job fires, and why it did not."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from anyjob.cli.moment import moment
from anyjob.cli.options import AsJson
from anyjob_server.cli.options import Group, JobWord, Namespace, Server, State

if TYPE_CHECKING:
    from anyjob.outcome import Json

__all__ = ["why"]


def why(
    word: JobWord,
    server: Server = None,
    namespace: Namespace = None,
    group: Group = None,
    state: State = None,
    *,
    as_json: AsJson = False,
) -> None:
    """Show when a job fires next, what of it runs or waits and behind what, and why firings of it became no run."""
    from anyjob.cli.page import Page, print_json
    from anyjob_server.cli.opened import opened

    with opened(server, namespace, group, state) as client:
        found = client.job(word, removed=True)
        said = client.why(found.id)
    if as_json:
        print_json(_json(found.id, found.name, said))
        return
    due = f"none by time: {said['Never']}" if said["NextFire"] is None else _moment(said["NextFire"])
    page = Page()
    page.section(f"Job {found.id} {found.name}", [row for row in (("next", due), ("now", said["Now"])) if row[1]])
    page.section("Running", [_running(one) for one in said["Running"]])
    page.section(
        "Waiting", [(str(one["JobInstanceId"]), _moment(one["ScheduleTime"]), one["Behind"]) for one in said["Waiting"]]
    )
    page.section("Did not run, the newest first", [_reason(one) for one in said["Reasons"]])
    page.show()


def _running(one: dict[str, Any]) -> tuple[str, ...]:
    since = "is starting" if one["Since"] is None else f"since {_moment(one['Since'])}"
    stopped = f", stopped by {one['StoppedBy']}" if one["StoppedBy"] else ""
    return str(one["JobInstanceId"]), _moment(one["ScheduleTime"]), since + stopped


def _reason(one: dict[str, Any]) -> tuple[str, ...]:
    first, last = one["At"], one["Last"] or one["At"]
    when = _moment(first) if one["Count"] == 1 else f"{_moment(first)} to {_moment(last)}, {one['Count']} times"
    return when, one["Kind"].replace("_", " "), one["Text"]


def _json(ident: int, name: str, said: dict[str, Any]) -> dict[str, Json]:
    """Times are epoch seconds."""
    return {
        "id": ident,
        "name": name,
        "next": _seconds(said["NextFire"]),
        "never": said["Never"],
        "now": said["Now"],
        "running": [
            {
                "instance": one["JobInstanceId"],
                "schedule_time": _seconds(one["ScheduleTime"]),
                "since": _seconds(one["Since"]),
                "stopped_by": one["StoppedBy"],
            }
            for one in said["Running"]
        ],
        "waiting": [
            {
                "instance": one["JobInstanceId"],
                "schedule_time": _seconds(one["ScheduleTime"]),
                "behind": one["Behind"],
            }
            for one in said["Waiting"]
        ],
        "reasons": [
            {
                "kind": one["Kind"],
                "text": one["Text"],
                "schedule_time": _seconds(one["ScheduleTime"]),
                "first": _seconds(one["At"]),
                "count": one["Count"],
                "last": _seconds(one["Last"]),
            }
            for one in said["Reasons"]
        ],
    }


def _seconds(ms: int | None) -> float | None:
    return None if ms is None else ms / 1000


def _moment(ms: int | None) -> str:
    return "" if ms is None else moment(ms / 1000)
