"""Numbers with a unit, and whether it is said: read as text, nothing of it is run."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from itertools import pairwise
from pathlib import Path
from typing import Final, NamedTuple

from tests.packaging.docstrings import Made, classes, declared_of, parsed

__all__ = ["UNITLESS", "Number", "numbers", "said"]

UNITLESS: Final = {"JobShelf.IDLE": "a number of jobs: how many that nobody runs stay known"}
"""Names that only look like a time or a size, and what they are."""

_WORDS: Final = frozenset(
    re.findall(
        r"\w+",
        """after age at before bytes cpu deadline delay delta duration elapsed ended every expire expires floor grace
        held idle interval keep kept lease length limit linger long memory moment now offset patience pause period poll
        quota reconnect seconds since size spent started taken time timeout ttl until wait waited within""",
    )
)
"""Words of a name behind which a time or a size is to be expected."""
_OWN: Final = re.compile(r"(?:^|_)(?:seconds|bytes|ms|millis|days|minutes)(?:_|$)")
"""Names that say their unit themselves."""
_COUNTS: Final = re.compile(r"at_once")
"""Names that say that they count something, and have a word in them that suggests otherwise."""
_UNIT: Final = re.compile(
    r"\b(?:epoch|seconds?|minutes?|hours?|days?|years?|ms|milliseconds?|bytes?|KB|MB|GB|characters?|ticks?|monotonic)\b"
    r"| s\b",
    re.IGNORECASE,
)
_MAY_COUNT: Final = frozenset({"before", "held", "keep", "kept", "length", "limit", "offset", "size", "taken"})
"""Words of a name that may stand for a number of things as well."""
_THINGS: Final = re.compile(
    r"how many|at most `limit` of|\b(?:calls|connections|failures|folders|instances|jobs|lines|parameters|processes|"
    r"reasons|rows|runs|tasks|threads)\b",
    re.IGNORECASE,
)
_THROUGHOUT: Final = re.compile(r"throughout|\b(?:times|sizes|intervals) (?:are|in)\b", re.IGNORECASE)
"""A sentence of a docstring that speaks of all times or sizes there."""


class Number(NamedTuple):
    """A number of a public name: `where` it is, its own `name`, what is said of it alone (`own`), and of all that it
    stands among (`about`)."""

    where: str
    name: str
    own: str
    about: tuple[str, ...]


def numbers(file: Path) -> Iterator[Number]:
    """The public parameters, fields, constants and results of a module whose name suggests a time or a size."""
    module = parsed(file)
    above = ast.get_docstring(module) or ""
    yield from _fields(module.body, "", (above,))
    for node in module.body:
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef) and not node.name.startswith("_"):
            yield from _function(node, node.name, (above,))
    for made in classes(file):
        yield from _class(made, above)


def _class(made: Made, above: str) -> Iterator[Number]:
    if any(ast.unparse(base).endswith(("Enum", "Flag")) for base in made.node.bases):
        return
    about = (ast.get_docstring(made.node) or "", above)
    yield from _fields(made.node.body, f"{made.node.name}.", about)
    for node in made.node.body:
        if not isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            continue
        if node.name == "__init__" or not node.name.startswith("_"):
            declared = declared_of(made, node.name) if ast.get_docstring(node) is None else None
            if declared != "":  # empty: it is somebody else's class that has it first, and says what it is
                yield from _function(node, f"{made.node.name}.{node.name}", (declared or "", *about))


def _function(node: ast.FunctionDef | ast.AsyncFunctionDef, where: str, about: tuple[str, ...]) -> Iterator[Number]:
    said = ast.get_docstring(node) or about[0]
    suggesting = [
        arg
        for arg in [*node.args.posonlyargs, *node.args.args, *node.args.kwonlyargs]
        if _suggests(arg.arg) and _number(arg.annotation)
    ]
    gives = _suggests(node.name) and _number(node.returns)
    alone = len(suggesting) + gives == 1
    for arg in suggesting:
        own = [said if alone else "", _told(node, arg.arg), *_texts(arg.annotation)]
        yield Number(f"{where}({arg.arg})", arg.arg, " ".join(own), (said, *about))
    if gives:
        yield Number(where, node.name, said if alone else "", (said, *about))


def _told(function: ast.FunctionDef | ast.AsyncFunctionDef, name: str) -> str:
    """What follows the number in a message that the function makes."""
    found: list[str] = []
    for text in ast.walk(function):
        if isinstance(text, ast.JoinedStr):
            for part, after in pairwise(text.values):
                if isinstance(part, ast.FormattedValue) and ast.unparse(part.value) == name:
                    found += _texts(after)
    return " ".join(found)


def _fields(body: list[ast.stmt], prefix: str, about: tuple[str, ...]) -> Iterator[Number]:
    for at, node in enumerate(body):
        if not isinstance(node, ast.AnnAssign | ast.Assign):
            continue
        target = node.target if isinstance(node, ast.AnnAssign) else node.targets[0]
        if not isinstance(target, ast.Name) or target.id.startswith("_") or not _suggests(target.id):
            continue
        kind = node.annotation if isinstance(node, ast.AnnAssign) else None
        if _number(kind) or ((kind is None or ast.unparse(kind) == "Final") and _value(node.value)):
            after = body[at + 1] if at + 1 < len(body) else None
            own = _texts(after) if isinstance(after, ast.Expr) and isinstance(after.value, ast.Constant) else []
            yield Number(prefix + target.id, target.id, " ".join([*own, *_texts(node)]), about)


def _texts(node: ast.AST | None) -> list[str]:
    """The texts that stand in it: a description, a help, a docstring."""
    if node is None:
        return []
    return [part.value for part in ast.walk(node) if isinstance(part, ast.Constant) and isinstance(part.value, str)]


def _suggests(name: str) -> bool:
    return bool(_suggesting(name))


def _suggesting(name: str) -> frozenset[str]:
    return _WORDS.intersection(_COUNTS.sub("", name.lower()).split("_"))


def _number(annotation: ast.expr | None) -> bool:
    """Whether the type is a number, or a number or nothing."""
    match annotation:
        case ast.Name(id="int" | "float"):
            return True
        case ast.BinOp(left=left, right=right):
            return _number(left) or _number(right)
        case ast.Subscript(value=ast.Name(id="Annotated"), slice=ast.Tuple(elts=[first, *_])):
            return _number(first)
        case ast.Subscript(value=ast.Name(id="Final" | "ClassVar"), slice=inner):
            return _number(inner)
        case _:
            return False


def _value(value: ast.expr | None) -> bool:
    """Whether a constant is a number, written or reckoned."""
    match value:
        case ast.Constant(value=int() | float()) if not isinstance(value.value, bool):
            return True
        case ast.BinOp(left=left, right=right):
            return _value(left) and _value(right)
        case _:
            return False


def said(number: Number) -> bool:
    """Whether its unit is: by its name, by what stands at it, or by a sentence of its function, class or module that
    names it, or speaks of all times or sizes there."""
    if _OWN.search(number.name.lower()) or _unit_in(number.own, number.name):
        return True
    for text in number.about:
        for sentence in re.split(r"(?<=[.;]) ", " ".join(text.split())):
            named = re.search(rf"`[^`]*\b{number.name}\b[^`]*`", sentence) or _THROUGHOUT.search(sentence)
            if named and _unit_in(sentence, number.name):
                return True
    return False


def _unit_in(text: str, name: str) -> bool:
    return bool(_UNIT.search(text) or (_suggesting(name) <= _MAY_COUNT and _THINGS.search(text)))
