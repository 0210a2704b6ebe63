"""How runs end: every end has its cause, with evidence, and nothing is called what it is not."""

from __future__ import annotations

import json
import re
import time
import tomllib
from collections.abc import Callable
from typing import Any

import pytest
from tests.executors.dataworks.life import API, finish, flow_job

from anyjob.outcome import Cause, Strength
from anyjob.worker.worker import LiveRun
from anyjob_dataworks.peer import Exchange, Peer, PeerKey, Play

STARTS = {"2020-05-18": "RunManualDagNodes", "2024-05-18": "CreateWorkflowInstances"}
LOOKS = {"2020-05-18": "GetDag", "2024-05-18": "GetWorkflowInstance"}


def refuses(status: int, code: str, message: str = "no", **headers: str) -> Play:
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    return lambda exchange: exchange.refuse(status, code, message, named)


def running(run: LiveRun, log: str) -> bool:
    return "ready" in log


# ---------------------------------------------------------------- the flow's own ends


@pytest.mark.parametrize("api", API)
def test_a_node_that_failed_stands_in_the_evidence_with_its_last_lines(peer: Peer, api: str) -> None:
    got = finish(flow_job(peer, "broken", xattrs={"api": api}))
    assert got.outcome.cause is Cause.REMOTE_FAILED
    assert got.outcome.result.startswith("node transform (5000")
    assert got.outcome.result.endswith("failed: row 7: no such column: price")
    (node,) = [item for item in got.outcome.evidence if item.source.startswith("node transform")]
    assert node.text.upper().startswith("FAILURE\nROW 7: NO SUCH COLUMN: PRICE")
    assert "not stopped by anyjob" in got.said
    assert got.progress == (2, 3)


@pytest.mark.parametrize("api", API)
def test_a_stop_is_reported_once_the_flow_is_over(peer: Peer, api: str) -> None:
    got = finish(flow_job(peer, "sleeps", xattrs={"api": api}), until=running)
    assert got.outcome.cause is Cause.STOPPED
    assert got.outcome.stop is not None
    assert got.outcome.stop.strength is Strength.REPORTED
    assert got.outcome.stop.by.upper().endswith("INSTANCE: FAILURE" if api == "2024-05-18" else "GETDAG: FAILURE")
    (said,) = got.outcome.stop.evidence
    flow, node = said.text.upper().splitlines()
    assert flow.endswith(": FAILURE")
    assert node.startswith("NODE NAP (")
    assert node.endswith("): FAILURE")


@pytest.mark.parametrize("api", API)
def test_a_stop_that_nobody_takes_is_asked(peer: Peer, api: str) -> None:
    action = "StopInstance" if api == "2020-05-18" else "StopWorkflowInstances"
    peer.play(action, refuses(400, "InvalidStatus", "it cannot be stopped now"), times=1000)
    got = finish(flow_job(peer, "sleeps", xattrs={"api": api, "grace": 0.1}), until=running)
    assert got.outcome.cause is Cause.STOPPED
    assert got.outcome.stop is not None
    assert got.outcome.stop.strength is Strength.ASKED
    assert "it cannot be stopped now" in str(got.outcome.stop.to_json())


def test_a_node_that_begins_after_the_stop_is_stopped_too(peer: Peer) -> None:
    """The first stop of it is refused, as of a node that has not begun."""
    peer.play("StopInstance", refuses(400, "InvalidStatus", "NOT_RUN"))
    got = finish(flow_job(peer, "sleeps", xattrs={"grace": 600}), until=running)
    assert got.outcome.stop is not None
    assert got.outcome.stop.strength is Strength.REPORTED
    assert peer.count("StopInstance") > 1


def test_our_deadline_holds(peer: Peer) -> None:
    got = finish(flow_job(peer, "sleeps", xattrs={"grace": 0.2}), facts={"deadline": time.time() + 1})
    assert got.outcome.cause is Cause.TIMED_OUT
    assert got.outcome.stop is not None
    assert got.outcome.stop.strength is Strength.REPORTED


