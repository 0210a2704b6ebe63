"""`anyjob instance` against a server."""

from __future__ import annotations

import json
import os
import re
import signal
import subprocess
import time
from collections.abc import Callable
from dataclasses import replace

from tests.core.cli.program import Done, until
from tests.plugins.server.serving import Serving

from anyjob.cli.said import stop_in_words
from anyjob.job import ExecuteMode, Job
from anyjob.status import InstanceStatus

Call = Callable[..., Done]

SLOW = "trap '' TERM; echo begun; sleep 60"


def test_a_stop_is_waited_for_and_shows_its_proof(server: Serving, anyjob: Call) -> None:
    with server.client() as client:
        instance = client.execute(
            client.create_job(Job(name="slow", job_type="shell", content=SLOW, xattrs={"grace": 0.2}))
        )
    follower = server.program.start("instance", "log", "-f", str(instance), "--state", str(server.state))
    assert follower.stdout is not None
    assert follower.stdout.readline() == b"begun\n", "while it goes on"
    listed = json.loads(anyjob("instance", "list", "--status", "running", "--json").out)["instances"]
    assert [(one["instance"], one["ok"], one["cause"]) for one in listed] == [(instance, None, None)]
    stopped = anyjob("instance", "stop", str(instance), "--wait")
    assert stopped.status == 0, stopped.err
    assert "it has not ended yet" not in anyjob("instance", "show", str(instance)).out.decode()
    assert stopped.out.decode().startswith(f"Instance {instance} was stopped; ")
    assert server.program.finish(follower).status == 0
    shown = anyjob("instance", "show", str(instance)).out.decode()
    assert "failed: was stopped" in shown
    with server.client() as client:
        over = client.instance(instance).outcome
    assert over is not None
    assert over.stop is not None
    assert f"stop           {stop_in_words(over.stop)}\n" in shown


def test_which_attempt_it_is_and_how_those_before_ended(server: Serving, anyjob: Call) -> None:
    content = 'echo "try $ANYJOB_ATTEMPT"; [ "$ANYJOB_ATTEMPT" = 1 ] && kill -9 $$; exit 3'
    with server.client() as client:
        job = Job(name="tries", job_type="shell", content=content, max_attempt=1, attempt_interval=3600)
        waits = client.execute(client.create_job(job))
        until(lambda: "next_attempt" in client.instance(waits).stamps, "the end of its first attempt")
        again = client.execute(client.create_job(replace(job, name="tries again", max_attempt=2, attempt_interval=0)))
        until(lambda: client.instance(again).status.finished, "its end")
        once = client.execute(client.create_job(Job(name="tries once", job_type="shell", content="sleep 60")))
        until(lambda: client.instance(once).status is InstanceStatus.RUNNING, "its start")
    shown = anyjob("instance", "show", str(waits)).out.decode()
    assert re.search(r"attempt +1 of 2 has ended; the next begins at 20", shown), shown
    told = json.loads(anyjob("instance", "show", str(waits), "--json").out)
    assert (told["attempt"], told["attempts"], told["status"]) == (1, 2, "running")
    assert told["next_attempt_at"] > time.time() + 3000
    only = json.loads(anyjob("instance", "show", str(once), "--json").out)
    assert (only["attempt"], only["attempts"], only["next_attempt_at"]) == (None, None, None)
    over = json.loads(anyjob("instance", "show", str(again), "--json").out)
    assert (over["attempt"], over["code"]) == (None, 3)
    said = [(item["source"], item["text"]) for item in over["evidence"]]
    assert said == [("attempt 1", "exit_code 3: try 0"), ("attempt 2", "signal 9 (SIGKILL): try 1")]
    lines = ["try 0", "[anyjob] attempt 2", "try 1", "[anyjob] attempt 3", "try 2"]
    assert anyjob("instance", "log", str(again)).out.decode().splitlines() == lines
    with server.client() as client:
        newest = client.call("GetLog", {"JobInstanceId": again})
        assert newest["Logs"] == lines[::-1]
        for one in (waits, once):
            client.stop(one)


def test_the_result_is_the_last_attempts_own_and_each_line_stands_below_its_attempt(
    server: Serving, anyjob: Call
) -> None:
    """An earlier attempt's word is no reason for the last one's end; its last line has no newline."""
    content = '[ "$ANYJOB_ATTEMPT" = 0 ] && { printf first; exit 3; }; sleep 1; exit 4'
    with server.client() as client:
        job = Job(name="says", job_type="shell", content=content, max_attempt=1, attempt_interval=0)
        instance = client.execute(client.create_job(job))
    followed = anyjob("instance", "log", "-f", str(instance))
    assert followed.out.decode().splitlines() == ["first", "[anyjob] attempt 2"]
    with server.client() as client:
        over = client.instance(instance)
    assert over.result == "it failed with exit code 4"
    assert over.outcome is not None
    assert [(item.source, item.text) for item in over.outcome.evidence] == [("attempt 1", "exit_code 3: first")]
    assert "attempt 1      exit_code 3: first" in anyjob("instance", "show", str(instance)).out.decode()


