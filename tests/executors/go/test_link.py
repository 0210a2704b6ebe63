"""An application that dials in, against a peer that plays the worker."""

from __future__ import annotations

import base64
import os
import re
import signal
import socket
import time
from collections.abc import Iterator

import pytest
from tests.executors.go.peer import Peer
from tests.executors.go.programs import Programs

pytestmark = pytest.mark.needs("go")


@pytest.fixture
def peer(programs: Programs) -> Iterator[Peer]:
    with Peer(programs.odd) as made:
        yield made


def test_the_hello_says_who_it_is(peer: Peer) -> None:
    hello = peer.welcome()
    assert hello.pop("id").isalnum()
    assert "Flag" in hello["names"]
    assert "Late" not in hello["names"]
    assert hello["details"]["Broadcast"] == {"phases": ["PROCESS", "PRE", "POST"], "kill": False}
    assert hello["details"]["Flag"] == {"phases": ["PROCESS"], "kill": True}
    assert {name: hello[name] for name in hello if name not in {"names", "details", "software"}} == {
        "type": "hello",
        "protocols": [1],
        "role": "app",
        "job_type": "go",
        "token": "t0ken",
        "app": "odd",
        "runs": [],
    }
    assert hello["software"].startswith("anyjob-go-sdk/")


def test_code_that_is_registered_late_is_announced(peer: Peer) -> None:
    peer.welcome()
    assert "Late" in peer.request_of("names")["names"]
    assert peer.call("Late")["cause"] == "succeeded"


def test_a_late_name_is_waited_for(peer: Peer) -> None:
    peer.welcome()
    assert peer.start("Late")["type"] == "ok"
    assert peer.result()["result"] == "hello "


def test_a_name_that_is_not_registered_begins_nothing(peer: Peer) -> None:
    peer.welcome()
    number = peer.send("start", run="r", name="Helo", facts={}, spec={"jobName": "Helo"}, secrets={})
    assert peer.call("Hello")["cause"] == "succeeded", "other requests go on while a name is waited for"
    refused = peer.until(lambda said: said.get("re") == number)
    assert refused["type"] == "error"
    (problem,) = refused["problems"]
    assert (problem["field"], problem["value"]) == ("Content.jobName", "Helo")
    assert 'did you mean "Hello"?' in problem["remedy"]
    assert peer.ask("find", run="r")["held"] is False


@pytest.mark.parametrize(
    ("name", "cause", "result", "retry"),
    [
        ("Nothing", "failed", "Process returned no result", None),
        ("Fails", "failed", "not all of it", None),
        ("Errs", "failed", "no such order: file does not exist", {"again": False, "after": None}),
        ("Again", "failed", "busy", {"again": True, "after": None}),
        ("Panics", "failed", "panic: runtime error: index out of range [7] with length 0", None),
        ("Goexits", "failed", "Process ended its goroutine", None),
        ("BadOutputs", "failed", None, None),
        ("Large", "failed", None, {"again": False, "after": None}),
    ],
)
def test_ends(peer: Peer, name: str, cause: str, result: str | None, retry: object) -> None:
    peer.welcome()
    outcome = peer.call(name)
    assert outcome["cause"] == cause
    if result is not None:
        assert outcome["result"] == result
    assert outcome["evidence"]
    assert outcome.get("retry") == retry
    assert abs(outcome["ended"] - time.time()) < 30
    assert peer.call("Hello", "next")["cause"] == "succeeded", "one run's fault harms no other"


def test_a_secret_is_in_the_start_message(peer: Peer) -> None:
    peer.welcome()
    assert peer.start("Secret", secrets={"TOKEN": "12345"})["type"] == "ok"
    assert peer.result()["result"] == "5"


def test_the_same_start_twice_is_one_run(peer: Peer) -> None:
    peer.welcome()
    assert peer.start("Counts")["type"] == "ok"
    assert peer.result()["result"] == "1"
    assert peer.start("Counts")["type"] == "ok"
    assert peer.start("Counts", "another")["type"] == "ok"
    assert peer.result("another")["result"] == "2", "the first was not begun again"


def test_facts_that_cannot_be_read_begin_nothing(peer: Peer) -> None:
    peer.welcome()
    refused = peer.start("Hello", instance="seven")
    assert refused["type"] == "error"
    assert "facts of the run cannot be read" in refused["message"]
    assert peer.ask("find", run="aj-7-0-1")["held"] is False


def test_a_request_that_nobody_knows_is_unsupported(peer: Peer) -> None:
    peer.welcome()
    assert peer.ask("take", names=[])["type"] == "unsupported"
    peer.say(type="weather")
    assert peer.ask("ping")["type"] == "ok"


