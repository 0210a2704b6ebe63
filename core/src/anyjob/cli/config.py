"""`anyjob config`: the settings in force, and where each comes from."""

from __future__ import annotations

import json

from anyjob.cli.options import AsJson, Config, State

__all__ = ["config"]


def config(file: Config = None, state: State = None, *, as_json: AsJson = False) -> None:
    """Show the settings in force, and whence.

    Of secrets only the sources are shown; no value is read. Raises BadSettings.
    """
    from anyjob.cli import folders
    from anyjob.cli.hosting import load_host, readers
    from anyjob.cli.inputs import settings_for
    from anyjob.cli.page import Page, print_json
    from anyjob.errors import BadSettings
    from anyjob.settings import in_force, problems_of

    settings = settings_for(file, state)
    host = load_host(settings)
    known = readers(host)
    if problems := problems_of(settings, known):
        raise BadSettings(settings.source, problems)
    values = list(in_force(settings, known))
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
