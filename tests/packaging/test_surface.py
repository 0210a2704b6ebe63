"""What the contract promises stays as it was written down, and is all that plugins need."""

from __future__ import annotations

import ast
from pathlib import Path

import pytest
from tests.packaging.surface import MODULES, ROOT, breaking, change, exported, extends

# The server is the worker's own home, and is released with it.
FILES = sorted(
    file
    for pattern in ("executors/*/src", "plugins/*/src", "contrib/*/src")
    for folder in ROOT.glob(pattern)
    for file in folder.rglob("*.py")
    if "plugins/server" not in str(folder)
)

BEYOND = {
    # `anyjob spring list` is a command that has a worker for a moment, or looks into the folder of another's.
    "executors/springschedule/src/anyjob_springschedule/cli.py": {
        "anyjob.cli",
        "anyjob.cli.inputs",
        "anyjob.cli.session",
        "anyjob.worker.apps.seenfile",
    },
    "executors/springschedule/src/anyjob_springschedule/moment.py": {"anyjob.settings", "anyjob.worker.worker"},
}
"""What may not be promised, and is used all the same, with the reason."""


def test_nothing_promised_is_gone_or_changed() -> None:
    lost = change().lost
    assert not lost, "promised in core/docs/contract.txt, and not so any more:\n" + "\n".join(lost)


def test_what_is_new_is_written_down() -> None:
    added = change().added
    assert not added, "new; if it is to be kept for ever: python -m tests.packaging.surface\n" + "\n".join(added)


def test_what_would_break_those_that_came_before_is_no_addition() -> None:
    owed = ["class A(ABC) / abstractmethod go(self) -> None", "class B / size: int", "class C / size: int"]
    fine = ["class A(ABC) / stay(self) -> None", "class B / size: int = 0", "class D(Protocol) / size: int", "class C"]
    known = ["class A(ABC)", "class B", "class D(Protocol)"]
    assert breaking(known, [*owed, *fine]) == owed[:2]


@pytest.mark.parametrize(
    ("new", "more"),
    [
        ("m / go(a: int, b: str='') -> None", True),
        ("m / go(a: int, *, b: str='') -> None", True),
        ("m / go(a: int, b: str) -> None", False),
        ("m / go(b: str='', a: int=0) -> None", False),
        ("m / go(a: str, b: str='') -> None", False),
        ("m / go(a: int, b: str='') -> int", False),
        ("m / come(a: int, b: str='') -> None", False),
    ],
)
def test_a_function_may_take_more_that_has_a_default(new: str, *, more: bool) -> None:
    assert extends("m / go(a: int) -> None", new) is more


def test_a_method_may_not_because_others_override_it() -> None:
    assert not extends("m / class A / go(self) -> None", "m / class A / go(self, b: str='') -> None")
    assert extends("m / class A / __init__(self) -> None", "m / class A / __init__(self, b: str='') -> None")


@pytest.mark.parametrize("file", FILES, ids=lambda file: str(file.relative_to(ROOT)))
def test_plugins_import_only_what_is_promised(file: Path) -> None:
    beyond = BEYOND.get(str(file.relative_to(ROOT)), set[str]())
    for node in ast.walk(ast.parse(file.read_text())):
        modules = [alias.name for alias in node.names] if isinstance(node, ast.Import) else []
        assert not [name for name in modules if name.partition(".")[0] == "anyjob"], "write from anyjob.x import y"
        if isinstance(node, ast.ImportFrom) and (node.module or "").partition(".")[0] == "anyjob":
            assert node.module in {*MODULES, *beyond}, f"{node.module} is not promised"
            if node.module in MODULES:
                assert {alias.name for alias in node.names} <= {*exported(node.module)}, ast.unparse(node)
