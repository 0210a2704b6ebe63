"""Which application gets a run, and what is said when none does."""

from __future__ import annotations

import asyncio
import re
from collections.abc import Sequence
from pathlib import Path

import pytest
from tests.core.apps.town import TOKEN, CodeExecutor, callee, log_of, make_worker, order, outcome_of, told, town, until

from anyjob.errors import AnyJobError
from anyjob.executor import Attached
from anyjob.executor.services import SeenApp
from anyjob.job import Job
from anyjob.outcome import Cause
from anyjob.worker.apps.refusals import Refusals
from anyjob.worker.apps.seenfile import read_seen
from anyjob.worker.worker import Worker
from anyjob_go.settings import GoSettings
from anyjob_springschedule.settings import SpringSettings

WHO = "run.result(cause='succeeded', result=os.environ['CALLEE'])"
WAITS = "run.log('x'); run.stopping.wait(60)"


async def there(worker: Worker, count: int) -> None:
    await until(lambda: sum(app.link is not None for app in worker.apps.by_key.values()) == count)


def test_the_one_with_the_fewest_runs_is_next_and_in_turn_where_they_are_equal(tmp_path: Path) -> None:
    async def life() -> None:
        async with town(tmp_path) as worker:
            where = worker.apps.addresses[0]
            with callee(where, name="one"), callee(where, name="two"), callee(where, "other", name="three"):
                await there(worker, 3)
                names: list[str] = []
                for instance in range(4):
                    names.append((await outcome_of(await worker.submit(order(WHO, instance=instance)))).result)
                    await until(lambda: not worker.apps.book.given)
                assert names in (["one", "two"] * 2, ["two", "one"] * 2)
                busy = [await worker.submit(order(WAITS, instance=10 + n)) for n in range(3)]
                for run in busy:
                    await until(lambda run=run: log_of(tmp_path, run))
                counts = {app.name: app.runs for app in worker.apps.of("code").seen()}
                assert sorted(counts[name] for name in ("one", "two")) == [1, 2]
                least = min(("one", "two"), key=lambda name: counts[name])
                assert (await outcome_of(await worker.submit(order(WHO, instance=20)))).result == least
                for run in busy:
                    run.stop()
                    await outcome_of(run)

    asyncio.run(life())


def test_one_that_goes_away_is_passed_over_and_what_takes_its_place_is_waited_for(tmp_path: Path) -> None:
    """A redeployment: the old program still holds runs, and refuses new ones. They were not begun, so they are the new
    one's, whichever comes first."""

    async def life() -> None:
        async with town(tmp_path) as worker:
            where = worker.apps.addresses[0]
            with callee(where, name="old"):
                await there(worker, 1)
                assert (await outcome_of(await worker.submit(order("app.ending = True")))).ok
                early = await worker.submit(order(WHO, instance=2, xattrs={"wait": 30}))
                await until(lambda: any(app.link and app.link.leaving for app in worker.apps.by_key.values()))
                none = await outcome_of(await worker.submit(order(WHO, instance=3, xattrs={"wait": 0})))
                assert (none.cause, "none is connected" in told(none)) == (Cause.DEPENDENCY_MISSING, True)
                with callee(where, name="new"):
                    late = [await worker.submit(order(WHO, instance=10 + n)) for n in range(3)]
                    for run in (early, *late):
                        got = await outcome_of(run)
                        assert (got.result, got.ok) == ("new", True), told(got)

    asyncio.run(life())


def test_code_that_is_registered_late_is_waited_for(tmp_path: Path) -> None:
    async def life() -> None:
        async with town(tmp_path) as worker:
            with callee(worker.apps.addresses[0]):
                late = await worker.submit(order("pass", instance=2, ClassName="late", xattrs={"wait": 30}))
                await asyncio.sleep(0.1)
                assert late.record.outcome is None
                assert (await outcome_of(await worker.submit(order("app.serve('late')")))).ok
                assert (await outcome_of(late)).ok

    asyncio.run(life())