# ---------------------------------------------------------------- stops


@pytest.mark.parametrize(
    ("name", "by", "kill"),
    [("Waits", "context cancelled", None), ("Flag", "context cancelled and Kill called", "Kill was called"),
     ("BadKill", "context cancelled and Kill called", "Kill panicked: implement me")],
)  # fmt: skip
def test_a_stop_is_reported_once_the_code_has_returned(peer: Peer, name: str, by: str, kill: str | None) -> None:
    peer.welcome()
    peer.start(name)
    peer.logged("ready")
    report = peer.ask("stop", run="aj-7-0-1", stage="ASK")["stop"]
    assert (report["strength"], report["by"], report["survivors"]) == ("ASKED", by, [])
    outcome = peer.result()
    assert outcome["cause"] == "stopped"
    assert outcome["stop"]["strength"] == "REPORTED"
    texts = [item["text"] for item in outcome["stop"]["evidence"]]
    assert texts[0] == "the worker asked for the end: the context was cancelled"
    if kill is not None:
        assert texts[1].startswith(kill)
    again = peer.ask("stop", run="aj-7-0-1", stage="FORCE")["stop"]
    assert again["strength"] == "REPORTED"


def test_a_goroutine_that_ignores_the_stop_is_named_as_a_survivor(peer: Peer) -> None:
    peer.welcome()
    peer.start("Ignores")
    peer.logged("ready")
    peer.ask("stop", run="aj-7-0-1", stage="ASK")
    report = peer.ask("stop", run="aj-7-0-1", stage="FORCE")["stop"]
    assert report["strength"] == "ASKED"
    assert report["survivors"] == ["goroutine of odd: Process has not returned, and nothing outside can end it"]
    peer.ask("clean", run="aj-7-0-1")
    assert peer.call("Hello", "next")["cause"] == "succeeded"


def test_the_deadline_is_on_the_context(peer: Peer) -> None:
    peer.welcome()
    peer.start("Deadline", deadline=int((time.time() + 0.3) * 1000))
    outcome = peer.result()
    assert outcome["cause"] == "timed_out"
    assert outcome["result"] == "context deadline exceeded"


def test_a_stop_of_a_run_that_is_not_held(peer: Peer) -> None:
    peer.welcome()
    assert peer.ask("stop", run="other", stage="ASK")["type"] == "error"
    assert peer.ask("watch", run="other", cursors={})["type"] == "error"
    assert peer.ask("clean", run="other")["type"] == "ok"


# ---------------------------------------------------------------- what it says


def test_map_waits_for_its_answer_in_pages(peer: Peer) -> None:
    peer.welcome()
    peer.start("MapsMany")
    sizes: list[int] = []
    keys: list[str] = []
    for _ in range(3):
        asked = peer.request_of("map")
        assert asked["name"] == "page"
        sizes.append(len(asked["items"]))
        keys.append(asked["key"])
        peer.say(type="ok", re=asked["id"])
    assert sizes == [1000, 1000, 500]
    assert keys == ["all", "all/1", "all/2"]
    assert peer.result()["result"] == "mapped"


def test_a_map_that_is_refused_is_the_codes_error(peer: Peer) -> None:
    peer.welcome()
    peer.start("Maps")
    asked = peer.request_of("map")
    assert asked["items"] == [{"page": 1}, {"page": 2}]
    peer.say(type="error", re=asked["id"], message="standalone jobs take no tasks")
    assert peer.result()["result"] == 'map "page": standalone jobs take no tasks'


def test_a_map_that_fits_into_no_line_is_the_codes_error(peer: Peer) -> None:
    peer.welcome()
    outcome = peer.call("MapsHuge")
    assert outcome["cause"] == "failed"
    assert "at most 16777216 are taken" in outcome["result"]


def test_checkpoint_and_map_are_sent_again_after_a_new_connection(peer: Peer) -> None:
    peer.welcome()
    peer.start("Checkpoints")
    first = peer.request_of("checkpoint")
    peer.hang_up()
    hello = peer.welcome()
    assert hello["runs"] == ["aj-7-0-1"]
    peer.ask("watch", run="aj-7-0-1", cursors={"app": None})
    second = peer.request_of("checkpoint")
    assert second["data"] == first["data"] == {"row": 7}
    peer.say(type="ok", re=second["id"])
    assert peer.result()["result"] == "kept"


def test_a_stop_ends_a_map_that_waits(peer: Peer) -> None:
    peer.welcome()
    peer.start("Maps")
    peer.request_of("map")
    peer.ask("stop", run="aj-7-0-1", stage="ASK")
    outcome = peer.result()
    assert outcome["cause"] == "stopped"
    assert "the run was asked to stop" in outcome["result"]


