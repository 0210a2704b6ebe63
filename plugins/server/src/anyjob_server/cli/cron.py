"""`anyjob cron`: when a cron expression fires, or what is wrong with it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, NoReturn

import typer

from anyjob.cli.options import AsJson

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import tzinfo

    from anyjob.outcome import Json

__all__ = ["cron"]


def cron(
    expression: Annotated[str, typer.Argument(metavar="EXPR", help="Six or seven fields in one pair of quotes.")],
    timezone: Annotated[
        str | None,
        typer.Option("--timezone", metavar="ZONE", help="Asia/Shanghai, GMT+8, UTC+08:00; else this machine's."),
    ] = None,
    after: Annotated[
        int | None, typer.Option("--after", metavar="EPOCH", help="Times after this one, epoch seconds; else now.")
    ] = None,
    count: Annotated[int, typer.Option("--count", metavar="N", min=1, max=1000, help="How many times.")] = 5,
    *,
    as_json: AsJson = False,
) -> None:
    """Show when a cron expression fires, or what is wrong with it and where.

    The dialect is that of Quartz: second minute hour day-of-month month day-of-week [year], one of the two day fields
    is ?. Fewer times than asked for: it never fires again after the last.

    With --json: {"fires": [epoch seconds]}, or {"error": {"field", "value", "remedy"}}, of an expression also with
    "position", from 0, and "excerpt".

    Exit status: 0; 2 for an expression or zone that cannot be used.
    """
    import time

    from anyjob.cli.page import print_json
    from anyjob.problem import WrongValue
    from anyjob.timezone import parse_timezone
    from anyjob_server.timing.badcron import BadCron
    from anyjob_server.timing.cron import Cron
    from anyjob_server.timing.machinezone import machine_zone

    try:
        read = Cron.parse(expression)
        zone = machine_zone() if timezone is None else parse_timezone(timezone)
    except BadCron as bad:
        said = {"field": bad.field, "value": bad.value, "remedy": bad.remedy, "position": bad.position}
        _refuse(str(bad), {**said, "excerpt": bad.excerpt} if as_json else None)
    except WrongValue as wrong:
        problem = wrong.problem("--timezone", timezone)
        said = {"field": problem.field, "value": problem.value, "remedy": problem.remedy}
        _refuse(str(problem), said if as_json else None)
    at: int | None = int(time.time()) if after is None else after
    fires: list[int] = []
    while len(fires) < count and (at := read.after(at, zone)) is not None:
        fires.append(at)
    if as_json:
        print_json({"fires": list(fires)})
    else:
        _show(fires, zone, count)


def _show(fires: list[int], zone: tzinfo, count: int) -> None:
    from datetime import datetime

    for at in fires:
        typer.echo(f"{datetime.fromtimestamp(at, zone):%a %Y-%m-%d %H:%M:%S %z}  {at}")
    if len(fires) < count:
        typer.echo(f"It never fires again{' after that' if fires else ''} in {zone}.")


def _refuse(text: str, error: Mapping[str, Json] | None) -> NoReturn:
    from anyjob.cli.logtext import strip_controls
    from anyjob.cli.page import print_json
    from anyjob.cli.status import BAD_INPUT

    if error is not None:
        print_json({"error": dict(error)})
    else:
        typer.echo(f"anyjob: {strip_controls(text)}", err=True)
    raise typer.Exit(BAD_INPUT)
