"""The verbs of the page are those of the code."""

from __future__ import annotations

import inspect
import re

import pytest
from tests.docs.fences import blocks

from anyjob.executor import Executor

VERB = re.compile(r"(?P<name>\w+)\((?P<taken>[\w, ]+)\)(?: -> (?P<given>[\w |]+?))? {2,}\S.*")


@pytest.mark.parametrize("line", blocks("core/docs/contract.md", "")[0].splitlines())
def test_a_verb_takes_and_gives_what_the_page_says(line: str) -> None:
    said = VERB.fullmatch(line)
    assert said is not None
    verb = inspect.signature(getattr(Executor, said["name"]))
    assert said["taken"].split(", ") == [name for name in verb.parameters if name != "self"]
    assert (said["given"] or "None") == verb.return_annotation


def test_every_verb_that_an_executor_must_have_is_there() -> None:
    shown = {line.partition("(")[0] for line in blocks("core/docs/contract.md", "")[0].splitlines()}
    owed: frozenset[str] = getattr(Executor, "__abstractmethods__")  # noqa: B009
    assert owed <= shown