def test_progress_is_thinned_out_and_its_last_word_comes(peer: Peer) -> None:
    peer.welcome()
    before = time.monotonic()
    peer.start("Progress")
    assert peer.result()["cause"] == "succeeded"
    pauses = (time.monotonic() - before) / 0.02
    said = [(said["done"], said["total"]) for said in peer.inbox if said["type"] == "progress"]
    assert said[-1] == (100_000, 100_000)
    assert len(said) <= pauses + 3, "one for each pause, the first and the last"


def test_the_log_has_cursors_and_every_byte(peer: Peer) -> None:
    peer.welcome()
    peer.start("Writes", parameters=str(2 << 20))
    assert peer.result()["result"] == "written"
    said = [said for said in peer.inbox if said["type"] == "log"]
    position = 0
    for message in said:
        assert message["source"] == "app"
        position += len(message["text"].encode())
        assert message["cursor"] == str(position)
    assert position == 2 << 20


def test_bytes_that_are_no_text_come_in_base64(programs: Programs) -> None:
    from anyjob_go.samples import built_program

    with built_program() as program, Peer(program) as peer:
        peer.welcome()
        peer.start("bad_bytes")
        peer.result()
        (said,) = [said for said in peer.inbox if said["type"] == "log"]
        assert base64.b64decode(said["base64"]) == b"a\xff\xfe\0\x1b[31m\x80z\n"


# ---------------------------------------------------------------- lost connections


def test_a_run_goes_on_without_a_connection_and_says_its_result_until_it_is_clean(peer: Peer) -> None:
    first = peer.welcome()
    peer.start("Slow", parameters="300")
    peer.logged("ready")
    peer.hang_up()
    hello = peer.welcome()
    assert (hello["id"], hello["runs"]) == (first["id"], ["aj-7-0-1"])
    time.sleep(0.5)
    assert peer.ask("find", run="aj-7-0-1")["held"] is True
    assert not [said for said in peer.inbox if said["type"] in {"log", "result"}], "nobody has asked for it yet"
    peer.ask("watch", run="aj-7-0-1", cursors={"app": "6"})
    assert peer.result()["result"] == "slow"
    assert peer.log() == "over\n", "what stands behind the cursor, and nothing twice"
    peer.ask("watch", run="aj-7-0-1", cursors={"app": "11"})
    assert peer.result()["result"] == "slow"
    assert peer.log() == "over\n"
    peer.ask("clean", run="aj-7-0-1")
    assert peer.ask("find", run="aj-7-0-1")["held"] is False


def test_what_was_pushed_out_of_the_tail_is_told(peer: Peer) -> None:
    peer.welcome()
    peer.start("Slow", parameters="1")
    peer.result()
    peer.start("Writes", "long", parameters=str(1 << 20))
    peer.hang_up()
    peer.welcome()
    time.sleep(0.3)
    peer.ask("watch", run="long", cursors={"app": "0"})
    assert peer.result("long")["result"] == "written"
    log = peer.log("long")
    line, _, rest = log.partition("\n")
    words = line.split()
    assert (words[0], words[2:]) == ("[anyjob]", ["bytes", "of", "log", "were", "lost"])
    assert int(words[1]) + len(rest) == 1 << 20
    assert len(rest) >= 256 << 10
    assert peer.inbox[-1]["cursor"] == str(1 << 20)


def test_a_worker_that_does_not_read_holds_up_the_code_and_loses_nothing(peer: Peer) -> None:
    peer.welcome()
    peer.start("Writes", parameters=str(8 << 20))
    time.sleep(0.5)
    with open(f"/proc/{peer.process.pid}/statm") as file:
        resident = int(file.read().split()[1]) * os.sysconf("SC_PAGE_SIZE")
    assert resident < 64 << 20, "the log waits in the code, not in memory"
    assert peer.result()["result"] == "written"
    assert len(peer.log()) == 8 << 20


@pytest.mark.parametrize(
    "garbage",
    [b"\x00\xff\x13 no json\n", b"[1, 2]\n", b'{"type": 7}\n', b'"text"\n'],
    ids=["bytes", "list", "number", "text"],
)
def test_garbage_ends_the_connection_and_no_run(peer: Peer, garbage: bytes) -> None:
    peer.welcome()
    peer.start("Slow", parameters="400")
    peer.connection.sendall(garbage)
    hello = peer.welcome()
    assert hello["runs"] == ["aj-7-0-1"]
    peer.ask("watch", run="aj-7-0-1", cursors={})
    assert peer.result()["result"] == "slow"
    assert "sent a line that is no message" in peer.output.read_text()


