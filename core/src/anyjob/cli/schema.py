"""`anyjob schema`: the JSON Schema of a job type."""

from __future__ import annotations

from typing import Annotated

import typer

from anyjob.cli.options import Config

__all__ = ["schema"]


def schema(
    job_type: Annotated[str, typer.Argument(metavar="TYPE", help="A JobType, as `anyjob plugins` lists them.")],
    launcher: Annotated[
        str | None, typer.Option("--launcher", metavar="NAME", help="With the keys of this launcher.")
    ] = None,
    config: Config = None,
    *,
    markdown: Annotated[
        bool, typer.Option("--markdown", help="A table of the type's own fields, as on its page.")
    ] = False,
) -> None:
    """Print the JSON Schema of a job type.

    It is JSON Schema 2020-12 of the whole job, by the names of the API.
    """
    from anyjob.cli import markdown as tables
    from anyjob.cli.inputs import settings_for
    from anyjob.cli.page import print_json
    from anyjob.cli.session import load_host
    from anyjob.nearest import did_you_mean

    host = load_host(settings_for(config, None))
    names = [offer.kind.name for offer in host.launchers()]
    if launcher is not None and launcher not in names:
        hint = did_you_mean(launcher, names) or f"the launchers are {', '.join(names)}"
        raise typer.BadParameter(f"{launcher!r} is no launcher here; {hint}", param_hint="--launcher")
    if markdown:
        typer.echo(tables.of_type(host, job_type) if launcher is None else tables.of_launcher(host, launcher), nl=False)
        return
    print_json(host.schema(job_type, launcher))
