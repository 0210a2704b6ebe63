"""The names that the contract promises, with their signatures: read from the source, written as core/docs/contract.txt.

    python -m tests.packaging.surface      write down what was added

What stood there and does not any more is no addition, so it is not taken out: the command says what is lost, and ends.
Neither is what those that came before would have to have: an abstract method, a field without a default.
"""

from __future__ import annotations

import ast
import re
import sys
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Final, NamedTuple

__all__ = ["LISTING", "MODULES", "Change", "breaking", "change", "exported", "extends", "surface"]

ROOT: Final = Path(__file__).parents[2]
SOURCE: Final = ROOT / "core/src"
LISTING: Final = ROOT / "core/docs/contract.txt"

MODULES: Final = (
    "anyjob.executor",
    "anyjob.run",
    "anyjob.outcome",
    "anyjob.spec",
    "anyjob.plugins",
    "anyjob.samples",
    "anyjob.testing",
    "anyjob.job",
    "anyjob.status",
    "anyjob.problem",
    "anyjob.errors",
    "anyjob.egress",
    "anyjob.egress.transport",
    "anyjob.secret",
    "anyjob.listenaddress",
    "anyjob.hole",
    "anyjob.jsontext",
    "anyjob.nearest",
    "anyjob.size",
    "anyjob.timezone",
    "anyjob.version",
    "anyjob.cli.options",
    "anyjob.cli.page",
    "anyjob.cli.streams",
)
"""What a plugin may import; of each what its `__all__` names. Other modules may change at any time."""

_MORE: Final = {
    "settings": (
        ("anyjob.worker.settings", "WorkerSettings"),
        ("anyjob.worker.settings", "SecretSource"),
        ("anyjob.worker.apps.appsettings", "AppsSettings"),
        ("anyjob.plugins.settings", "PluginSettings"),
        ("anyjob.egress.settings", "EgressSettings"),
    ),
    "an executable's file": (
        ("anyjob.worker.apps.definition", "_File"),
        ("anyjob.worker.apps.definition", "CapabilitiesTable"),
        ("anyjob.worker.apps.definition", "Patience"),
        ("anyjob.worker.apps.fields", "FieldTable"),
    ),
}
_FIXTURE: Final = "fixture"
_LONGEST: Final = 160
_OWED: Final = re.compile(r"^abstractmethod |^\w+: [^=]*$")
_HANDED: Final = {"Call", "EgressAdapter", "Observers", "Rig"}
"""Classes whose objects a plugin is given: how they are made is not promised."""


class Change(NamedTuple):
    """Lines of the listing that are not true any more, and those that are missing in it."""

    lost: list[str]
    added: list[str]


def change() -> Change:
    """What differs between the committed listing and the source."""
    listed, true = _lines(LISTING.read_text()), _lines("\n".join(surface()))
    added = [line for line in true if line not in listed]
    lost = [line for line in listed if line not in true and not any(extends(line, new) for new in added)]
    return Change(lost, added)


def extends(old: str, new: str) -> bool:
    """Whether a function takes what it took, and more that has a default. Not for methods: who overrides one takes what
    it took before, and would be called with more."""
    above, _, before = old.rpartition(" / ")
    if new.rpartition(" / ")[0] != above or (" / class " in old and not before.startswith("__init__")):
        return False
    one, other = (_parsed(text.rpartition(" / ")[2]) for text in (old, new))
    if one is None or other is None or (one.name, _said(one.returns)) != (other.name, _said(other.returns)):
        return False
    taken, now = _parameters(one), _parameters(other)
    kept = [name for name in now if name in taken]
    return (
        kept == [*taken] == [*now][: len(kept)]
        and all("=" in now[name] for name in now if name not in taken)
        and all(now[name] == said for name, said in taken.items())
    )


def _parsed(signature: str) -> ast.FunctionDef | None:
    try:
        (node,) = ast.parse(f"def {signature}: ...").body
    except SyntaxError:
        return None
    return node if isinstance(node, ast.FunctionDef) else None


def _parameters(node: ast.FunctionDef) -> dict[str, str]:
    """Each parameter with its kind, type and default."""
    args = node.args
    placed = [*args.posonlyargs, *args.args]
    defaults: list[ast.expr | None] = [*[None] * (len(placed) - len(args.defaults)), *args.defaults]
    made = {
        a.arg: f"{_said(a.annotation)}{'' if d is None else '=' + ast.unparse(d)}"
        for a, d in zip(placed, defaults, strict=True)
    }
    named = zip(args.kwonlyargs, args.kw_defaults, strict=True)
    made |= {a.arg: f"* {_said(a.annotation)}{'' if d is None else '=' + ast.unparse(d)}" for a, d in named}
    return made


