"""Names that a docstring explains, and that are not there any more: read as text, nothing of it is run."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Final

from tests.packaging.docstrings import parsed

__all__ = ["explained_in_vain"]

_EXPLAINS: Final = re.compile(r"(?:^|[.;,:] |\n)(?:and )?`([a-z_]\w*)`(?=:|, `\w+`:)", re.MULTILINE)
"""`name`: what it is; at the beginning of a clause, else something is said about a word of somebody else's."""


def explained_in_vain(file: Path) -> Iterator[str]:
    """What docstrings of functions and classes explain as "`name`: ..." and their code does not have."""
    for node in ast.walk(parsed(file)):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
            about = ast.get_docstring(node) or ""
            there = _names(node)
            yield from (f"{node.name}: {name}" for name in _EXPLAINS.findall(about) if name not in there)


def _names(node: ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef) -> set[str]:
    """Every name in it, and every word of the short texts in it, as keys of messages are."""
    found: set[str] = set()
    parts = [*node.body[1:]] if isinstance(node, ast.ClassDef) else [node.args, *node.body[1:]]
    for part in parts:
        for inner in ast.walk(part):
            match inner:
                case ast.Name(id=name) | ast.Attribute(attr=name) | ast.arg(arg=name) | ast.keyword(arg=str(name)):
                    found.add(name)
                case ast.FunctionDef(name=name) | ast.AsyncFunctionDef(name=name) | ast.ClassDef(name=name):
                    found.add(name)
                case ast.Constant(value=str(text)) if len(text) < 60:
                    found |= set(re.findall(r"\w+", text))
                case _:
                    pass
    return found
