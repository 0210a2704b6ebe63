"""Every operation of the vendor's API is served, or stands in the table of those that are not."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import pytest
from tests.plugins.server.api.vectors import WIRE

from anyjob_server.api.registry import all_operations
from anyjob_server.trust.actions import ACTIONS

ROOT = Path(__file__).parents[4]
PUBLISHED: dict[str, Any] = json.loads((WIRE / "operations-2019-04-30.json").read_text())["operations"]
OURS = {"CreateAccessKey", "ListAccessKeys", "RevokeAccessKey", "GetJobWhy", "GetServerStatus", "ListAlerts"}
ADDED = {"Removed", "Cursor", "WaitSeconds"}
"""Parameters of ours that operations of the vendor take besides."""


def table(name: str) -> list[str]:
    """The operations between two marks of the page."""
    page = (ROOT / "plugins/server/docs/api.md").read_text()
    between = re.search(rf"<!-- {name} -->(.*)<!-- /{name} -->", page, re.DOTALL)
    assert between is not None
    rows = [line for line in between[1].splitlines() if line.startswith("|") and "---" not in line][1:]
    column = 0 if name == "operations" else 1
    return [
        word
        for row in rows
        for word in re.findall(r"[A-Z][A-Za-z]+", row.strip("| ").split(" | ")[column])
        if word in PUBLISHED
    ]


def test_the_tables_name_each_operation_once() -> None:
    named = table("operations") + table("missing")
    assert sorted(named) == sorted(PUBLISHED)
    assert len(named) == len(set(named)) == 61


def test_what_the_tables_say_is_so() -> None:
    served = set(all_operations()) - OURS
    assert served == set(table("operations"))


@pytest.mark.parametrize("name", sorted(set(all_operations()) & set(PUBLISHED)))
def test_what_an_operation_needs_is_what_the_vendor_needs(name: str) -> None:
    operation = all_operations()[name]
    required = {field for field, told in PUBLISHED[name]["request"].items() if told["required"]}
    known = set(PUBLISHED[name]["request"])
    assert set(operation.needed) <= known
    assert set(operation.needed) <= required
    assert operation.action in ACTIONS


@pytest.mark.parametrize("name", sorted(set(all_operations()) & set(PUBLISHED)))
def test_every_parameter_of_the_vendor_is_taken_and_none_else_but_ours(name: str) -> None:
    operation = all_operations()[name]
    if operation.takes is None:
        return  # CreateJob and UpdateJob look at the fields of jobs themselves
    operation.check_names(PUBLISHED[name]["request"])
    own = {one.removesuffix(".N") for one in operation.takes}
    assert own - ADDED <= set(PUBLISHED[name]["request"])