@pytest.mark.parametrize("api", API)
def test_stopped_by_somebody_else_in_the_console(peer: Peer, api: str) -> None:
    """DataWorks shows it as a failure: we say so, and that it was not us, and guess no more."""

    def console(run: LiveRun) -> None:
        (flow,) = peer.flows.started
        assert peer.flows.stop(flow.nodes[0])

    got = finish(flow_job(peer, "sleeps", xattrs={"api": api}), until=running, meanwhile=console)
    assert (got.outcome.cause, got.outcome.stop) == (Cause.REMOTE_FAILED, None)
    assert "shows a node that somebody stopped as failed; it was not stopped by anyjob" in got.said


def test_a_flow_that_could_not_be_made(peer: Peer) -> None:
    failure = {"Result": {"Status": "CreateFailure", "FailureMessage": "task 701001 is frozen"}}
    peer.play("GetCreateWorkflowInstancesResult", lambda exchange: exchange.answer(200, failure))
    got = finish(flow_job(peer, "daily", xattrs={"api": "2024-05-18"}))
    assert got.outcome.cause is Cause.REMOTE_FAILED
    assert "was not started: task 701001 is frozen" in got.said


def test_a_state_that_is_not_known_is_not_called_over(peer: Peer) -> None:
    odd = {"Success": True, "Data": {"Status": "HALF_DONE"}}
    peer.play("GetDag", lambda exchange: exchange.answer(200, odd), times=3)
    assert finish(flow_job(peer, "hello")).outcome.cause is Cause.SUCCEEDED
    assert not peer.plays


def test_a_flow_that_is_over_while_a_node_goes_on_is_watched_further(peer: Peer) -> None:
    over = {"Success": True, "Data": {"Status": "FAILURE"}}
    peer.play("GetDag", lambda exchange: exchange.answer(200, over), times=3)
    got = finish(flow_job(peer, "counts", dagParameters={"upto": 30}))
    assert got.outcome.cause is Cause.SUCCEEDED


# ---------------------------------------------------------------- starts that are refused


@pytest.mark.parametrize(
    ("content", "api", "said"),
    [
        ({"flowName": "nightly"}, "2020-05-18", "Correct Content.flowName: it asks for flow nightly of practice"),
        ({"projectName": "elsewhere"}, "2020-05-18", "Correct Content.projectName"),
        ({"taskIds": "4711"}, "2020-05-18", "Correct Content.taskIds"),
        ({"flowName": "nightly"}, "2024-05-18", "Content.flowName: 'nightly' is unknown to DataWorks"),
        ({"flowName": "dail"}, "2024-05-18", "Content.flowName: 'dail' is unknown to DataWorks"),
        ({"projectName": "practic"}, "2024-05-18", "Content.projectName: 'practic' is unknown to DataWorks"),
        ({"taskIds": "4711"}, "2024-05-18", "Correct Content.taskIds"),
    ],
)
def test_what_is_unknown_is_bad_config(peer: Peer, content: dict[str, Any], api: str, said: str) -> None:
    named = {"flow": "daily", **content}
    flow = named.pop("flowName", named.pop("flow"))
    named.pop("flow", None)
    got = finish(flow_job(peer, flow, xattrs={"api": api}, **named))
    assert got.outcome.cause is Cause.BAD_CONFIG
    assert said in got.outcome.result
    assert not peer.flows.started


