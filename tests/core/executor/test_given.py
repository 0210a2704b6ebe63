"""Wrong values of a plugin are told in a sentence, field and value, where they come in."""

from __future__ import annotations

from collections.abc import Callable
from http import HTTPStatus
from pathlib import Path
from types import MappingProxyType
from typing import Any

import pytest

from anyjob.executor import Capabilities, Command, Handle, Health, Scope
from anyjob.executor.command import command_flaw
from anyjob.executor.given import (
    capabilities_flaw,
    handle_flaw,
    health_flaw,
    outcome_flaw,
    preview_flaw,
    problems_flaw,
    stop_flaw,
)
from anyjob.outcome import Cause, Evidence, Outcome, Retry, StopReport, Strength
from anyjob.problem import Problem

OF: Any = Outcome
STOP: Any = StopReport
CAN: Any = Capabilities
SAID: Any = Evidence
WELL: Any = Health
AGAIN: Any = Retry
MADE: Any = Handle
RUNS: Any = Command
OVER = {"strength": Strength.PROVEN, "by": "x"}


@pytest.mark.parametrize(
    ("look", "said", "flaw"),
    [
        (outcome_flaw, OF(cause="done"), "an Outcome whose cause is 'done'; write a Cause, as Cause.SUCCEEDED"),
        (outcome_flaw, OF(cause="succeeded"), "an Outcome whose cause is 'succeeded'; write a Cause"),
        (
            outcome_flaw,
            OF(cause=Cause.FAILED, code="1"),
            "an Outcome whose code is '1'; write an int of 64 bits or None",
        ),
        (
            outcome_flaw,
            OF(cause=Cause.FAILED, code=True),
            "an Outcome whose code is True; write an int of 64 bits or None",
        ),
        (outcome_flaw, OF(cause=Cause.FAILED, result=3), "an Outcome whose result is 3; write a str"),
        (outcome_flaw, OF(cause=Cause.FAILED, outputs={"p": Path("x")}), "an Outcome whose outputs are no JSON object"),
        (outcome_flaw, OF(cause=Cause.FAILED, outputs=["p"]), "an Outcome whose outputs are no JSON object: they are"),
        (outcome_flaw, OF(cause=Cause.FAILED, evidence="x"), "an Outcome whose evidence holds 'x'; write Evidence("),
        (outcome_flaw, OF(cause=Cause.FAILED, evidence=[1]), "an Outcome whose evidence holds 1; write Evidence("),
        (outcome_flaw, OF(cause=Cause.FAILED, evidence=[SAID(source="x", text=1)]), "source and text are a str each"),
        (outcome_flaw, OF(cause=Cause.FAILED, stop="x"), "an Outcome whose stop is a str, not a StopReport"),
        (outcome_flaw, OF(cause=Cause.FAILED, retry=True), "an Outcome whose retry is True; write a Retry"),
        (
            outcome_flaw,
            OF(cause=Cause.FAILED, retry=AGAIN(after="1")),
            "write a Retry with a bool and seconds from 0 on, or None",
        ),
        (outcome_flaw, OF(cause=Cause.FAILED, ended="now"), "an Outcome whose ended is 'now'; write epoch seconds"),
        (outcome_flaw, OF(cause=Cause.FAILED, code=2**70), "write an int of 64 bits or None"),
        (outcome_flaw, OF(cause=Cause.FAILED, evidence=None), "an Outcome whose evidence holds None; write Evidence("),
        (outcome_flaw, OF(cause=Cause.FAILED, outputs=None), "outputs are no JSON object: they are a NoneType"),
        (outcome_flaw, OF(cause=Cause.FAILED, outputs={"a": [{1: 2}]}), "the key 1 is a int, not a str"),
        (outcome_flaw, OF(cause=Cause.FAILED, retry=AGAIN(after=float("inf"))), "and seconds from 0 on, or None"),
        (outcome_flaw, OF(cause=Cause.FAILED, retry=AGAIN(after=float("nan"))), "and seconds from 0 on, or None"),
        (outcome_flaw, OF(cause=Cause.FAILED, retry=AGAIN(after=-1)), "and seconds from 0 on, or None"),
        (
            outcome_flaw,
            OF(cause=Cause.FAILED, ended=float("inf")),
            "an Outcome whose ended is inf; write epoch seconds",
        ),
        (outcome_flaw, OF(cause=Cause.FAILED, result=b"t" * 100), "an Outcome whose result is a bytes; write a str"),
        (stop_flaw, STOP(**OVER, survivors=None), "a StopReport whose survivors is None; write a sequence of str"),
        (handle_flaw, MADE(kind=1, scope=Scope.NODE, data={}), "a Handle whose kind is 1; write a str"),
        (handle_flaw, MADE(kind="x", scope="NODE", data={}), "a Handle whose scope is 'NODE'; write a Scope, as"),
        (command_flaw, "ls -l", "a str, not a Command"),
        (command_flaw, RUNS(argv=["ls", 1]), "a Command whose argv is no list of texts"),
        (command_flaw, RUNS(argv="ls -l"), "a Command whose argv is no list of texts"),
        (stop_flaw, None, "a NoneType, not a StopReport"),
        (stop_flaw, STOP(strength="PROVEN", by="x"), "a StopReport whose strength is 'PROVEN'; write a Strength"),
        (stop_flaw, STOP(strength=Strength.ASKED, by=1), "a StopReport whose by is 1; write a str"),
        (stop_flaw, STOP(**OVER, survivors="42"), "a StopReport whose survivors is '42'; write a sequence of str"),
        (stop_flaw, STOP(**OVER, evidence=["x"]), "a StopReport whose evidence holds 'x'; write Evidence("),
        (health_flaw, "healthy", "a str, not a Health"),
        (health_flaw, WELL(state="ok"), "a Health whose state is 'ok'; write healthy, undetected or unhealthy"),
        (health_flaw, WELL(state="healthy", why=None), "a Health whose why is None; write a str"),
        (capabilities_flaw, {}, "a dict, not Capabilities"),
        (capabilities_flaw, CAN(proof="REPORTED"), "Capabilities whose proof is 'REPORTED'; write a Strength"),
        (capabilities_flaw, CAN(deadline="SHIM"), "Capabilities whose deadline is 'SHIM'; write a DeadlineBy"),
        (capabilities_flaw, CAN(limits=frozenset({"disk"})), "write a frozenset of memory, cpu, pids"),
        (capabilities_flaw, CAN(limits="cpu"), "Capabilities whose limits is 'cpu'; write a frozenset of memory"),
        (capabilities_flaw, CAN(phases=frozenset({"PRE"})), "write a frozenset of Phase"),
        (capabilities_flaw, CAN(maps=1), "Capabilities whose maps is 1; write True or False"),
        (problems_flaw, ["no good"], "a str ('no good'), not a Problem"),
        (problems_flaw, None, "a NoneType, not a list of Problems"),
        (problems_flaw, "no good", "a str, not a list of Problems"),
        (preview_flaw, "lines", "a str, not lines under titles"),
        (preview_flaw, {"title": "line"}, "'line' under 'title', not a list of lines"),
    ],
)
def test_what_is_wrong_is_named(look: Callable[[Any], str], said: object, flaw: str) -> None:
    assert flaw in look(said)


