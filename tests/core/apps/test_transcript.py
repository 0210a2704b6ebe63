"""The protocol page is played to a real worker, word for word; and its registration is one."""

from __future__ import annotations

import asyncio
import json
import re
import subprocess
import sys
from pathlib import Path

import pytest
from tests.core.apps.town import log_of, town, until
from tests.core.apps.yard import host
from tests.docs.fences import ROOT, blocks

from anyjob.executor.capabilities import Health
from anyjob.job import Job
from anyjob.outcome import Cause, Outcome, Strength
from anyjob.plugins import PluginHost
from anyjob.worker.apps.appbook import KnownApp
from anyjob.worker.apps.definition import read_definition
from anyjob.worker.order import RunOrder
from anyjob.worker.worker import Worker

PAGE = ROOT / "core/docs/protocol.md"
TRANSCRIPTS = blocks("core/docs/protocol.md", "transcript")
(REGISTRATION,) = blocks("core/docs/protocol.md", "toml", "job_type")
REPLAY = Path(__file__).with_name("replay.py")
JOB = Job(name="count", job_type="sql", content="select 1")


class Play:
    """The page's executable, which plays some of its transcripts."""

    def __init__(self, folder: Path, *numbers: int) -> None:
        self.folder, self.state = folder / "transcripts", folder / "state"
        self.folder.mkdir()
        for number in numbers:
            (self.folder / f"{number}.jsonl").write_text(TRANSCRIPTS[number])
        command = json.dumps([sys.executable, str(REPLAY), str(self.folder)])
        self.file = folder / "executor.toml"
        self.file.write_text(re.sub(r"^command = .*$", f"command = {command}", REGISTRATION, flags=re.MULTILINE))

    def host(self) -> PluginHost:
        return host(self.file)

    def check(self) -> None:
        """Every transcript was played to its end, and the worker said what the page says."""
        assert not [file.read_text() for file in self.folder.glob("*.differs")]
        assert not list(self.folder.glob("*.jsonl"))


def log(play: Play, run: str) -> bytes:
    return (play.state / "runs" / run / "log").read_bytes()


def test_a_run_from_its_start_to_its_end(tmp_path: Path) -> None:
    play = Play(tmp_path, 0)

    async def life() -> tuple[Health, Outcome]:
        async with Worker(play.host(), play.state) as worker:
            await worker.serving.of(worker.host.dispatch(JOB))
            health = await worker.host.executor("sql").health()
            run = await worker.submit(RunOrder(job=JOB, instance=7))
            outcome = await run.outcome()
            assert run.progress == (1, 2)
            assert run.record.saved == {"row": 1}
            return health, outcome

    health, outcome = asyncio.run(asyncio.wait_for(life(), 30))
    play.check()
    assert health.state == "healthy"
    assert (outcome.cause, outcome.result, outcome.outputs) == (Cause.SUCCEEDED, "1", {"rows": 1})
    assert log(play, "aj-7-0-1") == b"connected\n\xff\xef\n"


def test_the_worker_dies_in_the_middle(tmp_path: Path) -> None:
    play = Play(tmp_path, 1, 2)

    async def first() -> None:
        async with Worker(play.host(), play.state) as worker:
            run = await worker.submit(RunOrder(job=JOB, instance=8))
            path = play.state / "runs" / run.name / "log"
            while not path.exists() or log(play, run.name) != b"working\n" or run.record.handle is None:
                await asyncio.sleep(0.01)

    async def second() -> Outcome:
        async with Worker(play.host(), play.state) as worker:
            run = worker.live["aj-8-0-1"]
            while log(play, run.name) != b"working\nstill working\n":
                await asyncio.sleep(0.01)
            run.stop()
            return await run.outcome()

    asyncio.run(asyncio.wait_for(first(), 30))
    outcome = asyncio.run(asyncio.wait_for(second(), 30))
    play.check()
    assert outcome.cause is Cause.STOPPED
    assert outcome.stop is not None
    assert (outcome.stop.strength, outcome.stop.by) == (Strength.REPORTED, "session ended")


def test_the_worker_dies_before_there_is_a_handle(tmp_path: Path) -> None:
    play = Play(tmp_path, 3)

    async def life() -> Outcome:
        async with Worker(play.host(), play.state) as worker:
            record = worker.book.accept(RunOrder(job=JOB, instance=9), worker.host.bind(JOB))
            worker.book.starting(record, [])
        async with Worker(play.host(), play.state) as worker:
            return await worker.live["aj-9-0-1"].outcome()

    outcome = asyncio.run(asyncio.wait_for(life(), 30))
    play.check()
    assert (outcome.cause, outcome.result, outcome.evidence[0].text) == (Cause.FAILED, "no such table", "42P01")


def test_a_transcript_that_is_not_kept_to_is_noticed(tmp_path: Path) -> None:
    play = Play(tmp_path, 3)
    file = play.folder / "3.jsonl"
    file.write_text(file.read_text().replace('"type":"find"', '"type":"watch"'))

    async def life() -> Outcome:
        async with Worker(play.host(), play.state) as worker:
            record = worker.book.accept(RunOrder(job=JOB, instance=9), worker.host.bind(JOB))
            worker.book.starting(record, [])
        async with Worker(play.host(), play.state) as worker:
            run = worker.live["aj-9-0-1"]
            while not list(play.folder.glob("*.differs")):
                await asyncio.sleep(0.01)
            run.stop(force=True)
            worker.live.clear()
            return Outcome(cause=Cause.UNKNOWN)

    asyncio.run(asyncio.wait_for(life(), 30))
    with pytest.raises(AssertionError, match='"type":"watch"'):
        play.check()


