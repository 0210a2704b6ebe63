"""Routing and block strategies, and broadcasts."""

from __future__ import annotations

import threading
from collections import Counter
from collections.abc import Iterator

import pytest
from tests.executors.xxljob.town import Town, evidence, until

from anyjob.outcome import Cause
from anyjob_xxljob.fake import FakeExecutor, Work
from anyjob_xxljob.routes import Router
from anyjob_xxljob.spec import MOST_ADDRESSES, Route

ADDRESSES = [f"http://10.0.0.{number}:9999" for number in range(1, 4)]


def ok(work: Work) -> None:
    del work


def sleeps(work: Work) -> None:
    work.write(b"begun\n")
    work.sleep(60)


def shard(work: Work) -> str:
    return f"{work.request['broadcastIndex']}/{work.request['broadcastTotal']}"


def odd(work: Work) -> tuple[int, str]:
    return (500, "odd") if work.request["broadcastIndex"] % 2 else (200, "even")


HANDLERS = {"ok": ok, "sleeps": sleeps, "shard": shard, "odd": odd}


def taken(route: Route, times: int, job: str = "7") -> Counter[str]:
    router = Router()
    return Counter(router.order(route, job, ADDRESSES)[0] for _ in range(times))


def test_first_and_last() -> None:
    assert taken(Route.FIRST, 5) == {ADDRESSES[0]: 5}
    assert taken(Route.LAST, 5) == {ADDRESSES[-1]: 5}


@pytest.mark.parametrize("route", [Route.ROUND, Route.LEAST_FREQUENTLY_USED, Route.LEAST_RECENTLY_USED])
def test_everybody_in_turn(route: Route) -> None:
    assert set(taken(route, 30).values()) == {10}


def test_random_takes_everybody() -> None:
    assert set(taken(Route.RANDOM, 300)) == set(ADDRESSES)


def test_consistent_hash() -> None:
    """The same job goes to the same executor; another one that comes takes its share, and moves no job elsewhere."""
    router = Router()
    before = {job: router.order(Route.CONSISTENT_HASH, str(job), ADDRESSES)[0] for job in range(300)}
    assert set(before.values()) == set(ADDRESSES)
    fourth = "http://10.0.0.9:9999"
    after = {job: router.order(Route.CONSISTENT_HASH, str(job), [*ADDRESSES, fourth])[0] for job in range(300)}
    moved = {job for job in before if before[job] != after[job]}
    assert moved
    assert all(after[job] == fourth for job in moved)


def test_least_recently_used_is_asked_of_those_that_are_there() -> None:
    router = Router()
    first = [router.order(Route.LEAST_RECENTLY_USED, "7", ADDRESSES)[0] for _ in range(2)]
    assert router.order(Route.LEAST_RECENTLY_USED, "7", first) == [first[0]]
    assert router.order(Route.LEAST_RECENTLY_USED, "7", ADDRESSES) == [ADDRESSES[2]]


# ---------------------------------------------------------------- with executors


@pytest.fixture(scope="module")
def town(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Town]:
    with Town(tmp_path_factory.mktemp("town"), lost=2) as town:
        yield town


@pytest.fixture
def trio(town: Town, request: pytest.FixtureRequest) -> list[FakeExecutor]:
    """Three executors of an app of the test's own, as the admin sorts them."""
    fakes = [town.fake(HANDLERS, app=request.node.name) for _ in range(3)]
    return sorted(fakes, key=lambda fake: fake.address)


def test_failover_takes_the_first_that_answers(town: Town, trio: list[FakeExecutor]) -> None:
    trio[0].faults["beat"] = "close"
    trio[1].token = "another"
    assert town.call("ok", where=trio[0].app, content={"routeStrategy": "failover"}).cause is Cause.SUCCEEDED
    assert [len(fake.works) for fake in trio] == [0, 0, 1]
    assert [path for path, _ in trio[2].requests[:2]] == ["beat", "run"]


def test_failover_with_nobody_there(town: Town) -> None:
    where = ["http://127.0.0.1:1", "http://127.0.0.1:2"]
    outcome = town.call("ok", where=where, content={"routeStrategy": "FAILOVER"})
    assert outcome.cause is Cause.START_FAILED
    assert evidence(outcome).count("Nothing was sent") == 2


def test_busyover_takes_one_that_is_idle(town: Town, trio: list[FakeExecutor]) -> None:
    job = {"where": trio[0].app, "content": {"routeStrategy": "BUSYOVER"}}
    runs = [town.begin("sleeps", **job)]
    for index in range(1, 3):
        town.says(runs[-1], "begun")
        runs.append(town.begin("sleeps", **job))
        until(lambda index=index: trio[index].works)
    town.says(runs[-1], "begun")
    outcome = town.call("sleeps", **job)
    assert outcome.cause is Cause.REJECTED
    assert outcome.result == "every executor is busy"
    for run in runs:
        assert town.stop(run).cause is Cause.STOPPED


