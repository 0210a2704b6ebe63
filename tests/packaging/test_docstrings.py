"""Every public name says what it is: of the contract its methods, fields, units and errors as well.

That modules, classes and functions have a docstring at all is ruff's to hold (D100, D101, D103, D104).
"""

from __future__ import annotations

from pathlib import Path

import pytest
from tests.packaging.docstrings import PROMISED, ROOT, SOURCES, errors_unsaid, fields_unsaid, methods_unsaid


def test_what_is_promised_is_found() -> None:
    names = {made.node.name for made in PROMISED}
    assert {"Executor", "Run", "Outcome", "Samples", "HookSpecs", "Job"} <= names


def test_every_method_of_the_contract_says_what_it_is() -> None:
    assert [name for made in PROMISED for name in methods_unsaid(made)] == []


def test_every_field_of_the_contract_says_what_it_holds() -> None:
    assert [name for made in PROMISED for name in fields_unsaid(made)] == []


@pytest.mark.parametrize("file", SOURCES, ids=lambda file: str(file.relative_to(ROOT)))
def test_a_function_says_which_errors_it_raises_itself(file: Path) -> None:
    assert [*errors_unsaid(file)] == []
