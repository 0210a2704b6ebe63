"""Every public name says what it is: of the contract its fields as well, of every function the errors it raises."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from pathlib import Path

from tests.packaging.docstrings import (
    PROMISED,
    ROOT,
    SOURCES,
    errors_unknown,
    errors_unsaid,
    fields_unsaid,
    names_unsaid,
)
from tests.packaging.explained import explained_in_vain
from tests.packaging.units import UNITLESS, numbers, said


def everywhere(found: Callable[[Path], Iterable[str]]) -> list[str]:
    return [f"{file.relative_to(ROOT)}: {one}" for file in SOURCES for one in found(file)]


def test_what_is_promised_is_found() -> None:
    names = {made.node.name for made in PROMISED}
    assert {"Executor", "Run", "Outcome", "Samples", "HookSpecs", "Job"} <= names


def test_every_package_is_looked_at() -> None:
    packages = {file.relative_to(ROOT).parts[1] for file in SOURCES}
    assert {"src", "shell", "http", "server", "docker", "template"} <= packages


def test_every_public_name_says_what_it_is() -> None:
    assert everywhere(names_unsaid) == []


def test_every_field_of_the_contract_says_what_it_holds() -> None:
    assert [name for made in PROMISED for name in fields_unsaid(made)] == []


def test_a_function_says_which_errors_it_raises_itself() -> None:
    assert everywhere(errors_unsaid) == []


def test_an_error_that_is_named_is_there() -> None:
    assert everywhere(errors_unknown) == []


def test_what_is_explained_is_there() -> None:
    assert everywhere(explained_in_vain) == []


def test_numbers_are_found() -> None:
    found = {number.where for file in SOURCES for number in numbers(file)}
    assert {
        "Guard.arm(deadline)",  # a parameter
        "KeptProcess.wait",  # a field
        "COMPACT_AT",  # a constant
        "Clock.now",  # a result
        "Worker.force_wait",  # a property, said where it is declared
        "AppsSettings.idle",  # a setting
    } <= found


def test_a_number_says_its_unit() -> None:
    unsaid = {number.where: file for file in SOURCES for number in numbers(file) if not said(number)}
    assert {where: file for where, file in unsaid.items() if where not in UNITLESS} == {}
    assert UNITLESS.keys() <= unsaid.keys()