def test_a_broadcast(town: Town, trio: list[FakeExecutor]) -> None:
    outcome = town.call("shard", where=trio[0].app, content={"routeStrategy": "SHARDING_BROADCAST"})
    assert outcome.cause is Cause.SUCCEEDED
    asked = [work.request for fake in trio for work in fake.works.values()]
    assert [(one["broadcastIndex"], one["broadcastTotal"]) for one in asked] == [(0, 3), (1, 3), (2, 3)]
    assert len({one["logId"] for one in asked}) == 3
    assert len({one["logDateTime"] for one in asked}) == 1


def test_a_broadcast_of_which_one_fails(town: Town, trio: list[FakeExecutor]) -> None:
    outcome = town.call("odd", where=trio[0].app, content={"routeStrategy": "SHARDING_BROADCAST"})
    assert outcome.cause is Cause.FAILED
    assert outcome.result == f"1 of 3 executors failed: {trio[1].address}"


def test_a_broadcast_that_one_does_not_take(town: Town, trio: list[FakeExecutor]) -> None:
    trio[0].handlers = {}
    outcome = town.call("shard", where=trio[0].app, content={"routeStrategy": "SHARDING_BROADCAST"})
    assert not outcome.ok
    assert "job handler [shard] not found." in evidence(outcome)
    assert [len(fake.works) for fake in trio] == [0, 1, 1]


def test_a_broadcast_is_stopped_everywhere(town: Town, trio: list[FakeExecutor]) -> None:
    run = town.begin("sleeps", where=trio[0].app, content={"routeStrategy": "SHARDING_BROADCAST"})
    until(lambda: town.log(run).count(b"begun") == 3)
    assert town.stop(run).cause is Cause.STOPPED
    assert all(work.killed.is_set() for fake in trio for work in fake.works.values())


def test_a_broadcast_outlives_its_worker(town: Town, trio: list[FakeExecutor]) -> None:
    """What one executor has said before is kept."""
    held = threading.Event()

    def some(work: Work) -> tuple[int, str]:
        if work.request["broadcastIndex"]:
            held.wait(20)
        return odd(work)

    for fake in trio:
        fake.handlers = {"some": some}
    run = town.begin("some", where=trio[0].app, content={"routeStrategy": "SHARDING_BROADCAST"})
    until(lambda: trio[0].sent)
    town.silence()
    town.again()
    held.set()
    outcome = town.end(town.resumed(run))
    assert outcome.result == f"1 of 3 executors failed: {trio[1].address}"
    assert [len(fake.works) for fake in trio] == [1, 1, 1]


def test_a_broadcast_has_sixty_executors_at_most(town: Town) -> None:
    for count, cause in ((MOST_ADDRESSES, Cause.START_FAILED), (MOST_ADDRESSES + 1, Cause.BAD_CONFIG)):
        app = f"many-{count}"
        for number in range(count):
            town.executor.admin.registry.add("*", app, f"http://127.0.0.{number + 1}:1")
        outcome = town.call("shard", where=app, content={"routeStrategy": "SHARDING_BROADCAST"})
        assert outcome.cause is cause, outcome


# ---------------------------------------------------------------- block strategies


def test_without_a_block_strategy_runs_go_on_beside(town: Town, trio: list[FakeExecutor]) -> None:
    job = {"where": [trio[0].address]}
    runs = [town.begin("sleeps", **job) for _ in range(2)]
    for run in runs:
        town.says(run, "begun")
    for run in runs:
        town.stop(run)


def test_discard_later(town: Town, trio: list[FakeExecutor]) -> None:
    job = {"where": [trio[0].address], "content": {"blockStrategy": "DISCARD_LATER"}}
    run = town.begin("sleeps", **job)
    town.says(run, "begun")
    outcome = town.call("sleeps", **job)
    assert outcome.cause is Cause.REJECTED
    assert "DISCARD_LATER" in outcome.result
    town.stop(run)
    assert town.call("ok", Name="sleeps", **job).cause is Cause.SUCCEEDED


def test_cover_early(town: Town, trio: list[FakeExecutor]) -> None:
    job = {"where": [trio[0].address], "content": {"blockStrategy": "COVER_EARLY"}}
    first = town.begin("sleeps", **job)
    town.says(first, "begun")
    second = town.begin("sleeps", **job)
    town.says(second, "begun")
    outcome = town.end(first)
    assert outcome.cause is Cause.REJECTED
    assert "a later run of the job took its place" in evidence(outcome)
    assert town.stop(second).cause is Cause.STOPPED


def test_serial_execution(town: Town, trio: list[FakeExecutor]) -> None:
    """In the order in which they came; one that is stopped while it waits was never sent."""
    job = {"where": [trio[0].address], "content": {"blockStrategy": "SERIAL_EXECUTION"}, "XAttrs": {"grace": 0.2}}
    runs = [town.begin("sleeps", **job) for _ in range(3)]
    town.says(runs[0], "begun")
    outcome = town.stop(runs[1])
    assert outcome.stop is not None
    assert outcome.stop.strength == "PROVEN"
    assert len(trio[0].works) == 1
    town.stop(runs[0])
    town.says(runs[2], "begun")
    town.stop(runs[2])
    assert len(trio[0].works) == 2