@pytest.mark.parametrize("api", API)
@pytest.mark.parametrize(
    ("answer", "cause", "said"),
    [
        (refuses(403, "ResourceNotAuthorized.Api"), Cause.REJECTED, "Grant the account dataworks:"),
        (refuses(403, "Forbidden.RAM"), Cause.REJECTED, "Grant the account dataworks:"),
        (refuses(500, "Forbidden.Not.Server"), Cause.BAD_CONFIG, "Correct the job"),
        (refuses(404, "InvalidAccessKeyId.NotFound"), Cause.REJECTED, "Check ACCESS_KEY_ID and ACCESS_KEY_SECRET"),
        (refuses(400, "InvalidSecurityToken.Expired"), Cause.REJECTED, "Renew the temporary access key"),
        (
            refuses(400, "InvalidParameter", 'The specified parameter "SecurityToken.Expired" is not valid.'),
            Cause.REJECTED,
            "Renew the temporary access key",
        ),
        (refuses(400, "InvalidParameter", "ProjectEnv is wrong"), Cause.BAD_CONFIG, "Correct Content.projectName"),
    ],
    ids=["forbidden", "RAM", "not in this region", "key", "token", "token as parameter", "parameter"],
)
def test_a_refused_start(peer: Peer, api: str, answer: Play, cause: Cause, said: str) -> None:
    peer.play(STARTS[api], answer)
    got = finish(flow_job(peer, "hello", xattrs={"api": api}))
    assert got.outcome.cause is cause
    assert said in got.outcome.result
    assert "practice (PROD)" in got.outcome.result
    assert peer.count(STARTS[api]) == 1


def test_a_refusal_within_an_answer_200(peer: Peer) -> None:
    said = {"Success": False, "HttpStatusCode": 404, "ErrorCode": "1031203110005", "ErrorMessage": "no such flow"}
    peer.play("RunManualDagNodes", lambda exchange: exchange.answer(200, said))
    got = finish(flow_job(peer, "hello"))
    assert got.outcome.cause is Cause.BAD_CONFIG
    assert "404 1031203110005: no such flow" in got.outcome.result


@pytest.mark.parametrize("clock", [960, -960], ids=["behind", "ahead"])
def test_a_clock_that_is_off_is_named_with_the_remedy(peer: Peer, clock: float) -> None:
    peer.clock = clock
    got = finish(flow_job(peer, "hello"))
    assert got.outcome.cause is Cause.REJECTED
    side = "behind" if clock > 0 else "ahead of"
    assert f"s {side} the service's. Set it right, by NTP" in got.outcome.result
    assert "this machine's clock is wrong" in got.said
    assert not peer.flows.started


def test_nobody_listens_there(peer: Peer) -> None:
    peer.__exit__(None, None, None)
    got = finish(flow_job(peer, "hello"))
    peer.__enter__()
    assert got.outcome.cause is Cause.START_FAILED
    assert got.outcome.result.startswith("RunManualDagNodes: it cannot be reached: ")
    (said,) = got.outcome.evidence
    assert f"{said.source}: {said.text}" == got.outcome.result


def test_the_egress_policy_is_kept(peer: Peer) -> None:
    got = finish(flow_job(peer, "hello"), egress={"deny": ["127.0.0.0/8"]})
    assert got.outcome.cause is Cause.REJECTED
    assert "[egress] deny says '127.0.0.0/8'" in got.outcome.result
    assert not peer.asked


# ---------------------------------------------------------------- throttling


@pytest.mark.parametrize("api", API)
def test_a_throttled_start_is_tried_again_and_starts_once(peer: Peer, api: str) -> None:
    peer.play(STARTS[api], refuses(429, "Throttling.User"), times=2)
    got = finish(flow_job(peer, "hello", xattrs={"api": api}), settings={"patience": 20})
    assert got.outcome.cause is Cause.SUCCEEDED
    assert "throttled: 429 Throttling.User" in got.log
    assert got.log.count("it is tried again") == 1
    assert (peer.count(STARTS[api]), len(peer.flows.started)) == (3, 1)


def test_a_start_that_is_throttled_for_long_is_rejected(peer: Peer) -> None:
    peer.play("RunManualDagNodes", refuses(429, "Throttling.Api.Risk"), times=1000)
    got = finish(flow_job(peer, "hello"), settings={"patience": 0.8})
    assert got.outcome.cause is Cause.REJECTED
    assert "Throttling.Api.Risk" in got.outcome.result
    assert not peer.flows.started


