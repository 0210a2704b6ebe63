"""The tables of the pages that are made of the models: `python -m tests.docs.tables` writes them anew.

A table stands between two marks, `<!-- fields shell -->` and `<!-- /fields -->`. What may follow `fields`: a JobType;
`job`, the fields of every job; `common` and `modes`, the keys of XAttrs that core reads; `launcher NAME`; `settings
PART`, a table of the settings file. `<!-- promises shell -->` holds what a type promises, by its capabilities.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from functools import cache
from typing import Any

from pydantic import BaseModel
from tests.docs.fences import ROOT, pages
from tests.docs.promises import promises

from anyjob.cli.markdown import table
from anyjob.cli.session import load_host
from anyjob.plugins import PluginHost
from anyjob.plugins.types import resolve
from anyjob.settings import Settings
from anyjob.spec import CommonXAttrs
from anyjob.spec.mode import ModeXAttrs
from anyjob.spec.reference import job_rows, settings_rows, spec_rows

__all__ = ["TABLE", "host", "made", "readers", "rewritten"]

TABLE = re.compile(
    r"(?P<begin><!-- (?P<word>fields|promises) (?P<what>[\w. -]+?) -->\n).*?(?P<end><!-- /(?P=word) -->)", re.DOTALL
)


@cache
def host() -> PluginHost:
    """All that is installed, as `anyjob run` has it without a settings file."""
    return load_host(Settings.alone())


@cache
def readers() -> Mapping[str, Any]:
    """Who reads the tables of plugins, as `anyjob config` has it, but that a model that cannot be had is an error."""
    kinds = [(f"executors.{offer.kind.job_type}", offer.kind.settings) for offer in host().types()]
    kinds += [(f"launchers.{offer.kind.name}", offer.kind.settings) for offer in host().launchers()]
    kinds += [(offer.kind.part, offer.kind.settings) for offer in host().commands() if offer.kind.part]
    return {part: resolve(target) for part, target in kinds}


def made(word: str, what: str) -> str:
    """The table of a mark."""
    if word == "promises":
        return promises(host(), what)
    kind, _, name = what.partition(" ")
    match kind:
        case "job":
            return table(job_rows())
        case "common":
            return table(spec_rows(CommonXAttrs))
        case "modes":
            return table(spec_rows(ModeXAttrs))
        case "launcher":
            return table(spec_rows(host().options(name)))
        case "settings":
            return table(settings_rows(_part(name)), "key")
        case job_type:
            return table(spec_rows(host().spec(job_type)))


def _part(name: str) -> type[BaseModel]:
    from anyjob.egress import EgressSettings
    from anyjob.plugins.settings import PluginSettings
    from anyjob.worker.settings import SecretSource, WorkerSettings

    own = {"worker": WorkerSettings, "egress": EgressSettings, "plugins": PluginSettings, "secrets.NAME": SecretSource}
    return {**readers(), **own}[name]


def rewritten(text: str) -> str:
    """A page's text with its tables as they have to be."""
    return TABLE.sub(lambda found: f"{found['begin']}{made(found['word'], found['what'])}{found['end']}", text)


if __name__ == "__main__":
    for page in pages():
        before = (ROOT / page).read_text()
        if (after := rewritten(before)) != before:
            (ROOT / page).write_text(after)
            print(page)
