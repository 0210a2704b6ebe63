"""The files of a new executor's package."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Final

from anyjob.scaffold.carried import template_files, template_folder
from anyjob.scaffold.names import PackageNames
from anyjob.scaffold.refused import ScaffoldRefused

__all__ = ["write_package"]

_SPELLINGS: Final = re.compile(r"anyjob_template|Template|template")
"""The template's own names. Nothing else in it is written with these letters."""


def write_package(names: PackageNames, folder: Path) -> list[str]:
    """Write the package into the folder, which is made; the names of its files.

    Raises ScaffoldRefused when something is there already, and OSError.
    """
    _refuse_used(folder)
    template = template_folder()
    files = {_named(name, names): (template / name).read_text(encoding="utf-8") for name in template_files(template)}
    for name, text in files.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        with path.open("x", encoding="utf-8") as file:
            file.write(_named(text, names))
    return sorted(files)


def _refuse_used(folder: Path) -> None:
    if folder.is_dir():
        if any(folder.iterdir()):
            raise ScaffoldRefused("DIR", str(folder), "is not empty; name a folder that is new or empty")
    elif folder.exists() or folder.is_symlink():
        raise ScaffoldRefused("DIR", str(folder), "is no folder; name one that is new or empty")


def _named(text: str, names: PackageNames) -> str:
    words = {"anyjob_template": names.module, "Template": names.prefix, "template": names.job_type}
    return _SPELLINGS.sub(lambda found: words[found[0]], text)
