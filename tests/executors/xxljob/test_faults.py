"""What goes wrong between a worker and executors."""

from __future__ import annotations

import asyncio
import json
import socket
import threading
import time
import urllib.error
import urllib.request
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pytest
from tests.executors.xxljob.town import TOKEN, Town, evidence, make_job, until

from anyjob.outcome import Cause, Strength
from anyjob.testing.crash import doomed
from anyjob.testing.marks import die
from anyjob.worker.order import RunOrder
from anyjob_xxljob.fake import Work

OTHERS = "a-token-of-other-groups"


def ok(work: Work) -> str:
    work.write(b"done\n")
    return "done"


def sleeps(work: Work) -> None:
    work.write(b"begun\n")
    work.sleep(60)


def say(admin: str, what: str, body: bytes, token: str = TOKEN) -> dict[str, Any]:
    headers = {"XXL-JOB-ACCESS-TOKEN": token}
    request = urllib.request.Request(f"{admin}/api/{what}", data=body, headers=headers)
    with urllib.request.urlopen(request, timeout=10) as answer:
        assert answer.status == 200
        return json.loads(answer.read())


def register(town: Town, address: str, app: str = "demo", token: str = TOKEN) -> dict[str, Any]:
    said = {"registryGroup": "EXECUTOR", "registryKey": app, "registryValue": address}
    return say(town.admin, "registry", json.dumps(said).encode(), token)


@pytest.fixture
def town(tmp_path: Path) -> Any:
    with Town(tmp_path, lost=1.5, timeout=1) as town:
        yield town


# ---------------------------------------------------------------- answers


@pytest.mark.parametrize("fault", ["close", "html", "early"])
def test_a_run_that_may_have_arrived_is_not_sent_again(town: Town, fault: str) -> None:
    """No answer, one that is no JSON, and one that comes after the callback: what counts is the callback."""
    fake = town.fake({"ok": ok})
    fake.faults["run"] = fault
    outcome = town.call("ok")
    assert (outcome.cause, outcome.result) == (Cause.SUCCEEDED, "done")
    assert [path for path, _ in fake.requests].count("run") == 1


def test_a_run_that_did_not_arrive_ends_unknown(town: Town) -> None:
    """The executor closes the connection and knows nothing of it: nobody can tell, and it is not sent again."""
    fake = town.fake({"ok": ok})
    fake.faults["run"] = "swallow"
    outcome = town.call("ok", MaxAttempt=3)
    assert outcome.cause is Cause.UNKNOWN
    assert "it never said that it took the run" in evidence(outcome)
    assert not fake.works


def test_nobody_listens_at_the_address(town: Town) -> None:
    outcome = town.call("ok", where=["http://127.0.0.1:1"])
    assert outcome.cause is Cause.START_FAILED
    assert "Nothing was sent" in evidence(outcome)


def test_an_unknown_handler(town: Town) -> None:
    town.fake({"ok": ok})
    outcome = town.call("gone")
    assert outcome.cause is Cause.DEPENDENCY_MISSING
    assert outcome.result == "job handler [gone] not found."


def test_an_app_that_nobody_serves(tmp_path: Path) -> None:
    with Town(tmp_path, wait=0) as town:
        town.fake({"ok": ok}, app="orders")
        outcome = town.call("ok", where="order")
    assert outcome.cause is Cause.DEPENDENCY_MISSING
    assert "no executor is registered as 'order'" in outcome.result
    assert "registered are: orders" in evidence(outcome)


def test_a_wrong_token(town: Town) -> None:
    fake = town.fake({"ok": ok})
    fake.token = "another"
    outcome = town.call("ok")
    assert outcome.cause is Cause.REJECTED
    assert "The access token is wrong." in evidence(outcome)


def test_logs_that_cannot_be_had_change_no_outcome(town: Town) -> None:
    fake = town.fake({"ok": ok})
    fake.faults["log"] = "html"
    run = town.begin("ok")
    assert town.end(run).cause is Cause.SUCCEEDED
    assert b"the log could not be fetched to its end" in town.log(run)


