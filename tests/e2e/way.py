"""The whole way of a job, from the vendor's SDK to its end on the real part, as it must be for every type."""

from __future__ import annotations

import json
import signal
import time
from collections.abc import Callable, Iterator
from contextlib import closing
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, ClassVar

import pytest
from tests.plugins.server.api.sdk import Sdk
from tests.plugins.server.serving import Serving

from anyjob.outcome import Cause, Strength
from anyjob.status import InstanceStatus, TriggerType

__all__ = ["PAGE", "Deed", "Middle", "Talk", "Way"]

PAGE: dict[str, Any] = {
    "Namespace": "default",
    "NamespaceSource": "schedulerx",
    "GroupId": "default",
    "Description": "Test",
    "ExecuteMode": "standalone",
    "Parameters": "test",
    "MaxConcurrency": 1,
    "MaxAttempt": 0,
    "AttemptInterval": 30,
    "TimeType": 100,
    "Timezone": "GMT+8",
    "TimeoutEnable": False,
    "Timeout": 7200,
    "TimeoutKillEnable": False,
    "FailEnable": False,
    "FailTimes": 2,
    "MissWorkerEnable": False,
    "SendChannel": "sms",
    "Status": 1,
    "Priority": 5,
}
"""The example values of CreateJob's page (`createjob-api.txt`), where they do not say what the job is. Namespace and
group are those of a new server; TimeType is `api`, as the tests fire by ExecuteJob."""

_PATIENCE = 60.0
"""Seconds after which something that never comes is a failure."""


@dataclass(frozen=True, kw_only=True)
class Deed:
    """A job that comes to its end by itself, and what is then to be read. `logged`: a whole line of its log."""

    fields: dict[str, Any]
    result: str
    logged: str


@dataclass(frozen=True, kw_only=True)
class Middle:
    """A job that stays in its middle. `begun`: how often its work began, as the work or its other side knows it;
    `let_go`: have it come to its end; `result`: what that end gives; `logged`: its log then, each line once; `left`:
    what is still there of it, to be nothing once a stop is said to be more than asked; `meanwhile`: what happens while
    no server is there."""

    fields: dict[str, Any]
    begun: Callable[[], int]
    let_go: Callable[[], None]
    result: str = ""
    logged: tuple[str, ...] = ()
    left: Callable[[], object] = lambda: None
    meanwhile: Callable[[], None] = lambda: None


@dataclass
class Talk:
    """What a user does with a server: by the SDK, and by raw calls where the SDK drops what it does not know."""

    serving: Serving
    sdk: Sdk
    jobs: dict[str, int] = field(default_factory=dict[str, int])

    def call(self, action: str, **fields: Any) -> Any:
        """`Data` of a call by the SDK that is to succeed."""
        told = self.sdk.ask(action, {"Namespace": "default", "GroupId": "default", **fields})
        assert told is not None
        assert (told["Success"], told["Code"]) == (True, 200), (action, fields, told)
        return told.get("Data")

    def create(self, name: str, job_type: str, fields: dict[str, Any]) -> int:
        """By CreateJob with the page's example values; its id."""
        spelt = {key: json.dumps(value) if isinstance(value, dict) else value for key, value in fields.items()}
        self.jobs[name] = int(self.call("CreateJob", **{**PAGE, "Name": name, "JobType": job_type, **spelt})["JobId"])
        return self.jobs[name]

    def execute(self, job: int) -> int:
        """By ExecuteJob; the instance."""
        return int(self.call("ExecuteJob", JobId=job)["JobInstanceId"])

    def ended(self, job: int, instance: int) -> dict[str, Any]:
        """Wait by GetJobInstance until it is over; what the SDK understood."""
        end = time.monotonic() + _PATIENCE
        while True:
            told = self.call("GetJobInstance", JobId=job, JobInstanceId=instance)["JobInstanceDetail"]
            if InstanceStatus(told["Status"]).finished:
                return told
            assert time.monotonic() < end, (told, self.log(job, instance), self.serving.log)
            time.sleep(0.05)

    def log(self, job: int, instance: int) -> list[str]:
        """By GetLog, as the SDK has it, oldest first."""
        return self.call("GetLog", JobId=job, JobInstanceId=str(instance), Reverse=False, Line=200).get("Logs") or []

    def raw(self, instance: int) -> dict[str, Any]:
        """The instance as it stands in the reply, with the keys that are anyjob's own."""
        with self.serving.client() as client:
            return client.call("GetJobInstance", {"JobInstanceId": instance})["JobInstanceDetail"]

    def instances(self, job: int) -> list[dict[str, Any]]:
        """By GetJobInstanceList, newest first."""
        return self.call("GetJobInstanceList", JobId=job).get("JobInstanceDetails") or []

    def until(self, condition: Callable[[], object], what: str) -> None:
        """Wait until it holds."""
        end = time.monotonic() + _PATIENCE
        while not condition():
            assert time.monotonic() < end, f"never came: {what}\n{self.serving.log}"
            time.sleep(0.05)


