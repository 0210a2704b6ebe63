"""Ours beside the real Quartz: which expressions are taken, and the next five times."""

from __future__ import annotations

import re
from datetime import datetime
from random import Random
from zoneinfo import ZoneInfo

import pytest
from tests.plugins.server.timing.expressions import ZONES, changed, frequent, legal, moment
from tests.plugins.server.timing.quartz import NEW, OLD, Question, ask, jars
from tests.plugins.server.timing.reader import Reader

from anyjob_server.timing.badcron import BadCron
from anyjob_server.timing.cron import Cron

pytestmark = [pytest.mark.needs("jdk17", "maven"), pytest.mark.timeout(240)]

SEED = 20261127
_END = int(datetime(2099, 12, 30, tzinfo=ZoneInfo("UTC")).timestamp())
"""Quartz goes on for a hundred years from today."""


def sound(which: int, text: str) -> bool:
    """Whether that Quartz computes such a day field as its own documentation says.

    2.5.1 leaves a month out in which `15W` or `L-3W` moves to a later day, and forgets `L-4` beside a later plain day.
    2.3.2 takes no lists with L, of those with W it sees only the first day, moves `30W` of a short month into the next,
    and computes on `L-28W` for ever.
    """
    day = text.upper().split()[3]
    if which == NEW:
        return ("W" not in day or day == "LW") and not ("," in day and "L-" in day)
    return not ("," in day and re.search("[LW]", day)) and not re.search("(29|30|31)W|L-(2[7-9]|30)W", day)


def expected(question: Question) -> list[int] | None:
    """The five times by ours, up to the end."""
    try:
        cron = Cron.parse(question.text)
    except BadCron:
        return None
    at: int | None = question.after
    found: list[int] = []
    while len(found) < 5 and (at := cron.after(at, ZoneInfo(question.zone))) is not None:
        found.append(at)
    return [at for at in found if at < _END]


def first_of_two(after: int, zone: str) -> bool:
    """Whether the local time will come again: asked then, Quartz forgets what is left of the first hour's firings."""
    local = datetime.fromtimestamp(after + 1, ZoneInfo(zone))
    return local.fold == 0 and local.replace(fold=1).utcoffset() != local.utcoffset()


def documented(text: str) -> bool:
    """Whether it is an expression by the documentation, in the years that we take."""
    try:
        Reader(text)
    except ValueError:
        return False
    return True


@pytest.fixture(scope="module")
def answers(tmp_path_factory: pytest.TempPathFactory) -> list[tuple[Question, list[int] | None]]:
    """Of one JVM."""
    chance, questions = Random(SEED), list[Question]()
    for _ in range(3000):
        zone = chance.choice(list(ZONES))
        after, text = moment(chance, zone), legal(chance) if chance.random() < 0.6 else frequent(chance)
        if first_of_two(after, zone):
            continue
        questions += [Question(which, after, zone, text) for which in (OLD, NEW) if sound(which, text)]
    questions += [Question(NEW, 1_700_000_000, "UTC", changed(chance)) for _ in range(2000)]
    return list(zip(questions, ask(jars(tmp_path_factory.mktemp("quartz")), questions), strict=True))


def test_it_takes_what_quartz_takes_and_means(answers: list[tuple[Question, list[int] | None]]) -> None:
    """Quartz reads the begin of an element and looks past the rest (`5X`, `*5`, `MON/2`), takes 98 for ? and a step of
    0; what it takes beyond its documentation is refused here. What never fires is refused too."""
    taken = refused = 0
    for question, said in answers:
        ours = expected(question)
        if ours is not None:
            taken += 1
            assert said is not None, question
        elif said:
            refused += 1
            assert not documented(question.text), (question, said)
    assert taken > 4000
    assert refused > 50, "the test has lost what it is about"


def test_the_next_five_times_are_those_of_quartz(answers: list[tuple[Question, list[int] | None]]) -> None:
    compared = 0
    for question, said in answers:
        ours = expected(question)
        if said is not None and ours is not None and sound(question.which, question.text):
            assert ours == [at for at in said if at < _END], question
            compared += len(ours)
    assert compared > 15000
