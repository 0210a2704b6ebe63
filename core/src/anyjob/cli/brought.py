"""Commands that plugins bring. Plugins are loaded only when one of them may be meant."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Collection, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import typer

from anyjob.errors import AnyJobError, PluginError

if TYPE_CHECKING:
    from anyjob.plugins import CommandType, Offer

__all__ = ["CommandBroken", "add_brought"]


class CommandBroken(PluginError):
    """A plugin's command cannot be imported."""

    def __init__(self, name: str, plugin: str, cause: str) -> None:
        self.name, self.plugin, self.cause = name, plugin, cause
        super().__init__(f"`anyjob {name}` of {plugin} cannot be used: {cause}. Install what it lacks, or update it.")


def add_brought(
    app: typer.Typer, arguments: Sequence[str], own: Collection[str], shared: Mapping[str, str]
) -> set[str]:
    """Add what the arguments may mean: the one command they name, or all of them for a list; their names.

    Names in `own` are ours. `shared`: those of them that are ours only with an option; without it a plugin that brings
    the name has it. Raises BadSettings, and CommandBroken for one that is named and cannot be imported.
    """
    named = next((word for word in arguments if not word.startswith("-")), None)
    options = {word.partition("=")[0] for word in arguments}
    own = {name for name in own if name != named or shared.get(name, "") in {"", *options}}
    if named in own or "--version" in arguments:
        return set()
    try:
        offers = _offers(arguments)
    except AnyJobError:
        if named is not None:
            raise
        return set()  # a list without them is better than none, and every command says what is wrong
    added = set[str]()
    for offer in offers:
        name, about = offer.kind.name, offer.kind.help
        if name in own:
            continue
        command = _command(offer) if name == named else _listed
        if isinstance(command, typer.Typer):
            app.add_typer(command, name=name, help=about)
        else:
            # its own words where it is meant: they say more than a line of the list
            app.command(name, help=inspect.getdoc(command) or about if name == named else about)(command)
        added.add(name)
    return added


def _offers(arguments: Sequence[str]) -> Sequence[Offer[CommandType]]:
    """A plugin that the settings block is not imported, not even for a list."""
    from anyjob.cli.hosting import load_host
    from anyjob.cli.inputs import settings_for

    return load_host(settings_for(_path(arguments, "--config"), _path(arguments, "--state"))).commands()


def _path(arguments: Sequence[str], option: str) -> Path | None:
    for at, word in enumerate(arguments):
        if word == option and at + 1 < len(arguments):
            return Path(arguments[at + 1])
        if word.startswith(f"{option}="):
            return Path(word.partition("=")[2])
    return None


def _command(offer: Offer[CommandType]) -> Callable[..., Any] | typer.Typer:
    from anyjob.plugins.plugin import failure
    from anyjob.plugins.types import resolve

    try:
        return resolve(offer.kind.command)
    except (Exception, SystemExit) as error:
        raise CommandBroken(offer.kind.name, offer.plugin.label, failure(error)) from error


def _listed() -> None:
    """Only named in a list; the command itself is imported when it is meant."""
