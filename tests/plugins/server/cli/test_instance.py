"""`anyjob instance` against a server."""

from __future__ import annotations

import json
import signal
from collections.abc import Callable

from tests.core.cli.program import Done, until
from tests.plugins.server.serving import Serving

Call = Callable[..., Done]

SLOW = "Name: {}\nJobType: shell\nContent: |\n  trap '' TERM\n  echo begun\n  sleep 60\nXAttrs: {{grace: 0.2}}\n"


def test_a_stop_is_waited_for_and_shows_its_proof(server: Serving, anyjob: Call, file: Callable[[str], str]) -> None:
    anyjob("job", "create", file(SLOW.format("slow")))
    instance = str(json.loads(anyjob("job", "run", "slow", "--json").out)["instance"])
    follower = server.program.start("instance", "log", "-f", instance, "--state", str(server.state))
    assert follower.stdout is not None
    assert follower.stdout.readline() == b"begun\n", "while it goes on"
    going = json.loads(anyjob("instance", "show", instance, "--json").out)
    assert (going["status"], going["ok"], going["cause"]) == ("running", None, None)
    listed = json.loads(anyjob("instance", "list", "--status", "running", "--json").out)["instances"]
    assert [one["instance"] for one in listed] == [int(instance)]
    stopped = anyjob("instance", "stop", instance, "--wait")
    assert stopped.status == 0, stopped.err
    assert stopped.out.decode().startswith(f"Instance {instance} was stopped; ")
    assert server.program.finish(follower).status == 0
    shown = anyjob("instance", "show", instance).out.decode()
    assert "failed: was stopped" in shown
    assert "stop" in shown
    over = json.loads(anyjob("instance", "show", instance, "--json").out)
    assert (over["cause"], over["ok"]) == ("stopped", False)
    assert over["stop"]["strength"] in ("PROVEN", "REPORTED", "ASKED")


def test_a_failed_one_is_run_again_as_a_new_one_with_its_parameters(anyjob: Call, file: Callable[[str], str]) -> None:
    anyjob("job", "create", file('Name: fails\nJobType: shell\nContent: "echo $ANYJOB_INSTANCE_PARAMETERS; exit 4"\n'))
    first = anyjob("job", "run", "fails", "--parameters", "p 1", "--wait", "--json")
    again = anyjob("instance", "retry", str(first.json["instance"]), "--wait", "--json")
    assert again.status == 4, again.err
    assert again.json["instance"] != first.json["instance"]
    assert again.json["trigger"] == "manual rerun"
    log = json.loads(anyjob("instance", "log", str(again.json["instance"]), "--json").out)
    assert log["lines"] == ["p 1"]
    people = anyjob("instance", "list", "--job", "fails", "--most", "1").out.decode()
    assert f"{again.json['instance']}  fails  manual rerun" in people
    assert "failed with exit code 4" in people


def test_ctrl_c_ends_the_looking_and_not_the_instance(
    server: Serving, anyjob: Call, file: Callable[[str], str]
) -> None:
    anyjob("job", "create", file(SLOW.format("looked-at")))
    looking = server.program.start("job", "run", "looked-at", "--wait", "--state", str(server.state))
    assert looking.stdout is not None
    assert looking.stdout.readline() == b"begun\n"
    looking.send_signal(signal.SIGINT)
    done = server.program.finish(looking)
    assert done.status == 130
    (instance,) = json.loads(anyjob("instance", "list", "--job", "looked-at", "--json").out)["instances"]
    assert instance["status"] == "running"
    assert (
        f"instance {instance['instance']} goes on; `anyjob instance stop {instance['instance']}` stops it" in done.err
    )
    anyjob("instance", "stop", str(instance["instance"]))
    with server.client() as client:
        until(lambda: client.instance(instance["instance"]).status.finished, "its end")


def test_shards_are_told_apart_in_the_log(anyjob: Call, file: Callable[[str], str]) -> None:
    anyjob(
        "job",
        "create",
        file(
            "Name: shards\nJobType: shell\nExecuteMode: sharding\nParameters: 0=a,1=b\n"
            'Content: "echo $ANYJOB_SHARD_PARAMETER"\n'
        ),
    )
    done = anyjob("job", "run", "shards", "--wait")
    assert done.status == 0, done.err
    assert sorted(done.out.splitlines()) == [b"[0] a", b"[1] b"]


def test_an_instance_that_is_not_there_is_bad_input(anyjob: Call) -> None:
    for words in (("show", "1"), ("stop", "1"), ("retry", "1"), ("log", "1")):
        done = anyjob("instance", *words)
        assert done.status == 2
        assert "Traceback" not in done.err
    assert anyjob("instance", "list", "--status", "runing").err.rstrip().endswith("did you mean running?")