def test_an_endless_log_is_cut(tmp_path: Path) -> None:
    def floods(work: Work) -> None:
        while not work.killed.is_set() and len(work.log) < 1 << 22:
            work.write(b"x" * 999 + b"\n")
        work.sleep(1)

    with Town(tmp_path, log=100_000) as town:
        fake = town.fake({"floods": floods})
        run = town.begin("floods")
        assert town.end(run).cause is Cause.SUCCEEDED
        log = town.log(run)
        asked = [path for path, _ in fake.requests].count("log")
    assert 100_000 <= len(log) < 101_000
    assert log.endswith(b"the rest is not fetched\n")
    assert asked < 5


# ---------------------------------------------------------------- egress and registry


def test_an_address_that_the_egress_policy_refuses(tmp_path: Path) -> None:
    with Town(tmp_path, egress={"deny": ["127.0.0.1:2"]}) as town:
        outcome = town.call("ok", where=["http://127.0.0.1:2"])
    assert outcome.cause is Cause.REJECTED
    assert "[egress] deny" in evidence(outcome)


@pytest.mark.parametrize(
    ("address", "why"),
    [
        ("http://user:secret@127.0.0.1:9999/", "user or password"),
        ("file:///etc/passwd", "scheme 'file'"),
        ("http://169.254.169.254/", "169.254.169.254"),
        ("http://[fe80::1]:9999/", "fe80"),
        ("http://127.0.0.1:9999/?a=b", "query"),
        ("127.0.0.1:9999", "no scheme"),
        ("http://" + "a" * 300, "characters"),
        ("", "registryValue"),
    ],
)
def test_a_registration_that_is_not_called(town: Town, address: str, why: str) -> None:
    said = register(town, address)
    assert said["code"] == 500
    assert why in said["msg"]
    assert "secret" not in said["msg"]
    assert not town.executor.admin.registry.seen()


def test_who_has_no_token_is_not_heard(town: Town) -> None:
    for token in ("", "default_token", TOKEN + "x"):
        assert register(town, "http://127.0.0.1:9999/", token=token)["msg"] == "The access token is wrong."
    assert not town.executor.admin.registry.seen()


def test_an_executor_goes(town: Town) -> None:
    fake = town.fake({"ok": ok})
    assert fake.register(town.admin, "registryRemove")
    assert fake.address not in [seen.address for seen in town.executor.admin.registry.seen()]


def test_an_executor_that_says_nothing_any_more_is_gone(tmp_path: Path) -> None:
    with Town(tmp_path, expire=0.3, wait=0) as town:
        register(town, "http://127.0.0.1:9999/")
        assert town.executor.admin.registry.addresses("*", "demo") == ["http://127.0.0.1:9999"]
        until(lambda: not town.executor.admin.registry.addresses("*", "demo"))


@pytest.mark.parametrize("root", ["", "/xxl-job-admin", "/jobs/admin"])
def test_where_the_api_stands(tmp_path: Path, root: str) -> None:
    with Town(tmp_path, prefix="jobs/admin") as town:
        assert say(town.admin + root, "callback", b"[]") == {"code": 200, "msg": None, "content": None, "data": None}


def test_health_says_who_is_there(town: Town) -> None:
    fake = town.fake({"ok": ok})
    said = town.run(town.executor.health())
    assert said.state == "healthy"
    assert f"demo at {fake.address}" in said.why