def test_a_stop_while_the_start_is_throttled_ends_it(peer: Peer) -> None:
    peer.play("RunManualDagNodes", refuses(429, "Throttling.User"), times=1000)
    job = flow_job(peer, "hello", xattrs={"grace": 5})
    got = finish(job, settings={"patience": 60}, until=lambda run, log: "tried again" in log)
    assert got.outcome.cause is Cause.STOPPED
    assert got.outcome.stop is not None
    assert got.outcome.stop.strength is not Strength.ASKED
    assert not peer.flows.started


def test_the_service_says_when_to_come_back(peer: Peer) -> None:
    """One that would be asked again at once is not asked before its time."""
    came: list[float] = []

    def throttle(exchange: Exchange) -> None:
        came.append(time.monotonic())
        exchange.refuse(429, "Throttling.User", "slow down", {"Retry-After": "2"})

    def do(exchange: Exchange) -> None:
        came.append(time.monotonic())
        exchange.answer(200, exchange.do())

    peer.play("RunManualDagNodes", throttle)
    peer.play("RunManualDagNodes", do)
    assert finish(flow_job(peer, "hello"), settings={"patience": 20}).outcome.cause is Cause.SUCCEEDED
    assert came[1] - came[0] > 1.9  # by Retry-After; by itself it would wait half a second


@pytest.mark.parametrize("api", API)
def test_throttled_looks_go_on(peer: Peer, api: str) -> None:
    peer.play(LOOKS[api], refuses(429, "Throttling.User"), times=2)
    got = finish(flow_job(peer, "hello", xattrs={"api": api}), settings={"patience": 20})
    assert got.outcome.cause is Cause.SUCCEEDED
    assert "looking at it fails, and goes on" in got.log
    assert "it can be looked at again" in got.log


# ---------------------------------------------------------------- looks that fail


def hangs(exchange: Exchange) -> None:
    time.sleep(1.5)
    exchange.hang_up()


def drips(exchange: Exchange) -> None:
    exchange.begin(200, {"Content-Type": "application/json", "Content-Length": "5000"})
    for _ in range(40):
        exchange.write(b" ")
        time.sleep(0.05)


WRONG: dict[str, Play] = {
    "html": lambda exchange: exchange.raw(200, b"<html>login</html>", {"Content-Type": "text/html"}),
    "502": lambda exchange: exchange.raw(502, b"<html>Bad Gateway</html>", {}),
    "500": refuses(500, "InternalError.System"),
    "array": lambda exchange: exchange.answer(200, []),
    "redirect": lambda exchange: exchange.raw(302, b"{}", {"Location": "http://169.254.169.254/"}),
    "hangs up": lambda exchange: exchange.hang_up(),
    "no answer": hangs,
    "drips": drips,
    "breaks off": lambda exchange: (exchange.begin(200, {"Content-Length": "500"}), exchange.hang_up())[0],
    "empty": lambda exchange: exchange.answer(200, {"Data": {}, "Success": True}),
    "deep": lambda exchange: exchange.raw(200, b"[" * 200_000, {}),
}


@pytest.mark.parametrize("play", WRONG.values(), ids=WRONG.keys())
def test_a_look_that_fails_says_nothing_of_the_flow(peer: Peer, play: Play) -> None:
    peer.play("GetDag", play)
    got = finish(flow_job(peer, "hello"), settings={"patience": 20})
    assert (got.outcome.cause, got.outcome.result) == (Cause.SUCCEEDED, "hello")
    assert "looking at it fails, and goes on: GetDag" in got.log


@pytest.mark.parametrize(
    "play",
    [WRONG["html"], refuses(403, "Forbidden.RAM"), refuses(400, "InvalidSecurityToken.Expired")],
    ids=["html", "forbidden", "token"],
)
def test_when_every_look_fails_nobody_knows(peer: Peer, play: Play) -> None:
    peer.play("GetDag", play, times=1000)
    got = finish(flow_job(peer, "hello"), settings={"patience": 0.5})
    assert got.outcome.cause is Cause.UNKNOWN
    assert "every look has failed for 0.5 s: flow hello of practice (PROD)" in got.said
    assert "DAG 5000" in got.said
    assert "GetDag: " in got.said


