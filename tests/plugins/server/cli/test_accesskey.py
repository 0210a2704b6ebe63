"""`anyjob key` without --app: access keys, of a server that runs and in the folder of one that does not."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pytest
from tests.core.cli.program import Done
from tests.plugins.server.serving import Serving

from anyjob_server.client.client import Client
from anyjob_server.client.errors import BadRequest, NotSigned
from anyjob_server.client.target import Target

Call = Callable[..., Done]


def test_a_key_is_good_from_the_answer_on_and_refused_from_the_answer_on(server: Serving, anyjob: Call) -> None:
    made = json.loads(anyjob("key", "create", "--label", "ci", "--json").out)
    with Client(Target(url=server.url, key=made["id"], secret=made["secret"])) as client:
        assert [*client.jobs()] == []
        by_label = anyjob("key", "revoke", "ci")
        assert by_label.status == 2
        assert f"'ci' is the label of {made['id']}, which still holds: name the key by its id." in by_label.err
        gone = anyjob("key", "revoke", made["id"])
        assert gone.out.decode() == f"Access key {made['id']} is revoked.\n", gone.err
        with pytest.raises(NotSigned, match=r"InvalidAccessKeyId\.Inactive.*make a key with `anyjob key create`"):
            client.job("x")
    again = anyjob("key", "revoke", made["id"])
    assert again.status == 2
    assert "does not exist, or was revoked before" in again.err
    listed = json.loads(anyjob("key", "list", "--json").out)["keys"]
    assert [(key["label"], key["revoked"] is None) for key in listed if key["id"] == made["id"]] == [("ci", False)]
    assert made["secret"] not in json.dumps(listed)


def test_a_key_with_a_policy_may_do_that_only_and_makes_none_that_may_more(
    server: Serving, anyjob: Call, tmp_path: Path
) -> None:
    policy = tmp_path / "policy.json"
    policy.write_text('[{"effect": "allow", "actions": ["job.read", "key.*"]}]')
    made = json.loads(anyjob("key", "create", "--policy", str(policy), "--json").out)
    with Client(Target(url=server.url, key=made["id"], secret=made["secret"])) as client:
        assert [*client.jobs()] == []
        with pytest.raises(NotSigned, match=r"may not instance\.read"):
            client.instances(None, None, 1)
        with pytest.raises(BadRequest, match="can make only keys of its own scope and policy"):
            client.call("CreateAccessKey", {})
        assert client.call("CreateAccessKey", {"Policy": policy.read_text()})["AccessKeyId"]
    bad = anyjob("key", "create", "--policy", "-", stdin=b'[{"effect": "alow"}]')
    assert bad.status == 2
    assert 'effect: "alow"' in bad.err
    near = anyjob("key", "create", "--policy", "-", stdin=b'[{"effect": "allow", "actions": ["job.reed"]}]')
    assert (near.status, near.err.count("actions")) == (2, 1), near.err
    for field, scope in (("KeyNamespace", ["defalt"]), ("KeyGroupId", ["default", "--group", "defalt"])):
        nowhere = anyjob("key", "create", "--namespace", *scope)
        assert nowhere.status == 2
        assert f'{field}: "defalt" does not exist; did you mean default?' in nowhere.err
    assert anyjob("key", "create", "--group", "g").status == 2, "a group without its namespace"


def test_without_a_server_the_folder_answers(tmp_path: Path) -> None:
    with Serving(tmp_path) as up:
        up.end()
        for name in ("ANYJOB_ACCESS_KEY_ID", "ANYJOB_ACCESS_KEY_SECRET"):
            up.program.environment.pop(name)
        here = ("--state", str(up.state))
        assert up.program("key", "create", "--namespace", "nope", *here).status == 2
        made = json.loads(up.program("key", "create", "--label", "the night shift", *here, "--json").out)
        assert up.program("key", "revoke", up.key, *here).status == 0
        assert up.program("key", "revoke", "nobody", *here).status == 2
        people = up.program("key", "list", *here).out.decode()
        assert f"{made['id']}  the night shift" in people
        assert "revoked 2" in people
        up.start()
        with Client(Target(url=up.url, key=made["id"], secret=made["secret"])) as client:
            assert [*client.jobs()] == []
        none = up.program("key", "create", "--state", str(tmp_path / "none"))
        assert none.status == 1
        assert "No server is known" in none.err
        assert not (tmp_path / "none").exists()
