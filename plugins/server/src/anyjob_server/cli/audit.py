"""`anyjob audit`: who did it. Read from the database itself, also while no server runs."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Annotated

import typer

from anyjob.cli.moment import moment
from anyjob.cli.options import AsJson, Config
from anyjob_server.cli.options import State

if TYPE_CHECKING:
    from anyjob.outcome import Json
    from anyjob_server.store.audit import AuditRow

__all__ = ["audit"]


def audit(
    job: Annotated[int | None, typer.Option("--job", metavar="ID", help="Only what was about a job.")] = None,
    key: Annotated[str | None, typer.Option("--key", metavar="KEY", help="Only what an access key did.")] = None,
    action: Annotated[
        str | None, typer.Option("--action", metavar="NAME", help="Only an operation, as StopInstance.")
    ] = None,
    most: Annotated[int, typer.Option("--most", metavar="N", min=1, max=10_000, help="The newest N.")] = 20,
    state: State = None,
    config: Config = None,
    *,
    as_json: AsJson = False,
) -> None:
    """Show what was changed, by which access key and from where, and what was refused; the newest first.

    For the server's own user on its machine: it reads the database of the state folder or of the settings.
    """
    from anyjob.cli.inputs import settings_for
    from anyjob.cli.page import Page, print_json
    from anyjob.cli.streams import write
    from anyjob_server.client.serverfile import default_state
    from anyjob_server.settings import ServerSettings
    from anyjob_server.store import audit as lines
    from anyjob_server.store.store import read_once

    home = (state or default_state()).absolute()
    said = ServerSettings.of(settings_for(config, home, served=True)).database
    url = None if said is None else said.get_secret_value()
    found, _ = read_once(url, home, lambda c: lines.page(c, key=key, job=job, action=action, size=most))
    if as_json:
        print_json({"lines": [_json(row) for row in found]})
        return
    page = Page()
    page.section("Who did what, the newest first", [_row(row) for row in found])
    page.show()
    if not found:
        write(sys.stderr, f"anyjob: {_nothing(job, key, action)}\n")


def _nothing(job: int | None, key: str | None, action: str | None) -> str:
    """What was asked for, in words: a word that is none finds as little as one of which there is nothing."""
    from anyjob.nearest import did_you_mean
    from anyjob.problem import short
    from anyjob_server.api.registry import all_operations

    said = [("job", None if job is None else str(job)), ("key", key), ("action", action)]
    given = ", ".join(f"--{name} {short(value)!r}" for name, value in said if value is not None)
    if not given:
        return "the audit log has no lines"
    hint = did_you_mean(action, sorted(all_operations())) if action else ""
    return f"the audit log has no line with {given}{f'; {hint}' if hint else ''}"


def _row(row: AuditRow) -> tuple[str, ...]:
    scope = "/".join(word for word in (row.namespace, row.group_id) if word)
    what = f"{row.action}{'' if row.allowed else ' REFUSED'}"
    about = "" if row.job is None else f"job {row.job}"
    when = moment(row.at / 1000)
    return when, row.key, row.remote, what, scope, about, row.detail


def _json(row: AuditRow) -> dict[str, Json]:
    return {
        "at": row.at / 1000,
        "key": row.key,
        "remote": row.remote,
        "action": row.action,
        "allowed": row.allowed,
        "namespace": row.namespace,
        "group": row.group_id,
        "job": row.job,
        "detail": row.detail,
        "request": row.request_id,
    }