def dial(folder: Path, *numbers: int) -> subprocess.Popen[bytes]:
    """The page's application, which plays some of its transcripts, one a connection."""
    transcripts = folder / "transcripts"
    transcripts.mkdir(exist_ok=True)
    for number in numbers:
        (transcripts / f"{number}.jsonl").write_text(TRANSCRIPTS[number])
    return subprocess.Popen([sys.executable, str(REPLAY), str(transcripts), str(folder / "apps.sock")])


def played(folder: Path) -> None:
    assert not [file.read_text() for file in folder.glob("transcripts/*.differs")]
    assert not list(folder.glob("transcripts/*.jsonl"))


def pay(instance: int, name: str = "pay") -> RunOrder:
    job = Job.from_wire({"Name": name, "JobType": "code", "GroupId": "shop", "ClassName": name})
    return RunOrder(job=job, instance=instance)


def test_an_attached_application(tmp_path: Path) -> None:
    async def life() -> None:
        async with town(tmp_path) as worker:
            program = dial(tmp_path, 4)
            calls = worker.apps.of("code")
            await until(lambda: worker.apps.by_key)
            (app,) = calls.seen("shop")
            assert (app.name, app.names, app.details) == ("shop-1", ["pay"], {"pay": {"bean": "payments"}})
            await calls.ask(app.id, "take", {"names": ["pay"]})
            run = await worker.submit(pay(7))
            outcome = await run.outcome()
            assert (outcome.cause, outcome.result, outcome.outputs) == (Cause.SUCCEEDED, "1", {"rows": 1})
            assert (run.progress, run.record.saved) == ((1, 2), {"row": 1})
            assert calls.seen("shop")[0].names == ["pay", "refund"]
            await until(lambda: not worker.apps.book.given)
            refused = await (await worker.submit(pay(8, "refund"))).outcome()
            assert (refused.cause, refused.result) == (
                Cause.BAD_CONFIG,
                'ClassName: "refund" needs a database; start one',
            )
        await asyncio.to_thread(program.wait)
        played(tmp_path)

    asyncio.run(asyncio.wait_for(life(), 30))


def test_an_application_outlives_its_worker(tmp_path: Path) -> None:
    async def first() -> None:
        async with town(tmp_path) as worker:
            program = dial(tmp_path, 5)
            run = await worker.submit(pay(9))
            await until(lambda: log_of(tmp_path, run) == b"working\n" and run.record.handle is not None)
        await asyncio.to_thread(program.wait)

    async def second() -> Outcome:
        async with town(tmp_path) as worker:
            program = dial(tmp_path, 6)
            run = worker.live["aj-9-0-1"]
            await until(lambda: log_of(tmp_path, run) == b"working\nstill working\n")
            run.stop()
            outcome = await run.outcome()
            await until(lambda: not worker.apps.book.given)
        await asyncio.to_thread(program.wait)
        return outcome

    asyncio.run(asyncio.wait_for(first(), 30))
    outcome = asyncio.run(asyncio.wait_for(second(), 30))
    played(tmp_path)
    assert outcome.cause is Cause.STOPPED
    assert outcome.stop is not None
    assert (outcome.stop.strength, outcome.stop.by) == (Strength.REPORTED, "kill(ctx)")


def test_a_worker_dies_before_an_application_has_answered(tmp_path: Path) -> None:
    async def life() -> Outcome:
        async with town(tmp_path) as worker:
            record = worker.book.accept(pay(10), worker.host.bind(pay(10).job))
            worker.book.starting(record, [])
            worker.apps.book.came(
                KnownApp(key="code/shop/b3f1a07c", job_type="code", group="shop", resident="", name="shop-1", names=())
            )
            worker.apps.book.give(record.order.name, "code/shop/b3f1a07c")
        async with town(tmp_path) as worker:
            program = dial(tmp_path, 7)
            outcome = await worker.live["aj-a-0-1"].outcome()
            await until(lambda: not worker.apps.book.given)
        await asyncio.to_thread(program.wait)
        return outcome

    assert asyncio.run(asyncio.wait_for(life(), 30)).ok
    played(tmp_path)


def test_every_message_of_the_page_is_played() -> None:
    said = {json.loads(line[2:])["type"] for text in TRANSCRIPTS for line in text.splitlines()}
    named = set(re.findall(r"^\| (?:[←→] )?`([a-z]+)` \|", PAGE.read_text(), re.MULTILINE))
    assert named - said == {"refused"}, "that is for faults"
    assert said - named == {"ok", "error", "unsupported", "news"}


def test_the_registration_of_the_page_is_one(tmp_path: Path) -> None:
    file = tmp_path / "executor.toml"
    file.write_text(REGISTRATION)
    definition = read_definition(file)
    assert (definition.job_type, definition.version, set(definition.fields)) == ("sql", "1.2", {"statement", "retries"})
    assert definition.capabilities.resumes
    assert definition.samples.succeeds is not None