def _said(node: ast.expr | None) -> str:
    return "" if node is None else ast.unparse(node)


def breaking(listed: list[str], added: list[str]) -> list[str]:
    """Those of the added lines without which a class that was made for the listing cannot be made any more."""
    return [
        line
        for line in added
        if line.rpartition(" / ")[0] in listed and "(Protocol)" not in line and _OWED.search(line.rpartition(" / ")[2])
    ]


def surface() -> Iterator[str]:
    """The listing, line by line."""
    (number,) = [line for line in _one("anyjob.plugins", "CONTRACT") if line.startswith("CONTRACT")]
    yield f"The surface of the contract. {number}. Made by: python -m tests.packaging.surface"
    for module in MODULES:
        yield ""
        yield module
        for name in exported(module):
            home = _home(module, name)
            yield from _indented(_one(module, name) if home == module else iter([f"{name}: of {home}"]))
    for title, places in _MORE.items():
        yield ""
        yield title
        for module, name in places:
            yield from _indented(_one(module, name))
    yield ""
    yield "variables of a command"
    yield from _indented(_keys("anyjob.worker.environment", "run_environment"))
    yield ""
    yield "facts of a start message"
    yield from _indented(_keys("anyjob.executor.said", "run_facts"))
    yield ""
    yield "messages of a program"
    for name in exported("anyjob.worker.apps.messages"):
        yield from _indented(_one("anyjob.worker.apps.messages", name))


def _lines(text: str) -> list[str]:
    """Each line with those above it that it belongs to, so that one name in two classes is two lines."""
    made: list[str] = []
    above: list[str] = []
    for line in text.splitlines()[2:]:
        depth = (len(line) - len(line.lstrip())) // 4
        above = [*above[:depth], line.strip()]
        if line.strip():
            made.append(" / ".join(above))
    return made


def _home(module: str, name: str) -> str:
    """The first of the modules that bring a name, which is where it is written out."""
    made = _found(module, name)[0]
    return next((one for one in MODULES if name in exported(one) and _found(one, name)[0] == made), module)


def _indented(lines: Iterator[str]) -> Iterator[str]:
    return (f"    {line}" for line in lines)


@cache
def _tree(module: str) -> ast.Module:
    path = SOURCE / module.replace(".", "/")
    return ast.parse((path / "__init__.py" if path.is_dir() else path.with_suffix(".py")).read_text())


def exported(module: str) -> list[str]:
    """What its `__all__` names."""
    for node in _tree(module).body:
        if isinstance(node, ast.Assign) and ast.unparse(node.targets[0]) == "__all__":
            return sorted(ast.literal_eval(node.value), key=str.casefold)
    raise AssertionError(f"{module} has no __all__")


def _found(module: str, name: str) -> tuple[str, ast.stmt]:
    """The module in which a name is made, and the statement that makes it."""
    for node in _tree(module).body:
        match node:
            case ast.ClassDef() | ast.FunctionDef() | ast.AsyncFunctionDef() if node.name == name:
                return module, node
            case ast.AnnAssign(target=ast.Name(id=said)) | ast.Assign(targets=[ast.Name(id=said)]) if said == name:
                return module, node
            case ast.ImportFrom(module=str(source)):
                for alias in node.names:
                    if name == (alias.asname or alias.name):
                        return _found(source, alias.name) if source.startswith("anyjob") else (module, node)
            case _:
                pass
    raise AssertionError(f"{module} does not make {name}")


def _one(module: str, name: str) -> Iterator[str]:
    where, node = _found(module, name)
    match node:
        case ast.ClassDef():
            yield f"class {name}{_bases(node)}"
            yield from _indented(iter(dict.fromkeys(_members(where, node))))
        case ast.FunctionDef() | ast.AsyncFunctionDef():
            yield _signature(node, name)
        case ast.AnnAssign() | ast.Assign():
            yield _field(node)
        case _:
            yield name


def _bases(node: ast.ClassDef) -> str:
    bases = [ast.unparse(base) for base in node.bases if not ast.unparse(base).startswith("_")]
    many = len(bases) > 4  # the groups of cases of the suite
    return f"({', '.join(bases)})" if bases and not many else ""