def test_a_stop_of_what_cannot_be_looked_at_is_asked(peer: Peer) -> None:
    peer.play("GetDag", WRONG["html"], times=1000)
    job = flow_job(peer, "sleeps", xattrs={"grace": 0.1})
    got = finish(job, settings={"patience": 60}, until=lambda run, log: "looking at it fails" in log)
    assert got.outcome.stop is not None
    assert got.outcome.stop.strength is Strength.ASKED
    assert "the stop could not be asked for" in got.outcome.stop.by


# ---------------------------------------------------------------- starts that are not answered


def _kept_to_itself(play: Callable[[Exchange], None]) -> Play:
    """Does what is asked, and answers otherwise."""

    def done(exchange: Exchange) -> None:
        exchange.do()
        play(exchange)

    return done


@pytest.mark.parametrize("api", API)
@pytest.mark.parametrize("play", ["hangs up", "no answer", "html", "502", "500", "empty"])
def test_a_start_that_was_done_and_not_answered_is_found_by_its_mark(peer: Peer, api: str, play: str) -> None:

    def with_another(exchange: Exchange) -> None:
        """A newer one of the day, which another installation marked for a run of the same number."""
        mark = "aj-1-0-1.other"
        peer.flows.start("fails", name=mark, env="PROD", day="2026-11-20", parameters={"anyjob_run": mark})
        WRONG[play](exchange)

    peer.play(STARTS[api], _kept_to_itself(with_another))
    got = finish(flow_job(peer, "hello", bizDate="2026-11-20", xattrs={"api": api}))
    assert (got.outcome.cause, got.outcome.result) == (Cause.SUCCEEDED, "hello")
    assert "the start was not answered;" in got.log
    assert (peer.count(STARTS[api]), len(peer.flows.started)) == (1, 2)
    assert str(peer.flows.started[0].id) in str(got.outcome.outputs["flow"])


@pytest.mark.parametrize("api", API)
@pytest.mark.parametrize("play", ["hangs up", "html", "500"])
def test_a_start_that_is_not_found_is_unknown_and_not_tried_again(peer: Peer, api: str, play: str) -> None:
    peer.play(STARTS[api], WRONG[play])
    got = finish(flow_job(peer, "hello", xattrs={"api": api}))
    assert got.outcome.cause is Cause.UNKNOWN
    assert "the request to start it was sent and not answered, and nothing that carries the mark" in got.said
    assert (peer.count(STARTS[api]), len(peer.flows.started)) == (1, 0)


def test_without_a_mark_nothing_can_be_found(peer: Peer) -> None:
    peer.play("RunManualDagNodes", _kept_to_itself(WRONG["hangs up"]))
    got = finish(flow_job(peer, "hello", xattrs={"mark": False}))
    assert got.outcome.cause is Cause.UNKNOWN
    assert "XAttrs.mark is false, so it cannot be looked for" in got.said


def test_a_nonce_that_was_used_is_a_request_that_came_twice(peer: Peer) -> None:
    peer.play("RunManualDagNodes", _kept_to_itself(refuses(400, "SignatureNonceUsed")))
    got = finish(flow_job(peer, "hello"))
    assert got.outcome.cause is Cause.SUCCEEDED
    assert len(peer.flows.started) == 1


# ---------------------------------------------------------------- keys


def _real(peer: Peer) -> dict[str, Any]:
    """Settings in which a region leads to the server, as a real one would to DataWorks."""
    return {"endpoints": {"cn-shanghai": f"http://127.0.0.1:{peer.port}"}, "region": "cn-shanghai"}


def test_the_key_of_the_job_itself(peer: Peer) -> None:
    peer.keys = {"LTAI7": PeerKey(secret="7secret7", token="7token7")}
    names = {"ACCESS_KEY_ID": "dw_id", "ACCESS_KEY_SECRET": "dw_secret", "SECURITY_TOKEN": "dw_token"}
    secrets = {"dw_id": "LTAI7", "dw_secret": "7secret7", "dw_token": "7token7"}
    job = flow_job(peer, "hello", xattrs={"secrets": names}, region=None)
    got = finish(job, settings=_real(peer), secrets=secrets)
    assert got.outcome.result == "hello"