class Way:
    """The tests of a type. It says what its jobs are, on the ground that its fixtures give."""

    job_type: ClassVar[str]
    stopped: ClassVar[Strength]
    """How strong the type's word is that a run which was stopped in its middle is over."""
    lost: ClassVar[Cause] = Cause.SUCCEEDED
    """How a run ends whose server was killed in its middle and started again."""

    @pytest.fixture(scope="class")
    @classmethod
    def settings(cls) -> str:
        """The settings file of server and command line; as root a test's jobs run as root."""
        return '[server.users]\n"*" = "root"\n'

    @pytest.fixture(scope="class")
    @classmethod
    def talk(cls, settings: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Talk]:
        """A server with the ground's settings, and the newest SDK."""
        with (
            Serving(tmp_path_factory.mktemp("e2e"), settings) as serving,
            closing(Sdk("tea", serving.address, serving.key, serving.secret)) as sdk,
        ):
            yield Talk(serving, sdk)

    @pytest.fixture
    def deed(self) -> Deed:
        """A job that succeeds at once."""
        raise NotImplementedError

    @pytest.fixture
    def middle(self, tmp_path: Path) -> Middle:
        """A job that stays in its middle."""
        raise NotImplementedError

    @pytest.fixture
    def file_settings(self, talk: Talk) -> Path:
        """The settings of `anyjob run`: the server's, unless both would listen at one address."""
        return talk.serving.settings

    def test_made_and_run_by_the_sdk_it_is_read_back(self, talk: Talk, deed: Deed) -> None:
        job = talk.create(f"{self.job_type}-quick", self.job_type, deed.fields)
        instance = talk.execute(job)
        told = talk.ended(job, instance)
        raw = talk.raw(instance)
        assert (told["Status"], told["Result"]) == (InstanceStatus.SUCCESS.value, deed.result), raw
        assert told["TriggerType"] == TriggerType.API.value
        assert raw["Cause"] == Cause.SUCCEEDED.value, raw
        assert raw["StopReport"] is None or raw["StopReport"]["strength"] == self.stopped.value, raw
        assert deed.logged in self.written(talk.log(job, instance))

    def test_stopped_in_its_middle_it_says_how_surely_it_is_over(self, talk: Talk, middle: Middle) -> None:
        job = talk.create(f"{self.job_type}-stopped", self.job_type, middle.fields)
        instance = talk.execute(job)
        talk.until(lambda: middle.begun() == 1, "the middle")
        talk.call("StopInstance", JobId=job, InstanceId=instance)
        told = talk.ended(job, instance)
        raw = talk.raw(instance)
        assert told["Status"] == InstanceStatus.FAILED.value
        assert raw["Cause"] == Cause.STOPPED.value, raw
        assert raw["StopReport"]["strength"] == self.stopped.value, raw
        assert raw["StopReport"]["evidence"], raw
        assert middle.begun() == 1
        assert self.stopped is Strength.ASKED or not middle.left(), (middle.left(), raw)

    def test_its_server_killed_in_the_middle_it_ends_once(self, talk: Talk, middle: Middle) -> None:
        job = talk.create(f"{self.job_type}-lost", self.job_type, middle.fields)
        instance = talk.execute(job)
        talk.until(lambda: middle.begun() == 1, "the middle")
        first = list(middle.logged[:1])  # so that the next server has a place in the log from which to go on
        talk.until(lambda: self.written(talk.log(job, instance)) == first, "its first line")
        talk.serving.end(signal.SIGKILL)
        middle.meanwhile()
        talk.serving.start()
        middle.let_go()
        talk.ended(job, instance)
        raw = talk.raw(instance)
        assert raw["Cause"] == self.lost.value, raw
        if self.lost is Cause.SUCCEEDED:
            assert raw["Result"] == middle.result
        else:
            assert raw["Evidence"], raw
        assert tuple(self.written(talk.log(job, instance))) == middle.logged
        assert middle.begun() == 1
        assert [one["InstanceId"] for one in talk.instances(job)] == [instance]

    def test_by_cron_it_runs_again_and_again(self, talk: Talk, deed: Deed) -> None:
        job = talk.create(
            f"{self.job_type}-cron", self.job_type, {**deed.fields, "TimeType": 1, "TimeExpression": "0/2 * * * * ?"}
        )

        def fired() -> list[dict[str, Any]]:
            ended = [one for one in talk.instances(job) if InstanceStatus(one["Status"]).finished]
            return [one for one in ended if one["TriggerType"] == TriggerType.SCHEDULED.value]

        talk.until(lambda: len(fired()) >= 2, "two firings to their ends")
        talk.call("DisableJob", JobId=job)
        assert {one["Status"] for one in fired()} == {InstanceStatus.SUCCESS.value}, fired()
        assert {one["Result"] for one in fired()} == {deed.result}
        times = [one["ScheduleTime"] for one in fired()]
        assert len(set(times)) == len(times)
        assert all(int(at[-2:]) % 2 == 0 for at in times)

    def test_from_a_file_without_a_server(self, talk: Talk, deed: Deed, file_settings: Path, tmp_path: Path) -> None:
        path = tmp_path / "job.json"
        path.write_text(json.dumps({**PAGE, "Name": "from-a-file", "JobType": self.job_type, **deed.fields}))
        done = talk.serving.program("run", str(path), "--json", "--config", str(file_settings))
        assert done.status == 0, (done.out, done.err)
        assert (done.json["ok"], done.json["cause"], done.json["result"]) == (True, Cause.SUCCEEDED.value, deed.result)
        assert deed.logged in self.written(Path(done.json["log"]).read_text().splitlines())

    def written(self, log: list[str]) -> list[str]:
        """What the job itself wrote, of a log in which the type's other side writes too."""
        return log
