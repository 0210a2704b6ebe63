"""What the source says of its public names, and what it leaves out: read as text, nothing of it is run."""

from __future__ import annotations

import ast
import builtins
import importlib
import re
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Final, NamedTuple

from tests.packaging.surface import MODULES, exported

__all__ = ["PROMISED", "ROOT", "SOURCES", "errors_unsaid", "fields_unsaid", "methods_unsaid"]

ROOT: Final = Path(__file__).parents[2]
SOURCES: Final = sorted(
    file
    for pattern in ("core/src", "executors/*/src", "plugins/*/src")
    for folder in ROOT.glob(pattern)
    for file in folder.rglob("*.py")
    if "migrations" not in file.parts
)


class Made(NamedTuple):
    """A class, with the module that makes it."""

    module: str
    node: ast.ClassDef


def methods_unsaid(made: Made) -> Iterator[str]:
    """Public methods and properties of which nothing is said, neither there nor where they are first declared."""
    for method in made.node.body:
        if not isinstance(method, ast.FunctionDef | ast.AsyncFunctionDef) or method.name.startswith("_"):
            continue
        if ast.get_docstring(method) is None and _declared(made, method.name) is None:
            yield f"{made.node.name}.{method.name}"


def fields_unsaid(made: Made) -> Iterator[str]:
    """Public fields of which neither the class's docstring, nor one of their own, nor a description says anything."""
    about, body = ast.get_docstring(made.node) or "", made.node.body
    for at, field in enumerate(body):
        if not isinstance(field, ast.AnnAssign) or not isinstance(field.target, ast.Name):
            continue
        name, text = field.target.id, ast.unparse(field)
        after = body[at + 1] if at + 1 < len(body) else None
        own = isinstance(after, ast.Expr) and isinstance(after.value, ast.Constant)
        described = "description=" in text or "Api(" in text  # Api holds what a field of Job means
        if not (name.startswith("_") or own or described or re.search(rf"`{name}[`=]", about)):
            yield f"{made.node.name}.{name}"


def errors_unsaid(file: Path) -> Iterator[str]:
    """Errors of anyjob that a public function raises itself, and of which its docstring does not warn."""
    tree = _tree(str(file))
    functions: list[tuple[Made | None, ast.stmt]] = [(None, node) for node in tree.body]
    functions += [(made, node) for made in _classes(file) for node in made.node.body]
    module = _module(file)
    for made, function in functions:
        if not isinstance(function, ast.FunctionDef | ast.AsyncFunctionDef):
            continue
        if function.name.startswith("_") or any("abstract" in ast.unparse(mark) for mark in function.decorator_list):
            continue
        about = (ast.get_docstring(function) or "") + ((_declared(made, function.name) or "") if made else "")
        for error in sorted(_raised(function)):
            tree_of = _ancestry(module, error)
            if "AnyJobError" in tree_of and not any(re.search(rf"\b{name}\b", about) for name in tree_of):
                yield f"{function.name} raises {error}"


def _raised(function: ast.AST) -> set[str]:
    """Names of what a function raises and does not catch itself; functions within it are not it."""
    found: set[str] = set()
    for node in ast.iter_child_nodes(function):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda | ast.ClassDef):
            continue
        if isinstance(node, ast.Try):
            caught = {ast.unparse(kind.type) for kind in node.handlers if kind.type is not None}
            inside = set[str]().union(*(_raised(part) for part in ast.iter_child_nodes(node)))
            found |= {name for name in inside if not any(name in said for said in caught)}
            continue
        if isinstance(node, ast.Raise) and isinstance(node.exc, ast.Call) and isinstance(node.exc.func, ast.Name):
            found.add(node.exc.func.id)
        found |= _raised(node)
    return found