def test_an_application_that_comes_late_is_waited_for_and_one_that_was_there_longer(tmp_path: Path) -> None:
    async def life() -> None:
        async with town(tmp_path) as worker:
            run = await worker.submit(order("pass", xattrs={"wait": 30}))
            await asyncio.sleep(0.05)
            with callee(worker.apps.addresses[0]):
                assert (await outcome_of(run)).ok
        # It is gone, and may come back: the next worker knows that.
        async with town(tmp_path) as worker:
            run = await worker.submit(order("pass", instance=2, xattrs={"wait": 0}))
            await asyncio.sleep(0.3)
            assert run.record.outcome is None
            with callee(worker.apps.addresses[0]):
                assert (await outcome_of(run)).ok

    asyncio.run(life())


@pytest.mark.parametrize(
    ("name", "group", "said"),
    [
        (
            "pya",
            "shop",
            (
                "no application of app group 'shop' serves 'pya'; did you mean pay? "
                "connected: one, two, which serve pay, refund"
            ),
        ),
        (
            "pay",
            "billing",
            (
                "no application of app group 'billing' serves 'pay': none is connected; "
                "the worker listens on unix:{at}/apps.sock"
            ),
        ),
        (
            "pay",
            "nobody",
            (
                "no application of app group 'nobody' serves 'pay': none is connected, as the group has no token here; "
                "make one: anyjob key create --app nobody"
            ),
        ),
        ("pay", "", "the job names no app group, and several have tokens here: billing, shop; write GroupId"),
    ],
)
def test_what_is_not_there_is_told_with_what_is(tmp_path: Path, name: str, group: str, said: str) -> None:
    async def life() -> None:
        async with town(tmp_path, tokens={"shop": "a-token-of-shop", "billing": "one of billing"}) as worker:
            where = worker.apps.addresses[0]
            with callee(where, "pay", name="one"), callee(where, "refund", name="two"):
                await there(worker, 2)
                run = await worker.submit(order("pass", ClassName=name, GroupId=group, xattrs={"wait": 0}))
                outcome = await outcome_of(run)
                assert (outcome.cause, outcome.result) == (
                    Cause.DEPENDENCY_MISSING,
                    said.format(at=tmp_path),
                )

    asyncio.run(life())


def test_how_long_one_was_waited_for_is_told_with_its_setting(tmp_path: Path) -> None:
    async def life() -> None:
        async with town(tmp_path) as worker:
            run = await worker.submit(order("pass", xattrs={"wait": 0.25}))
            assert told(await outcome_of(run)).endswith("; waited 0.25 s for one (XAttrs.wait)")

    asyncio.run(life())


@pytest.mark.parametrize(
    ("token", "job_type", "why"),
    [("of-somebody-else", "code", "its token is none of this worker's"), (TOKEN, "cod", "JobType 'cod'")],
)
@pytest.mark.parametrize("listen", ["unix", "tcp"])
def test_one_that_was_refused_is_told_to_whoever_runs_the_job(
    tmp_path: Path, listen: str, token: str, job_type: str, why: str
) -> None:
    address = f"unix:{tmp_path}/apps.sock" if listen == "unix" else "tcp:127.0.0.1:0"

    async def life() -> None:
        async with town(tmp_path, listen=[address], tokens={"shop": TOKEN, "billing": "one of billing"}) as worker:
            with callee(worker.apps.addresses[0], token=token, job_type=job_type, name="\x1b[2Jone"):
                await until(lambda: [*worker.apps.refusals.told("shop")])
                outcome = await outcome_of(await worker.submit(order("pass", xattrs={"wait": 0})))
                assert outcome.cause is Cause.DEPENDENCY_MISSING
                said = outcome.evidence[-1].text
                assert said.startswith(f"one dialled in from {'127.0.0.1' if listen == 'tcp' else address} and was ref")
                assert why in said
                assert token not in said
                assert "\x1b" not in said
                # What came with a token of another app group is not this one's to know.
                other = await outcome_of(await worker.submit(order(instance=2, GroupId="billing", xattrs={"wait": 0})))
                assert ("was refused" in told(other)) is (token != TOKEN)

    asyncio.run(life())


