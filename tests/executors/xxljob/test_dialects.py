"""Every dialect from 2.4 to 3.5, played by the sample executor; the real ones of four versions are in test_real."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import pytest
from tests.executors.xxljob.town import Town

from anyjob.outcome import Cause, Strength
from anyjob_xxljob.fake import DIALECTS, FakeExecutor, Work
from anyjob_xxljob.message import BadMessage, callbacks, read_answer


def says(work: Work) -> str:
    work.write("1 <b> 中\n2\n".encode())
    return "done <ok> 中"


def sleeps(work: Work) -> None:
    work.write(b"begun\n")
    work.sleep(60)


@pytest.fixture(scope="module")
def town(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Town]:
    with Town(tmp_path_factory.mktemp("town")) as town:
        yield town


@pytest.fixture(scope="module", params=DIALECTS)
def fake(request: pytest.FixtureRequest, town: Town) -> FakeExecutor:
    return town.fake({"says": says, "sleeps": sleeps}, dialect=request.param, app=f"app-{request.param}")


def test_a_run(town: Town, fake: FakeExecutor) -> None:
    for _ in range(2):
        run = town.begin("says", where=fake.app)
        outcome = town.end(run)
        assert (outcome.cause, outcome.result) == (Cause.SUCCEEDED, "done <ok> 中")
        assert town.log(run).decode() == "1 <b> 中\n2\n"


def test_the_path_is_learned_once(town: Town, fake: FakeExecutor) -> None:
    town.call("says", where=fake.app)
    del fake.requests[:]
    town.call("says", where=fake.app)
    assert [path for path, _ in fake.requests if path in ("run", "trigger")] == [fake.dialect.run]


def test_a_stop(town: Town, fake: FakeExecutor) -> None:
    run = town.begin("sleeps", where=fake.app)
    town.says(run, "begun")
    outcome = town.stop(run)
    assert outcome.cause is Cause.STOPPED
    assert outcome.stop is not None
    assert outcome.stop.strength is Strength.REPORTED


def test_what_is_sent(town: Town, fake: FakeExecutor) -> None:
    """executorTimeout is always 0, and a log id is a random number of 63 bits."""
    town.call("says", where=fake.app, Timeout=50, Parameters="p")
    path, asked = next(one for one in reversed(fake.requests) if one[0] == fake.dialect.run)
    assert path == fake.dialect.run
    assert asked["executorTimeout"] == 0
    assert asked["executorParams"] == "p"
    assert 0 < asked["jobId"] < 1 << 31
    ids = set(fake.works)
    assert all(0 < number < 1 << 63 for number in ids)
    assert max(ids) > 1 << 50


@pytest.mark.parametrize(
    "body",
    [
        b'[{"logId":7,"logDateTim":1,"handleCode":200,"handleMsg":"a"}]',
        b'{"callbackList":[{"logId":7,"logDateTime":1,"handleCode":200,"handleMsg":"a"}]}',
        b'[{"logId":7,"handleCode":200,"handleMsg":"a"},{"logId":"x"},3,{"logId":8}]',
        b'[{"logId":7,"handleCode":200,"handleMsg":"a","more":{}}]',
    ],
)
def test_callbacks_of_all_forms(body: bytes) -> None:
    assert [(one.log_id, one.code, one.text) for one in callbacks(body)] == [(7, 200, "a")]


def test_text_that_breaks_parsers() -> None:
    """Control characters, halves of pairs and bytes that are no UTF-8: the executor would send them for ever."""
    body = b'[{"logId":7,"handleCode":500,"handleMsg":"a\n\\ud83d \xff\x00"}]'
    (one,) = callbacks(body)
    assert one.text == "a\n\ufffd \ufffd\0"
    json.dumps(one.to_json()).encode()


def test_what_is_no_message() -> None:
    for body in (b"", b"<html>", b"7", b'{"code":"200"}', b'{"code":true}', b"[" * 100_000):
        with pytest.raises(BadMessage):
            read_answer(body)


def test_jobs_ids_of_two_workers_do_not_meet(tmp_path: Path) -> None:
    """Each counts from a place of its own, and goes on there."""
    from anyjob_xxljob.leases import Leases

    class State:
        def __init__(self) -> None:
            self.last = 0

        def next(self, counter: str) -> int:
            del counter
            self.last += 1
            return self.last

    (tmp_path / "a").mkdir()
    (tmp_path / "b").mkdir()
    first, second = State(), State()
    one = Leases(first, tmp_path / "a")
    numbers = [one.take("k") for _ in range(3)]
    assert len(set(numbers)) == 3
    again = Leases(first, tmp_path / "a")
    assert again.take("k") == numbers[-1] % ((1 << 31) - 1) + 1
    assert Leases(second, tmp_path / "b").take("k") != numbers[0]