def test_the_key_of_the_app_group(peer: Peer, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DW_SECRET", "fsecret")
    peer.keys = {"finance-key": PeerKey(secret="fsecret")}
    finance = {"id": {"command": ["echo", "finance-key"]}, "secret": {"env": "DW_SECRET"}}
    other = {"id": {"command": ["echo", "other-key"]}, "secret": {"command": ["echo", "x"]}}
    settings = {**_real(peer), "credentials": {"finance": finance, "*": other}}
    assert finish(flow_job(peer, "hello", region=None, group="finance"), settings=settings).outcome.result == "hello"
    got = finish(flow_job(peer, "hello", region=None, group="hr"), settings=settings)
    assert got.outcome.cause is Cause.REJECTED
    assert "InvalidAccessKeyId.NotFound" in got.outcome.result


def test_no_real_key_ever_goes_to_the_practice_server(peer: Peer) -> None:
    key = {"id": {"command": ["echo", "real"]}, "secret": {"command": ["echo", "real"]}}
    got = finish(flow_job(peer, "hello"), settings={"credentials": {"*": key}})
    assert got.outcome.result == "hello"  # signed with the practice key, the only one it knows


@pytest.mark.parametrize(("group", "table"), [("hr", "hr"), ("a.b", "a.b"), ("", "*")])
def test_a_job_without_a_key_is_told_the_table_to_write(peer: Peer, group: str, table: str) -> None:
    got = finish(flow_job(peer, "hello", region=None, group=group), settings=_real(peer))
    assert got.outcome.cause is Cause.DEPENDENCY_MISSING
    said = re.search(r"or write id and secret in (\[.*\]) of the worker's settings", got.outcome.result)
    assert said is not None, got.outcome.result
    assert tomllib.loads(said[1]) == {"executors": {"dataworks": {"credentials": {table: {}}}}}


def test_a_job_without_a_region_does_not_start(peer: Peer) -> None:
    got = finish(flow_job(peer, "hello", region=None), settings={})
    assert "Content.region names no region" in got.outcome.result


def test_a_key_that_was_renewed_in_the_settings_is_taken_up(peer: Peer, tmp_path: Any) -> None:
    """The old token has expired while the flow goes on; the operator writes the new one, and the run goes on."""
    token = tmp_path / "token"
    token.write_text("first")
    peer.keys = {"k": PeerKey(secret="s", token="first")}
    key = {"id": {"command": ["echo", "k"]}, "secret": {"command": ["echo", "s"]}, "token": {"file": str(token)}}
    settings = {**_real(peer), "credentials": {"*": key}, "patience": 20}

    def renew(run: LiveRun) -> None:
        peer.keys["k"] = PeerKey(secret="s", token="second")
        token.write_text("second")

    job = flow_job(peer, "counts", region=None, dagParameters={"upto": 30})
    got = finish(job, settings=settings, until=lambda run, log: "RUNNING" in log, meanwhile=renew)
    assert got.outcome.cause is Cause.SUCCEEDED
    assert "first" not in got.log + got.said


@pytest.mark.parametrize("secret", ["7secret7", "7token7"])
def test_an_answer_that_repeats_a_secret_does_not_show_it(peer: Peer, secret: str) -> None:
    peer.keys = {"k": PeerKey(secret="7secret7", token="7token7")}
    sources = {"id": {"command": ["echo", "k"]}, "secret": {"command": ["echo", "7secret7"]}}
    key = {**sources, "token": {"command": ["echo", "7token7"]}}
    peer.play("RunManualDagNodes", refuses(403, "Forbidden.RAM", f"not with {secret}"))
    got = finish(flow_job(peer, "hello", region=None), settings={**_real(peer), "credentials": {"*": key}})
    assert got.outcome.cause is Cause.REJECTED
    assert "not with [secret]" in got.outcome.result
    assert secret not in json.dumps(got.outcome.to_json()) + got.log
