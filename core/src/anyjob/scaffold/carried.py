"""Where the template is, and which of its files count. Core's build executes this file by itself: standard library
only."""

from __future__ import annotations

from pathlib import Path
from typing import Final

__all__ = ["CARRIED", "SOURCE", "template_files", "template_folder"]

SOURCE: Final = "contrib/template"
"""The template in the source tree: the one truth."""
CARRIED: Final = "src/anyjob/scaffold/template"
"""Where an sdist of core holds it; a wheel the same without `src`."""

_LEAVINGS: Final = frozenset({"__pycache__", "build", "dist"})


def template_files(folder: Path) -> list[str]:
    """The template's files, relative to its folder, sorted: without what tools leave behind."""
    names = [path.relative_to(folder) for path in folder.rglob("*") if path.is_file()]
    return sorted(name.as_posix() for name in names if not any(map(_left, name.parts)))


def template_folder() -> Path:
    """The folder of the template: in an installed core beside this module, else in the source tree.

    Raises FileNotFoundError where core was installed in a way that left it out.
    """
    here = Path(__file__).resolve()
    carried = here.with_name("template")
    if carried.is_dir():
        return carried
    source = here.parents[4] / SOURCE
    if not (source / "pyproject.toml").is_file():
        raise FileNotFoundError(2, "this anyjob carries no template; install it from its wheel", str(carried))
    return source


def _left(part: str) -> bool:
    return part in _LEAVINGS or part.endswith(".egg-info") or (part.startswith(".") and part != ".gitignore")