def test_a_line_without_an_end_ends_the_connection(peer: Peer) -> None:
    peer.welcome()
    with pytest.raises((BrokenPipeError, ConnectionResetError)):
        peer.connection.sendall(b"x" * (40 << 20))
    peer.welcome()
    assert peer.call("Hello")["cause"] == "succeeded"
    assert "sent a line that is too long" in peer.output.read_text()


def test_a_short_line_limit_of_the_worker_is_kept(peer: Peer) -> None:
    peer.welcome(line=4096)
    peer.start("Writes", parameters="100000")
    assert peer.result()["cause"] == "succeeded"


def test_before_the_welcome_nothing_is_told_and_a_refusal_waits_long(programs: Programs) -> None:
    with Peer(programs.odd, token="wrong") as peer:
        assert peer.accept()["token"] == "wrong"
        peer.say(type="refused", why="the token is nobody's", protocols=[1])
        peer.hang_up()
        peer.listening.settimeout(3)
        with pytest.raises(TimeoutError):
            peer.listening.accept()
        assert "refused: the token is nobody's; dialling again in" in peer.output.read_text()


def test_it_dials_until_somebody_listens_and_says_a_reason_once(programs: Programs) -> None:
    with Peer(programs.odd) as peer:
        peer.listening.close()
        peer.path.unlink()
        time.sleep(0.6)
        peer.listen()
        peer.welcome()
        assert peer.call("Hello")["cause"] == "succeeded"
        said = re.findall("(.*); dialling again in", peer.output.read_text())
        assert said
        assert len(said) == len(set(said))
        assert ": connected\n" in peer.output.read_text()
        peer.say(type="bye")
        peer.welcome()
        assert "the worker has ended; dialling again in" in peer.output.read_text()


def test_a_start_whose_worker_is_gone_begins_nothing_later(peer: Peer) -> None:
    """The next worker asks `find`, is told no, and must be able to believe it."""
    peer.welcome()
    peer.send("start", run="late", name="Late", facts={}, spec={"jobName": "Late"}, secrets={})
    peer.hang_up()
    peer.welcome()
    held = peer.ask("find", run="late")["held"]
    time.sleep(0.7)
    assert peer.ask("find", run="late")["held"] == held


# ---------------------------------------------------------------- many, and the end


def test_a_thousand_calls_at_one_time(peer: Peer) -> None:
    peer.welcome()
    for number in range(1000):
        body = {"facts": {"parameters": "1500"}, "spec": {"jobName": "Slow"}, "secrets": {}}
        peer.send("start", run=f"r{number}", name="Slow", **body)
    ends = {peer.until(lambda said: said["type"] == "result")["run"] for _ in range(1000)}
    assert len(ends) == 1000
    began = [said for said in peer.inbox if said["type"] == "ok"]
    assert len(began) == 1000


@pytest.mark.parametrize("kind", ["resident", "attached"])
def test_a_program_that_is_told_to_end_ends_its_runs_first(programs: Programs, kind: str) -> None:
    env = {"ANYJOB_APP_RESIDENT": "1"} if kind == "resident" else {}
    with Peer(programs.odd, env=env) as peer:
        peer.welcome()
        peer.start("Waits")
        peer.start("Slow", "slow", parameters="300")
        peer.logged("ready", "slow")
        peer.process.send_signal(signal.SIGTERM)
        outcome = peer.result()
        assert outcome["cause"] == "evicted"
        assert outcome["stop"]["evidence"][0]["text"] == "the program is told to end: the context was cancelled"
        assert peer.result("slow")["cause"] == "succeeded", "what was done all the same is known"
        assert peer.start("Hello", "new")["type"] == "error"
        for run in ("aj-7-0-1", "slow"):
            peer.ask("clean", run=run)
        with pytest.raises(EOFError):
            peer.until(lambda said: False)
        assert peer.process.wait(20) == 0


def test_os_exit_in_a_shared_program_takes_all_runs_with_it(peer: Peer) -> None:
    peer.welcome()
    with pytest.raises((EOFError, ConnectionResetError)):
        peer.call("ExitsWell")
    assert peer.process.wait(20) == 0


def test_a_connection_over_tcp(programs: Programs) -> None:
    with socket.create_server(("127.0.0.1", 0)) as listening:
        address = f"tcp:127.0.0.1:{listening.getsockname()[1]}"
        with Peer(programs.odd, env={"ANYJOB_APP": address}) as peer:
            peer.listening.close()
            peer.listening = listening
            listening.settimeout(20)
            peer.welcome()
            assert peer.call("Hello")["cause"] == "succeeded"
