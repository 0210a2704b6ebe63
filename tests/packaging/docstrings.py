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

__all__ = [
    "PROMISED",
    "ROOT",
    "SOURCES",
    "Made",
    "classes",
    "declared_of",
    "errors_unknown",
    "errors_unsaid",
    "fields_unsaid",
    "names_unsaid",
    "parsed",
]

ROOT: Final = Path(__file__).parents[2]
SOURCES: Final = sorted(
    file
    for pattern in ("core/src", "executors/*/src", "plugins/*/src", "contrib/*/src")
    for folder in ROOT.glob(pattern)
    for file in folder.rglob("*.py")
    if "migrations" not in file.parts
)
_RAISES: Final = re.compile(r"\b[Rr]aises ((?:[A-Z]\w+(?:, | and | or )?)+)")
_IMPLEMENTS: Final = re.compile(r"Implements ((?:`[\w.]+`(?:, | and )?)+)")


class Made(NamedTuple):
    """A class, with the module that makes it."""

    module: str
    node: ast.ClassDef


def names_unsaid(file: Path) -> Iterator[str]:
    """The public names of a module of which nothing is said: the module itself, its functions and classes, and their
    methods and properties, which may be said where they are first declared."""
    if any(part.startswith("_") and part != "__init__" for part in _module(file).split(".")):
        return
    tree = parsed(file)
    if ast.get_docstring(tree) is None and tree.body:
        yield "the module"
    for node in tree.body:
        if not isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef) or node.name.startswith("_"):
            continue
        if ast.get_docstring(node) is None and not _accessory(node):
            yield node.name
    for made in classes(file):
        if ast.get_docstring(made.node) is None:
            yield made.node.name
        for method in made.node.body:
            if not isinstance(method, ast.FunctionDef | ast.AsyncFunctionDef) or method.name.startswith("_"):
                continue
            if _accessory(method) or ast.get_docstring(method) is not None:
                continue
            if declared_of(made, method.name) is None:
                yield f"{made.node.name}.{method.name}"


def _accessory(function: ast.FunctionDef | ast.AsyncFunctionDef) -> bool:
    """Whether it belongs to another one of its name, which is the one that says what it is."""
    marks = [ast.unparse(mark) for mark in function.decorator_list]
    return any(mark.endswith((".setter", ".deleter", "overload")) for mark in marks)


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
    """Errors of ours that a public function raises itself, and of which its docstring does not warn."""
    tree = parsed(file)
    functions: list[tuple[Made | None, ast.stmt]] = [(None, node) for node in tree.body]
    functions += [(made, node) for made in classes(file) for node in made.node.body]
    module = _module(file)
    for made, function in functions:
        if not isinstance(function, ast.FunctionDef | ast.AsyncFunctionDef):
            continue
        if function.name.startswith("_") or any("abstract" in ast.unparse(mark) for mark in function.decorator_list):
            continue
        if function.name.startswith("test_"):  # a case of the suite: to raise Fault is how it fails
            continue
        about = (ast.get_docstring(function) or "") + ((declared_of(made, function.name) or "") if made else "")
        for error in sorted(_raised(function)):
            above = _ancestry(module, error)
            if above and not any(re.search(rf"\b{name}\b", about) for name in above):
                yield f"{function.name} raises {error}"


def errors_unknown(file: Path) -> Iterator[str]:
    """Words after "Raises" in a docstring that are no error any more: neither Python's, nor ours, nor imported."""
    tree, module = parsed(file), _module(file)
    for node in ast.walk(tree):
        if not isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef | ast.Module):
            continue
        for listed in _RAISES.findall(ast.get_docstring(node) or ""):
            for name in re.findall(r"\w+", listed.replace(" and ", " ").replace(" or ", " ")):
                if not (hasattr(builtins, name) or name in _imports(module) or _class(module, name) or _any(name)):
                    yield name


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
        if isinstance(node, ast.Raise) and node.exc is not None:
            made = node.exc.func if isinstance(node.exc, ast.Call) else node.exc
            # `raise Fault(...)`, `raise Fault` and `raise Fault.of(...)`.
            made = made.value if isinstance(made, ast.Attribute) else made
            if isinstance(made, ast.Name):
                found.add(made.id)
        found |= _raised(node)
    return found


def _ancestry(module: str, name: str) -> list[str]:
    """The name of a public error of ours and of those above it that say more than Exception; of all else nothing."""
    made, seen = _class(module, name), [name]
    if made is None or name.startswith("_"):
        return []
    while made is not None and made.node.bases:
        seen.append(ast.unparse(made.node.bases[0]))
        made = _class(made.module, seen[-1])
    return [above for above in seen if above != "Exception"] if _is_error(seen[-1]) else []


def _is_error(name: str) -> bool:
    found = getattr(builtins, name, None)
    return isinstance(found, type) and issubclass(found, Exception)


def declared_of(made: Made, name: str) -> str | None:
    """What is said of a method where it is first declared; None: nothing.

    That is a base, a class of the contract that the class's docstring names, as `the Run of a worker` does, or one that
    it names as "Implements `X`" or "Implements `X` and `Y`".
    """
    inherited = _inherited(made, name)
    if inherited is not None:
        return inherited
    about = ast.get_docstring(made.node) or ""
    implemented = [said.strip("`,").rpartition(".")[2] for said in " ".join(_IMPLEMENTS.findall(about)).split()]
    for said in [*implemented, *re.findall(r"\b[A-Z]\w+", about)]:
        found = _class(made.module, said) or _promised(said) or (_only(said) if said in implemented else None)
        if found is None or found == made:
            continue
        there = _said_in(found, name) or _inherited(found, name)
        if there is not None:
            return there
    return None


def _inherited(made: Made, name: str) -> str | None:
    """What the bases say of a method; empty: one of them is somebody else's class, which has it."""
    for base in [ast.unparse(base).partition("[")[0] for base in made.node.bases]:
        found = _class(made.module, base)
        if found is None:
            if _foreign(made.module, base, name):
                return ""
        elif found != made:
            there = _said_in(found, name) or _inherited(found, name)
            if there is not None:
                return there
    return None


def _said_in(made: Made, name: str) -> str | None:
    """The docstring of a method in the class that has it."""
    for member in made.node.body:
        if isinstance(member, ast.FunctionDef | ast.AsyncFunctionDef) and member.name == name:
            return ast.get_docstring(member)
    return None


def _only(name: str) -> Made | None:
    """The class of that name, where there is one such in all our packages."""
    found = _any(name)
    return found[0] if len(found) == 1 else None


def _any(name: str) -> list[Made]:
    """The public classes of that name in all our packages."""
    return _by_name().get(name, [])


@cache
def _by_name() -> dict[str, list[Made]]:
    found: dict[str, list[Made]] = {}
    for file in SOURCES:
        for made in classes(file):
            found.setdefault(made.node.name, []).append(made)
    return found


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
    for node in ast.walk(parsed(path)):
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
    for node in parsed(path).body:
        if isinstance(node, ast.ClassDef) and node.name == name:
            return Made(module, node)
    source, original = _imports(module).get(name, ("", ""))
    return _class(source, original) if source.startswith("anyjob") and source != module else None


def classes(file: Path) -> list[Made]:
    """The public classes of a module."""
    return [
        Made(_module(file), node)
        for node in parsed(file).body
        if isinstance(node, ast.ClassDef) and not node.name.startswith("_")
    ]


@cache
def parsed(file: Path) -> ast.Module:
    return ast.parse(file.read_text())


def _module(file: Path) -> str:
    parts = file.relative_to(ROOT).parts
    inside = parts[parts.index("src") + 1 :]
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