def _members(module: str, node: ast.ClassDef) -> Iterator[str]:
    for inner in node.body:
        match inner:
            case ast.FunctionDef() | ast.AsyncFunctionDef():
                marks = {ast.unparse(mark).split(".")[-1].partition("(")[0] for mark in inner.decorator_list}
                own = inner.name.startswith("_") and inner.name != "__init__"
                own = own or (inner.name == "__init__" and node.name in _HANDED)
                if not own and not inner.name.startswith("test_") and _FIXTURE not in marks:
                    yield from _method(inner, marks)
            case ast.AnnAssign() | ast.Assign():
                said = _field(inner)
                if not said.startswith(("_", "model_config")):
                    yield said
            case _:
                pass
    for base in node.bases:
        # What a private base or a group of cases brings is the class's own.
        said = ast.unparse(base).partition("[")[0]
        if said.startswith("_") or said == "Suite" or said.endswith("Cases"):
            where, brought = _found(module, said)
            assert isinstance(brought, ast.ClassDef)
            yield from _members(where, brought)


def _method(node: ast.FunctionDef | ast.AsyncFunctionDef, marks: set[str]) -> Iterator[str]:
    if "property" in marks or "cached_property" in marks:
        yield f"property {node.name} -> {ast.unparse(node.returns) if node.returns else ''}"
        return
    kind = "".join(f"{mark} " for mark in ("abstractmethod", "classmethod", "staticmethod") if mark in marks)
    yield kind + _signature(node, node.name)


def _signature(node: ast.FunctionDef | ast.AsyncFunctionDef, name: str) -> str:
    asks = "async " if isinstance(node, ast.AsyncFunctionDef) else ""
    gives = "" if node.returns is None else f" -> {ast.unparse(node.returns)}"
    return f"{asks}{name}({ast.unparse(node.args)}){gives}"


def _field(node: ast.AnnAssign | ast.Assign) -> str:
    value = "" if node.value is None else ast.unparse(node.value)
    value = value if len(value) <= _LONGEST else "..."
    if isinstance(node, ast.Assign) or ast.unparse(node.annotation) in {"Final", "TypeAlias"}:
        name = node.targets[0] if isinstance(node, ast.Assign) else node.target
        kind = None if node.value is None else _plain(node.value)
        return f"{ast.unparse(name)} = {kind if value == '...' else value}"
    return f"{ast.unparse(node.target)}: {_plain(node.annotation)}" + (f" = {value}" if value else "")


def _plain(annotation: ast.expr) -> str:
    """The type, and where it lives in a job; what checks and describes the value may be mended."""
    match annotation:
        case ast.Subscript(value=ast.Name(id="Annotated"), slice=ast.Tuple(elts=[kind, *more])):
            places = [ast.unparse(item) for item in more if ast.unparse(item).startswith("At(")]
            return " ".join([_plain(kind), *places])
        case ast.Subscript(value=value, slice=ast.Tuple(elts=parts)):
            return f"{ast.unparse(value)}[{', '.join(_plain(part) for part in parts)}]"
        case ast.Subscript(value=ast.Name(id="Final"), slice=part):
            return _plain(part)
        case ast.Subscript(value=value, slice=part):
            return f"{ast.unparse(value)}[{_plain(part)}]"
        case ast.BinOp(left=left, right=right):
            return f"{_plain(left)} | {_plain(right)}"
        case _:
            return ast.unparse(annotation)


def _keys(module: str, name: str) -> Iterator[str]:
    """The keys that a function writes into a dict: in a literal, or one by one."""
    _, node = _found(module, name)
    keys: set[str] = set()
    for part in ast.walk(node):
        match part:
            case ast.Dict(keys=said):
                keys |= {key.value for key in said if isinstance(key, ast.Constant) and isinstance(key.value, str)}
            case ast.Subscript(value=ast.Name(id="env"), slice=ast.Constant(value=str(key))):
                keys.add(key)
            case _:
                pass
    yield from sorted(keys)


def main() -> int:
    """Write the listing. 1: something of it is lost, and nothing was written."""
    if LISTING.exists():
        lost = change().lost
        if lost:
            print("These were promised, and are not there any more; the contract grows by addition only:")
            print("\n".join(f"  {line}" for line in lost))
            return 1
        owed = breaking(_lines(LISTING.read_text()), change().added)
        if owed:
            print("Whoever came before does not have these; give a default, or an implementation:")
            print("\n".join(f"  {line}" for line in owed))
            return 1
    LISTING.write_text("\n".join(surface()) + "\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
