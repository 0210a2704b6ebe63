"""`anyjob new-executor`: the package of a new executor."""

from __future__ import annotations

import os
import shlex
import shutil
import sys
from pathlib import Path
from typing import Annotated

import typer

__all__ = ["new_executor"]


def new_executor(
    name: Annotated[str, typer.Argument(metavar="NAME", help="The JobType that it will run.")],
    folder: Annotated[Path, typer.Argument(metavar="DIR", help="Its new folder.")],
) -> None:
    """Write the package of a new executor.

    It is complete: it runs programs, passes the conformance suite, type checks clean, and builds. Make it yours.

    The distribution is anyjob-NAME, the module anyjob_NAME with '_' for '-' and '.', the JobType NAME.
    """
    from anyjob.cli.inputs import settings_for
    from anyjob.cli.session import load_host
    from anyjob.problem import plain
    from anyjob.scaffold.names import PackageNames
    from anyjob.scaffold.package import write_package

    names = PackageNames.of(name, load_host(settings_for(None, None)))
    for file in write_package(names, folder):
        typer.echo(plain(str(folder / file)))
    typer.echo("\nNext:")
    for words in _next(names.job_type, folder):
        typer.echo(f"  {plain(shlex.join(words))}")


def _next(name: str, folder: Path) -> list[list[str]]:
    """Install it, prove it, run it: as they have to be typed here."""
    programs = Path(sys.executable).parent
    found = shutil.which("anyjob")
    here = "" if found and Path(found).parent == programs else f"{os.path.relpath(programs)}/"
    if shutil.which(f"{programs}/pip"):
        install = [f"{here}pip", "install"]
    else:  # an environment made by uv
        install = ["uv", "pip", "install", "--python", f"{here or f'{programs}/'}python"]
    target = str(folder) if folder.is_absolute() else f"./{folder}"
    return [
        [*install, "-e", target],
        [f"{here}anyjob", "check-executor", name],
        [f"{here}anyjob", "run", str(folder / "examples/hello.yaml")],
    ]