def test_of_many_that_were_refused_a_few_are_told() -> None:
    refusals = Refusals()
    for number in range(1000):
        refusals.add(None, f"tcp:10.0.0.{number}:1", "x" * 1000)
    texts = [*refusals.told("shop")]
    assert len(texts) == 3
    assert texts[0].startswith("one dialled in from 10.0.0.999 ")
    assert max(map(len, texts)) < 400


def test_the_usual_patience_is_longer_than_the_longest_pause_between_two_dials() -> None:
    page = Path(__file__).parents[3] / "core/docs/protocol.md"
    found = re.search(r"up to (\d+) s, each with a random part", page.read_text())
    assert found is not None
    for wait in (Attached(name="pay").wait, GoSettings().wait, SpringSettings().wait):
        assert wait > float(found[1])
        assert f"the type's patience ({wait:g} s" in page.read_text()


def test_a_worker_that_listens_for_none_says_so(tmp_path: Path) -> None:
    async def life() -> None:
        async with town(tmp_path, listen=[]) as worker:
            for group in ("shop", ""):
                run = await worker.submit(order("pass", instance=len(group), GroupId=group, xattrs={"wait": 0}))
                assert "listens for none; set listen under [worker.apps]" in told(await outcome_of(run))

    asyncio.run(life())


def test_jobs_run_only_in_applications_of_their_own_group(tmp_path: Path) -> None:
    tokens = {"shop": "a-token-of-shop", "billing": "one of billing"}

    async def life() -> None:
        async with town(tmp_path, tokens=tokens) as worker:
            where = worker.apps.addresses[0]
            with callee(where, name="shop"), callee(where, token=tokens["billing"], name="billing"):
                await there(worker, 2)
                for number in range(4):
                    for group in tokens:
                        wanted = order(WHO, instance=10 * number + len(group), GroupId=group)
                        assert (await outcome_of(await worker.submit(wanted))).result == group

    asyncio.run(life())


def test_who_is_connected_is_seen_asked_and_told_of(tmp_path: Path) -> None:
    async def life() -> None:
        async with town(tmp_path) as worker:
            calls, heard = worker.apps.of("code"), list[SeenApp]()
            calls.on_change(heard.append)
            with callee(worker.apps.addresses[0], "pay", name="one") as process:
                await there(worker, 1)
                (app,) = calls.seen("shop")
                assert (app.name, app.names, app.software, app.connected) == ("one", ["pay"], "callee 1", True)
                assert app.details == {"pay": {"kind": "code"}}
                assert not calls.seen("billing")
                assert (await calls.ask(app.id, "count", {}))["held"] == []
                with pytest.raises(AnyJobError, match="does not support `dance`"):
                    await calls.ask(app.id, "dance", {})
                with pytest.raises(AnyJobError, match="is not connected"):
                    await calls.ask("nobody", "count", {})
                with pytest.raises(AnyJobError, match="is not connected"):
                    await worker.apps.of("other").ask(app.id, "count", {})
                executor = worker.host.executor("code")
                assert isinstance(executor, CodeExecutor)
                assert executor.connected() == "1 application: one of shop (1 names)"
                state = tmp_path / "state"
                await until(lambda: [a.name for a in read_seen(state).get("code", [])] == ["one"])
                process.kill()
                await until(lambda: not calls.seen()[0].connected)
                await until(lambda: heard and not heard[-1].connected)
                await until(lambda: not read_seen(state)["code"][0].connected)
        assert read_seen(state) == {}

    asyncio.run(life())


def test_types_are_told_of_their_enabled_jobs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    told_jobs: list[list[str]] = []

    async def enabled(self: CodeExecutor, jobs: Sequence[Job]) -> None:
        assert self.services.node
        told_jobs.append([job.name for job in jobs])

    monkeypatch.setattr(CodeExecutor, "enabled", enabled)

    def job(name: str, job_type: str = "code") -> Job:
        return Job.from_wire({"Name": name, "JobType": job_type, "Content": "pass", "GroupId": "shop"})

    async def life() -> None:
        async with make_worker(tmp_path) as worker:
            await worker.enabled([job("a"), job("b", "codes"), job("c", "nobody-brings-it")])
            await worker.enabled([])
            await worker.enabled([])

    asyncio.run(life())
    assert told_jobs == [["a", "b"], []]
