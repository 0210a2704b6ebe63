"""`anyjob config`: the settings in force, and where each comes from."""

from __future__ import annotations

import json
from contextlib import suppress
from typing import TYPE_CHECKING, Any

from anyjob.cli.options import AsJson, Config, State

if TYPE_CHECKING:
    from anyjob.plugins import PluginHost
    from anyjob.settings import Readers

__all__ = ["config"]


def config(file: Config = None, state: State = None, *, as_json: AsJson = False) -> None:
    """Show the settings in force, and whence.

    Of secrets only the sources are shown; no value is read.
    """
    from anyjob.cli import folders
    from anyjob.cli.inputs import settings_for
    from anyjob.cli.page import Page, print_json
    from anyjob.cli.session import load_host
    from anyjob.settings import in_force

    settings = settings_for(file, state)
    host = load_host(settings)
    values = list(in_force(settings, _readers(host)))
    found = settings.found
    where = str(state.absolute() if state else folders.home())
    if as_json:
        print_json(
            {
                "file": None if found is None else str(found.file),
                "found_by": None if found is None else found.by,
                "state": where,
                "values": [
                    {"key": one.key, "value": one.value, "whence": one.whence, "note": one.note} for one in values
                ],
            }
        )
        return
    page = Page()
    file_row = "none: everything is default" if found is None else f"{found.file} (by {found.by})"
    page.section("Where", [("settings", file_row), ("state", where if state else f"{where}, a folder for each run")])
    parts = list(dict.fromkeys(one.key.partition(".")[0] for one in values))
    for part in parts:
        rows = [
            (one.key, json.dumps(one.value), f"{one.whence}{f'; {one.note}' if one.note else ''}")
            for one in values
            if one.key.partition(".")[0] == part
        ]
        page.section(part, rows)
    page.show()


def _readers(host: PluginHost) -> Readers:
    """The tables that plugins read. One whose model cannot be imported is left out, and its plugin says why."""
    from anyjob.plugins.types import resolve

    readers: dict[str, Any] = {}
    kinds = [(f"executors.{offer.kind.job_type}", offer.kind.settings) for offer in host.types()]
    kinds += [(f"launchers.{offer.kind.name}", offer.kind.settings) for offer in host.launchers()]
    kinds += [(offer.kind.part, offer.kind.settings) for offer in host.commands() if offer.kind.part]
    for part, target in kinds:
        with suppress(Exception, SystemExit):  # importing runs the plugin's code
            readers[part] = resolve(target)
    return readers
