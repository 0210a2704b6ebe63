"""`anyjob status`: the first look at a server."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from anyjob.cli.moment import moment
from anyjob.cli.options import AsJson
from anyjob_server.cli.options import Group, Namespace, Server, State

if TYPE_CHECKING:
    from anyjob.outcome import Json

__all__ = ["status"]


def status(
    server: Server = None,
    namespace: Namespace = None,
    group: Group = None,
    state: State = None,
    *,
    as_json: AsJson = False,
) -> None:
    """Show whether a server takes work, which types are not well, and what runs and waits in all app groups.

    The exit status is 0 when work begins and all types with enabled jobs are healthy, else 1.
    """
    import typer

    from anyjob.cli.page import Page, print_json
    from anyjob_server.cli.opened import opened

    with opened(server, namespace, group, state) as client:
        said: dict[str, Any] = client.call("GetServerStatus", {})
        url = client.target.url
    ill = [one for one in said.get("Types", []) if one["State"] != "healthy"]
    if as_json:
        print_json(_json(url, said))
    else:
        page = Page()
        page.section(f"Server {url}", _head(said))
        page.section("Warnings", [(one,) for one in said.get("Warnings", [])])
        page.section(
            "Types that are not well", [(one["JobType"], one["State"], " ".join(one["Why"].split())) for one in ill]
        )
        page.section(_counted("Running", said), [_going(one, said["Now"]) for one in said["Running"]])
        page.section(
            _counted("Waiting", said), [(*_going(one, said["Now"])[:2], one["Behind"]) for one in said["Waiting"]]
        )
        page.show()
    if said["Halt"] or ill:
        raise typer.Exit(1)


def _head(said: dict[str, Any]) -> list[tuple[str, str]]:
    rows = [
        ("process", f"{said['Pid']}, version {said['Version']}, up for {_length(said['Now'] - said['Since'])}"),
        ("state", said.get("State", "")),
        ("database", said.get("Database", "")),
        ("new work", f"none: {said['Halt']}" if said["Halt"] else "begins"),
        ("alerts", _alerts(said.get("Alerts"))),
        ("runs, waits", f"{said['RunningTotal']}, {said['WaitingTotal']}"),
    ]
    return [row for row in rows if row[1]]


def _alerts(said: dict[str, Any] | None) -> str:
    if said is None or not (said["Waiting"] or said["LastDropped"]):
        return ""
    words = f"{said['Waiting']} wait for a sender"
    reasons = [
        f"{said[key]} {why}" for key, why in (("DroppedOld", "too old"), ("DroppedMany", "too many")) if said[key]
    ]
    if not reasons:
        return words
    last = moment(said["LastDropped"] / 1000)
    return f"{words}; dropped unsent: {', '.join(reasons)}, the last at {last} ([server.alerts] days, most)"


def _counted(word: str, said: dict[str, Any]) -> str:
    total, shown = said[f"{word}Total"], len(said[word])
    return word if shown == total else f"{word}, the first {shown} of {total}"


def _going(one: dict[str, Any], now: int) -> tuple[str, str, str]:
    since = "is starting" if one["Since"] is None else f"for {_length(now - one['Since'])}"
    stopped = f", stopped by {one['StoppedBy']}" if one["StoppedBy"] else ""
    return str(one["JobInstanceId"]), f"{one['Namespace']}/{one['GroupId']} {one['JobName']}", since + stopped


def _length(ms: int) -> str:
    minutes, seconds = divmod(max(ms, 0) // 1000, 60)
    hours, minutes = divmod(minutes, 60)
    days, hours = divmod(hours, 24)
    words = [f"{days} d"] if days else []
    words += [f"{hours} h"] if hours else []
    words += [f"{minutes} min"] if minutes and not days else []
    return " ".join(words) or f"{seconds} s"


def _json(url: str, said: dict[str, Any]) -> dict[str, Json]:
    return {
        "url": url,
        "pid": said["Pid"],
        "version": said["Version"],
        "since": said["Since"] / 1000,
        "state": said.get("State"),
        "database": said.get("Database"),
        "halt": said["Halt"],
        "held": said.get("Held", ""),
        "warnings": said.get("Warnings", []),
        "types": [{"type": one["JobType"], "state": one["State"], "why": one["Why"]} for one in said.get("Types", [])],
        "alerts": _alerts_json(said.get("Alerts")),
        "running_total": said["RunningTotal"],
        "waiting_total": said["WaitingTotal"],
        "running": [_one(one) for one in said["Running"]],
        "waiting": [{**_one(one), "behind": one["Behind"]} for one in said["Waiting"]],
    }


def _alerts_json(said: dict[str, Any] | None) -> Json:
    if said is None:
        return None
    last = said["LastDropped"]
    return {
        "waiting": said["Waiting"],
        "dropped_old": said["DroppedOld"],
        "dropped_many": said["DroppedMany"],
        "last_dropped": None if last is None else last / 1000,
    }


def _one(one: dict[str, Any]) -> dict[str, Json]:
    return {
        "instance": one["JobInstanceId"],
        "job_id": one["JobId"],
        "job": one["JobName"],
        "namespace": one["Namespace"],
        "group": one["GroupId"],
        "since": None if one["Since"] is None else one["Since"] / 1000,
        "stopped_by": one["StoppedBy"],
    }
