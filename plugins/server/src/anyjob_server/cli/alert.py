"""`anyjob alert`: what people are to be told of."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Annotated, Any

import typer

from anyjob.cli.moment import moment
from anyjob.cli.options import AsJson
from anyjob_server.cli.options import Group, Namespace, Server, State

if TYPE_CHECKING:
    from anyjob.outcome import Json

__all__ = ["alert"]

alert = typer.Typer(no_args_is_help=True, help="What people are to be told of.")


@alert.callback()
def only_group() -> None:
    """With one command Typer would leave its word out."""


@alert.command("list")
def list_(
    job: Annotated[str | None, typer.Option("--job", metavar="JOB", help="Only those of a job, by id or name.")] = None,
    most: Annotated[int, typer.Option("--most", metavar="N", min=1, max=10_000, help="The newest N.")] = 20,
    server: Server = None,
    namespace: Namespace = None,
    group: Group = None,
    state: State = None,
    *,
    as_json: AsJson = False,
) -> None:
    """Show the newest alerts: failures, delays and successes that jobs want told, and whether somebody sent them.

    Of all app groups where the key may see them, unless --namespace, --group or --job choose one.
    """
    from anyjob.cli.page import Page, print_json
    from anyjob.cli.streams import write
    from anyjob_server.cli.opened import opened

    with opened(server, namespace, group, state) as client:
        ident = None if job is None else client.job(job, removed=True).id
        everywhere = ident is None and not client.target.chosen
        found = client.alerts(ident, most, all_groups=everywhere)
    if as_json:
        print_json({"alerts": [_json(one) for one in found]})
        return
    page = Page()
    page.section("Alerts, the newest first", [_row(one) for one in found])
    page.show()
    if not found:
        write(sys.stderr, f"anyjob: there are no {'such ' if job or not everywhere else ''}alerts\n")


def _row(one: dict[str, Any]) -> tuple[str, ...]:
    sent = one.get("SentTimestamp")
    return (
        moment(one["Timestamp"] / 1000),
        one["Kind"],
        f"{one['Namespace']}/{one['GroupId']} {one['JobName']}",
        str(one.get("JobInstanceId", "")),
        "waits for a sender" if sent is None else f"sent {moment(sent / 1000)}",
        _why(one),
    )


def _why(one: dict[str, Any]) -> str:
    match one["Kind"]:
        case "fail":
            in_a_row = f"{one['Failures']} in a row; " if one.get("Failures", 1) > 1 else ""
            return f"{in_a_row}{one.get('Cause', '')}{_result(one)}"
        case "timeout":
            return f"took longer than {one.get('Timeout')} s{', and was stopped' if one.get('Killed') else ''}"
        case "miss_worker":
            return str(one.get("Why", ""))
        case _:
            return str(one.get("Result") or "")


def _result(one: dict[str, Any]) -> str:
    return f": {one['Result']}" if one.get("Result") else ""


def _json(one: dict[str, Any]) -> dict[str, Json]:
    """Times are epoch seconds."""
    sent, due = one.get("SentTimestamp"), one.get("ScheduleTimestamp")
    return {
        "id": one["AlertId"],
        "kind": one["Kind"],
        "at": one["Timestamp"] / 1000,
        "sent": None if sent is None else sent / 1000,
        "namespace": one["Namespace"],
        "group": one["GroupId"],
        "job": one["JobName"],
        "job_id": one["JobId"],
        "instance": one.get("JobInstanceId"),
        "schedule_time": None if due is None else due / 1000,
        "cause": one.get("Cause"),
        "result": one.get("Result"),
        "failures": one.get("Failures"),
        "timeout": one.get("Timeout"),
        "killed": one.get("Killed"),
        "why": one.get("Why"),
        "channel": one["SendChannel"],
        "contacts": one["ContactInfo"],
    }
