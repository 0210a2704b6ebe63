"""The vendor's clients in other languages against `anyjob serve`: create, execute, look until the end, stop."""

from __future__ import annotations

import json
import re
from typing import Any

from tests.plugins.server.clients.orders import job, result
from tests.plugins.server.serving import Serving

_REQUEST = re.compile(r"[0-9A-F]{8}(-[0-9A-F]{4}){3}-[0-9A-F]{12}")

WRONG_SECRET = {
    "go": ("*tea.SDKError", "SignatureDoesNotMatch"),
    "node": ("ClientError", "SignatureDoesNotMatch"),
    "node pop GET": ("SignatureDoesNotMatchError", "SignatureDoesNotMatch"),
    "node pop POST": ("SignatureDoesNotMatchError", "SignatureDoesNotMatch"),
    "java async": ("PopClientException", "SignatureDoesNotMatch"),
    # This one finds the text that it signed itself in our message, and so knows what is wrong.
    "java core": ("ClientException", "SDK.InvalidAccessKeySecret"),
}


def test_a_job_is_created_as_it_was_meant(client: str, seen: dict[str, Any], serving: Serving) -> None:
    created = seen["created"]
    assert (created["Code"], created["Success"]) == (200, True)
    assert _REQUEST.fullmatch(created["RequestId"])
    meant = job(client)
    with serving.client() as own:
        stored = own.call("GetJobInfo", {"JobId": created["Data"]["JobId"]})["JobConfigInfo"]
    alike = ("Name", "Description", "JobType", "ExecuteMode", "Content", "Parameters", "MaxAttempt", "AttemptInterval")
    assert {name: stored[name] for name in alike} == {name: meant[name] for name in alike}
    assert json.loads(stored.get("XAttrs") or "{}") == json.loads(meant.get("XAttrs", "{}"))
    assert stored["MaxConcurrency"] == "2"
    assert stored["TimeConfig"]["TimeType"] == 100
    monitor = stored["JobMonitorInfo"]
    assert [_given(contact) for contact in monitor["ContactInfo"]] == meant["ContactInfo"]
    switches = ("TimeoutEnable", "TimeoutKillEnable", "FailEnable", "MissWorkerEnable", "Timeout", "SendChannel")
    assert {name: monitor["MonitorConfig"][name] for name in switches} == {name: meant[name] for name in switches}


def test_all_that_was_sent_reaches_the_process_and_comes_back(client: str, seen: dict[str, Any]) -> None:
    ended = seen["ended"]
    assert (ended["Status"], ended["Result"]) == (4, result(client))
    assert ended["JobId"] == seen["created"]["Data"]["JobId"]
    assert ended["TriggerType"] == 3
    assert all(re.fullmatch(r"\d{4}-\d\d-\d\d \d\d:\d\d:\d\d", ended[name]) for name in ("ScheduleTime", "EndTime"))


def test_a_name_that_is_taken_is_told_by_the_answer(client: str, seen: dict[str, Any]) -> None:
    again = seen["again"]
    assert again["Success"] is False
    assert again["Code"] != 200
    assert job(client)["Name"] in again["Message"]
    assert _REQUEST.fullmatch(again["RequestId"])
    # pop-core takes every code but 200 for a fault of the request; the others leave the reading to their callers.
    assert again.get("raised", "").endswith("Error") is client.startswith("node pop")


def test_a_run_is_stopped(seen: dict[str, Any]) -> None:
    assert (seen["stop"]["Code"], seen["stop"]["Success"]) == (200, True)
    assert seen["stopped"]["Status"] == 5


def test_a_wrong_secret_raises_what_the_client_documents(client: str, seen: dict[str, Any]) -> None:
    refused = seen["refused"]
    assert (refused["class"], refused["code"]) == WRONG_SECRET[client]
    if client == "java core":
        assert refused["message"] == "Specified Access Key Secret is not valid."
    else:
        assert "Specified signature is not matched with our calculation." in refused["message"]
        assert refused["status"] == 400
    if client != "go":  # its exception has the number in the text only
        assert _REQUEST.fullmatch(refused["request"])


def _given(contact: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in contact.items() if value}