@pytest.mark.parametrize(
    ("look", "said"),
    [
        (outcome_flaw, Outcome(cause=Cause.SUCCEEDED)),
        (
            outcome_flaw,
            Outcome(
                cause=Cause.FAILED,
                code=3,
                result="x",
                outputs={"a": [1, None, {"b": 2.5}, float("nan")]},
                evidence=(Evidence(source="a", text="b"),),
                stop=StopReport(strength=Strength.ASKED, by="x", survivors=("y",), evidence=[]),
                retry=Retry(again=True, after=2),
                ended=1.5,
            ),
        ),
        (outcome_flaw, Outcome(cause=Cause.FAILED, code=HTTPStatus.NOT_FOUND, result=Cause.FAILED)),
        (outcome_flaw, Outcome(cause=Cause.SUCCEEDED, outputs=MappingProxyType({"a": 1}))),
        (command_flaw, Command(argv=[])),
        (stop_flaw, StopReport(strength=Strength.PROVEN, by="x")),
        (health_flaw, Health(state="undetected", why="x")),
        (capabilities_flaw, Capabilities()),
        (problems_flaw, [Problem(field="a", value="b", remedy="c")]),
        (problems_flaw, ()),
        (preview_flaw, {"title": ["line"], "none": []}),
    ],
)
def test_what_is_right_passes(look: Callable[[Any], str], said: object) -> None:
    assert look(said) == ""