def test_a_failed_one_is_run_again_as_a_new_one_with_its_parameters(server: Serving, anyjob: Call) -> None:
    with server.client() as client:
        content = 'echo "$ANYJOB_INSTANCE_PARAMETERS"; exit 4'
        first = client.execute(client.create_job(Job(name="fails", job_type="shell", content=content)), "p 1")
        until(lambda: client.instance(first).status.finished, "its end")
    again = anyjob("instance", "retry", str(first), "--wait", "--json")
    assert again.status == 4, again.err
    assert again.json["instance"] != first
    assert again.json["trigger"] == "manual rerun"
    log = json.loads(anyjob("instance", "log", str(again.json["instance"]), "--json").out)
    assert log["lines"] == ["p 1"]
    people = anyjob("instance", "list", "--job", "fails", "--most", "1").out.decode()
    assert f"{again.json['instance']}  fails  manual rerun" in people
    assert "failed with exit code 4" in people


def test_ctrl_c_ends_the_looking_and_not_the_instance(server: Serving) -> None:
    with server.client() as client:
        client.create_job(Job(name="looked-at", job_type="shell", content=SLOW, xattrs={"grace": 0.2}))
        looking = server.program.start("job", "run", "looked-at", "--wait", "--state", str(server.state))
        assert looking.stdout is not None
        assert looking.stdout.readline() == b"begun\n"
        looking.send_signal(signal.SIGINT)
        done = server.program.finish(looking)
        assert done.status == 130
        (found,) = client.instances(client.job("looked-at").id, None, 10)
        assert not found.status.finished  # `running` is kept within a tenth of a second
        assert f"instance {found.id} goes on; `anyjob instance stop {found.id}` stops it" in done.err
        client.stop(found.id)
        until(lambda: client.instance(found.id).status.finished, "its end")


def test_shards_are_told_apart_in_the_log(server: Serving, anyjob: Call) -> None:
    with server.client() as client:
        mode, content = ExecuteMode.SHARDING, 'echo "$ANYJOB_SHARD_PARAMETER"'
        client.create_job(
            Job(name="shards", job_type="shell", execute_mode=mode, parameters="0=a,1=b", content=content)
        )
    done = anyjob("job", "run", "shards", "--wait")
    assert done.status == 0, done.err
    assert sorted(done.out.splitlines()) == [b"[0] a", b"[1] b"]


def test_while_it_is_stopped_it_says_by_whom_and_since_when_also_after_a_restart(server: Serving, anyjob: Call) -> None:
    with server.client() as client:
        job = Job(name="stays", job_type="shell", content=SLOW, xattrs={"grace": 60})
        instance = client.execute(client.create_job(job))
        until(lambda: client.log(instance, "").lines, "its first line")
        assert json.loads(anyjob("instance", "show", str(instance), "--json").out)["stopped_by"] is None
        client.stop(instance)
    said = anyjob("instance", "show", str(instance)).out.decode()
    stamp = r"\d{4}-\d\d-\d\d \d\d:\d\d:\d\d [+-]\d{4}"
    status = rf"^  status +running, stopped by {server.key} at {stamp}; force comes at {stamp}; it has not ended yet$"
    for line in (status, rf"^  started +{stamp}$"):
        assert re.search(line, said, re.MULTILINE), said
    assert json.loads(anyjob("instance", "show", str(instance), "--json").out)["stopped_by"] == server.key
    server.end()
    server.start()
    assert anyjob("instance", "show", str(instance)).out.decode() == said
    found = subprocess.run(
        ["bash", "-c", f"grep -lsz '^ANYJOB_INSTANCE_ID={instance}$' /proc/[0-9]*/environ"], capture_output=True
    )
    for path in found.stdout.decode().split():
        os.kill(int(path.split("/")[2]), signal.SIGKILL)
    with server.client() as client:
        until(lambda: client.instance(instance).status.finished, "its end")
        assert client.instance(instance).result == f"killed from server: stopped by {server.key}"


def test_a_failed_one_can_be_called_a_success_and_its_cause_stays(server: Serving, anyjob: Call) -> None:
    with server.client() as client:
        job = Job(name="did-happen", job_type="shell", content="exit 4")
        instance = client.execute(client.create_job(job))
        until(lambda: client.instance(instance).status.finished, "its end")
    done = anyjob("instance", "success", str(instance))
    assert (done.status, done.out) == (0, f"Instance {instance} is called a success.\n".encode())
    said = json.loads(anyjob("instance", "show", str(instance), "--json").out)
    assert (said["status"], said["code"]) == ("success", 4)
    assert "set to success by local-" in said["evidence"][-1]["text"]
    assert json.loads(anyjob("instance", "success", str(instance), "--json").out) == {"instance": instance}, "once more"
    with server.client() as client:
        going = client.execute(client.create_job(Job(name="not-yet", job_type="shell", content="sleep 60")))
        refused = anyjob("instance", "success", str(going))
        assert (refused.status, refused.out) == (2, b"")
        assert "it cannot be called a success" in refused.err
        client.stop(going)
        until(lambda: client.instance(going).status.finished, "its end")


def test_an_instance_that_is_not_there_and_a_status_that_is_none_are_bad_input(anyjob: Call) -> None:
    for word in ("show", "stop", "retry", "success", "log"):
        done = anyjob("instance", word, "1")
        assert (done.status, done.out) == (2, b"")
        assert "There is no instance 1 in app group 'default' of namespace 'default'" in done.err
    nothing = anyjob("instance", "list", "--status", "paused")
    assert (nothing.status, nothing.out, nothing.err) == (0, b"", "anyjob: default/default has no such instances\n")
    assert anyjob("instance", "list", "--status", "runing").err.rstrip().endswith("did you mean running?")
