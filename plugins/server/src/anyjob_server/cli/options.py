"""Options that the commands of the server share."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, TypeAlias

import typer

from anyjob.cli.options import folder

__all__ = ["Group", "Instance", "JobWord", "JobWords", "Namespace", "Quiet", "Server", "State", "Wait"]

Server: TypeAlias = Annotated[
    str | None,
    typer.Option(
        "--server", metavar="URL", help="Else ANYJOB_SERVER, else the server that runs on the state folder here."
    ),
]
Namespace: TypeAlias = Annotated[
    str | None, typer.Option("--namespace", metavar="ID", help="Else ANYJOB_NAMESPACE, else default.")
]
Group: TypeAlias = Annotated[
    str | None, typer.Option("--group", metavar="ID", help="The app group; else ANYJOB_GROUP, else default.")
]
State: TypeAlias = Annotated[
    Path | None,
    typer.Option(
        "--state", metavar="DIR", parser=folder, help="The server's state folder; else $XDG_STATE_HOME/anyjob/server."
    ),
]
JobWord: TypeAlias = Annotated[str, typer.Argument(metavar="JOB", help="Its id or its name.")]
JobWords: TypeAlias = Annotated[list[str], typer.Argument(metavar="JOB...", help="Their ids or names.")]
Instance: TypeAlias = Annotated[
    int, typer.Argument(metavar="ID", min=1, help="Its number, as `job run` and `instance list` show it.")
]
Wait: TypeAlias = Annotated[
    bool,
    typer.Option("--wait", help="Show its log and its end, and exit as `anyjob run` does. Ctrl-C leaves it going."),
]
Quiet: TypeAlias = Annotated[bool, typer.Option("--quiet", help="With --wait: show neither log nor summary.")]