def test_who_only_holds_connections_keeps_nobody_out(town: Town, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("anyjob_xxljob.listener._MOST", 8)
    host, _, port = town.admin.removeprefix("http://").partition(":")
    with ExitStack() as stack:
        for _ in range(20):
            stack.enter_context(socket.create_connection((host, int(port))))
        assert say(town.admin, "callback", b"[]")["code"] == 200


# ---------------------------------------------------------------- callbacks


def test_a_callback_for_nobody_is_taken(town: Town) -> None:
    """Or its executor would send it for ever."""
    assert say(town.admin, "callback", b'[{"logId":77,"handleCode":200}]')["code"] == 200


def test_five_megabytes_of_callbacks(town: Town) -> None:
    """A batch after a long silence. Among what nobody waits for stands the one that counts."""
    fake = town.fake({"sleeps": sleeps})
    run = town.begin("sleeps")
    town.says(run, "begun")
    items = [{"logId": number + 1, "handleCode": 500, "handleMsg": "x" * 50_000} for number in range(110)]
    items.insert(50, {"logId": next(iter(fake.works)), "handleCode": 200, "handleMsg": "y" * 50_000})
    body = json.dumps(items).encode()
    assert len(body) > 5 << 20
    assert say(town.admin, "callback", body)["code"] == 200
    outcome = town.end(run)
    assert (outcome.cause, outcome.result) == (Cause.SUCCEEDED, "y" * 50_000)


def test_a_body_without_end_is_refused(tmp_path: Path) -> None:
    with Town(tmp_path, body="1Mi") as town, pytest.raises(urllib.error.HTTPError, match="413"):
        say(town.admin, "callback", b"[" + b" " * (1 << 21) + b"]")


def test_a_forged_callback_of_another_group(tmp_path: Path) -> None:
    """Who has another group's token ends no run, although it knows the log id."""
    with Town(tmp_path, token=None, tokens={"shop": TOKEN, "others": OTHERS}) as town:
        fake = town.fake({"sleeps": sleeps})
        run = town.begin("sleeps", GroupId="shop")
        town.says(run, "begun")
        log_id = next(iter(fake.works))
        forged = json.dumps([{"logId": log_id, "handleCode": 200, "handleMsg": "forged"}]).encode()
        assert say(town.admin, "callback", forged, OTHERS)["code"] == 200
        outcome = town.stop(run)
    assert outcome.cause is Cause.STOPPED
    assert "forged" not in evidence(outcome) + outcome.result


def test_executors_of_another_group_get_no_run(tmp_path: Path) -> None:
    with Town(tmp_path, token=None, tokens={"shop": TOKEN, "others": OTHERS}, wait=0) as town:
        town.fake({"ok": ok}, token=OTHERS)
        outcome = town.call("ok", GroupId="shop")
        assert outcome.cause is Cause.DEPENDENCY_MISSING
        outcome = town.call("ok", GroupId="third")
        assert outcome.cause is Cause.DEPENDENCY_MISSING
        assert "has no access token" in outcome.result
        assert town.call("ok", GroupId="others").cause is Cause.SUCCEEDED


def test_the_first_callback_counts(town: Town) -> None:
    fake = town.fake({"sleeps": sleeps})
    run = town.begin("sleeps")
    town.says(run, "begun")
    log_id = next(iter(fake.works))
    for code in (500, 200):
        say(town.admin, "callback", json.dumps([{"logId": log_id, "handleCode": code, "handleMsg": "x"}]).encode())
    assert town.end(run).cause is Cause.FAILED


# ---------------------------------------------------------------- deaths


def test_a_worker_that_dies_between_sending_and_the_answer(town: Town, tmp_path: Path) -> None:
    """The executor works on it: the next worker waits for its callback, and sends nothing."""
    held = threading.Event()

    def works(work: Work) -> str:
        work.write(b"done\n")
        held.wait(20)
        return "done"

    fake = town.fake({"works": works})
    fake.faults["run"] = "early"  # no answer comes before the callback
    town.silence()
    job = make_job("works", where=[fake.address])

    async def doom() -> None:
        worker = town.make_worker()
        await worker.start()
        await worker.submit(RunOrder(job=job, instance=77))
        while not fake_was_asked(tmp_path):
            await asyncio.sleep(0.01)
        die()

    def fake_was_asked(folder: Path) -> bool:
        return '"m":"saved"' in (folder / "state" / "worker.jsonl").read_text().replace(" ", "")

    with doomed(doom, 20) as process:
        assert process.wait()
    until(lambda: fake.works)
    town.again()
    run = next(one for one in town.worker.resumed if one.name.startswith("aj-4d"))
    held.set()
    outcome = town.end(run)
    assert (outcome.cause, outcome.result) == (Cause.SUCCEEDED, "done")
    assert [path for path, _ in fake.requests].count("run") == 1


def test_an_executor_that_comes_back_without_the_run(town: Town) -> None:
    fake = town.fake({"sleeps": sleeps})
    run = town.begin("sleeps")
    town.says(run, "begun")
    (before,) = (work.request["jobId"] for work in fake.works.values())
    fake.forget()
    outcome = town.end(run)
    assert outcome.cause is Cause.UNKNOWN
    assert "nobody called back" in evidence(outcome)
    assert outcome.stop is not None
    assert outcome.stop.strength is Strength.ASKED
    # Whatever became of it may still run under its number, so that does not come back.
    again = town.begin("sleeps")
    town.says(again, "begun")
    assert before not in [work.request["jobId"] for work in fake.works.values()]
    town.stop(again)


def test_a_number_does_not_come_back_after_a_kill_that_nobody_confirmed(town: Town) -> None:
    """The handler may still run under it."""
    ends = threading.Event()

    def deaf(work: Work) -> None:
        work.write(b"begun\n")
        ends.wait(20)

    fake = town.fake({"deaf": deaf})
    run = town.begin("deaf", XAttrs={"grace": 0.1})
    town.says(run, "begun")
    outcome = town.stop(run)
    assert outcome.stop is not None
    assert outcome.stop.strength is Strength.ASKED
    again = town.begin("deaf")
    until(lambda: len(fake.works) == 2)
    ends.set()
    town.end(again)
    first, second = (work.request["jobId"] for work in fake.works.values())
    assert first != second


def test_a_callback_is_durable_before_it_is_answered(town: Town) -> None:
    """A worker that dies after the answer has it."""
    fake = town.fake({"sleeps": sleeps})
    run = town.begin("sleeps")
    town.says(run, "begun")
    log_id = next(iter(fake.works))
    journal = town.folder / "state" / "worker.jsonl"
    say(town.admin, "callback", json.dumps([{"logId": log_id, "handleCode": 200, "handleMsg": "kept"}]).encode())
    lines = [json.loads(line) for line in journal.read_text().splitlines()]
    assert [line["body"]["text"] for line in lines if line["m"] == "event"] == ["kept"]
    assert town.end(run).result == "kept"


def test_the_address_is_taken(town: Town, tmp_path: Path) -> None:
    """Another worker has it: the run says so, and where to look."""
    other = Town(tmp_path / "other")
    other.settings["xxljob"]["listen"] = town.admin.removeprefix("http://")
    begun = time.monotonic()
    with other:
        outcome = other.call("ok", where=["http://127.0.0.1:1"])
    assert outcome.cause is Cause.DEPENDENCY_MISSING
    assert "[executors.xxljob] listen" in outcome.result
    assert time.monotonic() - begun < 60


def test_runs_that_come_while_the_token_is_asked_for(tmp_path: Path) -> None:
    """A worker gives a second run to an executor that is still being served."""
    with Town(tmp_path, token=None) as town:
        fake = town.fake({"ok": ok}, registers=False)
        job = make_job("ok", where=[fake.address])

        async def both() -> list[Cause]:
            worker = town.make_worker()
            await worker.start()
            orders = [RunOrder(job=job, instance=number) for number in (801, 802)]
            runs = await asyncio.gather(*(worker.submit(order) for order in orders))
            outcomes = [await run.outcome() for run in runs]
            await worker.close()
            return [outcome.cause for outcome in outcomes]

        town.silence()
        town.settings["xxljob"]["token"] = {"command": ["sh", "-c", f"sleep 0.2; echo {TOKEN}"]}
        assert town.run(both()) == [Cause.SUCCEEDED, Cause.SUCCEEDED]
