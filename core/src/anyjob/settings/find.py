"""Which settings file counts."""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path
from typing import Final

__all__ = ["CONFIG_VARIABLE", "FILE_NAME", "Found", "find_settings"]

CONFIG_VARIABLE: Final = "ANYJOB_CONFIG"
FILE_NAME: Final = "anyjob.toml"
"""The settings file of a state folder."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Found:
    """A settings file, and what named it: `--config`, `ANYJOB_CONFIG` or `state folder`."""

    file: Path
    by: str


def find_settings(config: Path | None, state: Path | None) -> Found | None:
    """`config`, else what ANYJOB_CONFIG names, else anyjob.toml in the folder `state`, where there is one.

    None: no file counts. A file that was named need not exist here; reading it tells.
    """
    if config is not None:
        return Found(file=config.absolute(), by="--config")
    named = os.environ.get(CONFIG_VARIABLE)
    if named:
        return Found(file=Path(named).absolute(), by=CONFIG_VARIABLE)
    if state is not None and os.path.lexists(state / FILE_NAME):
        return Found(file=(state / FILE_NAME).absolute(), by="state folder")
    return None