def _ancestry(module: str, name: str) -> list[str]:
    """The name of a class and of those above it, up to AnyJobError or as far as they are ours."""
    made, seen = _class(module, name), [name]
    while made is not None and made.node.bases and seen[-1] != "AnyJobError":
        seen.append(ast.unparse(made.node.bases[0]))
        made = _class(made.module, seen[-1])
    return seen


def _declared(made: Made, name: str) -> str | None:
    """What is said of a method where it is first declared: by a base, or by a class of the contract that the class's
    docstring names, as `the Run of a worker` does; None: nothing."""
    bases = [ast.unparse(base).partition("[")[0] for base in made.node.bases]
    named = re.findall(r"\b[A-Z]\w+", ast.get_docstring(made.node) or "")
    for said in [*bases, *named]:
        found = _class(made.module, said) or _promised(said)
        if found is None:
            if said in bases and _foreign(made.module, said, name):
                return ""
            continue
        if found == made:
            continue
        for method in found.node.body:
            if isinstance(method, ast.FunctionDef | ast.AsyncFunctionDef) and method.name == name:
                about = ast.get_docstring(method) or _declared(found, name)
                if about is not None:
                    return about
        about = _declared(found, name) if said in bases else None
        if about is not None:
            return about
    return None


@cache
def _promised(name: str) -> Made | None:
    """The class of the contract that has the name."""
    return next((_class(module, name) for module in MODULES if name in exported(module)), None)


def _foreign(module: str, base: str, name: str) -> bool:
    """Whether a class of somebody else's has the name."""
    where = _imports(module).get(base.partition(".")[0])
    found: object = getattr(builtins, base, None)
    if where is not None and not where[0].startswith("anyjob"):
        found = importlib.import_module(where[0])
        for part in (where[1], *base.split(".")[1:]):
            found = getattr(found, part, None) if part else found
    return hasattr(found, name)


@cache
def _imports(module: str) -> dict[str, tuple[str, str]]:
    path = _path(module)
    made: dict[str, tuple[str, str]] = {}
    if path is None:
        return made
    for node in ast.walk(_tree(str(path))):
        if isinstance(node, ast.ImportFrom):
            above = module if path.name == "__init__.py" else module.rpartition(".")[0]
            source = f"{above}.{node.module or ''}".rstrip(".") if node.level else node.module or ""
            made |= {alias.asname or alias.name: (source, alias.name) for alias in node.names}
        elif isinstance(node, ast.Import):
            made |= {
                alias.asname or alias.name.partition(".")[0]: (alias.name.partition(".")[0], "") for alias in node.names
            }
    return made


def _class(module: str, name: str) -> Made | None:
    """The class that a module knows by a name, where it is made; None: it is none of ours."""
    path = _path(module)
    if path is None:
        return None
    for node in _tree(str(path)).body:
        if isinstance(node, ast.ClassDef) and node.name == name:
            return Made(module, node)
    source, original = _imports(module).get(name, ("", ""))
    return _class(source, original) if source.startswith("anyjob") and source != module else None


def _classes(file: Path) -> list[Made]:
    return [
        Made(_module(file), node)
        for node in _tree(str(file)).body
        if isinstance(node, ast.ClassDef) and not node.name.startswith("_")
    ]


@cache
def _tree(file: str) -> ast.Module:
    return ast.parse(Path(file).read_text())


def _module(file: Path) -> str:
    inside = file.parts[file.parts.index("src") + 1 :]
    return ".".join(inside).removesuffix(".py").removesuffix(".__init__")


@cache
def _path(module: str) -> Path | None:
    package = module.partition(".")[0]
    for folder in ROOT.glob("core/src") if package == "anyjob" else ROOT.glob(f"*/*/src/{package}/.."):
        path = folder.resolve() / module.replace(".", "/")
        for file in (path.with_suffix(".py"), path / "__init__.py"):
            if file.is_file():
                return file
    return None


PROMISED: Final = [
    made for module in MODULES for name in exported(module) if (made := _class(module, name)) is not None
]
"""The classes of the contract."""
