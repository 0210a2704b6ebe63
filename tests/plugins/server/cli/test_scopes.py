"""`anyjob namespace` and `anyjob group`."""

from __future__ import annotations

import json
from collections.abc import Callable

from tests.core.cli.program import Done

Call = Callable[..., Done]


def test_the_way_of_a_namespace_and_its_app_group(anyjob: Call, file: Callable[[str], str]) -> None:
    assert json.loads(anyjob("namespace", "create", "shop", "--name", "The shop", "--json").out) == {
        "id": "shop",
        "made": True,
    }
    again = anyjob("namespace", "create", "shop")
    assert again.status == 0
    assert again.out.decode() == "Namespace 'shop' is there already; nothing was changed.\n"
    listed = json.loads(anyjob("namespace", "list", "--json").out)["namespaces"]
    assert {"id": "shop", "name": "The shop", "description": ""} in listed
    assert anyjob("namespace", "list", "--name", "nothing").err == "anyjob: there are no such namespaces\n"

    within = ("--namespace", "shop")
    made = anyjob("group", "create", "web", "--description", "what is sold", "--max-jobs", "1", *within)
    assert made.out.decode() == "App group 'web' of namespace 'shop' is made.\n", made.err
    taken = anyjob("group", "create", "web", *within)
    assert (taken.status, "exists already" in taken.err) == (2, True)
    assert json.loads(anyjob("group", "list", *within, "--json").out) == {
        "groups": [{"id": "web", "namespace": "shop", "name": "web", "description": "what is sold"}]
    }
    one = file("{Name: a, JobType: shell, Content: 'true'}")
    assert anyjob("job", "create", one, "--group", "web", *within).status == 0
    full = anyjob("job", "create", one, "--set", "Name=b", "--group", "web", *within)
    assert (full.status, "make the job in another app group" in full.err) == (2, True)
    assert json.loads(anyjob("group", "show", "web", *within, "--json").out) == {
        "id": "web", "namespace": "shop", "name": "web", "description": "what is sold", "jobs": 1, "max_jobs": 1,
    }  # fmt: skip
    assert "jobs         1 of at most 1\n" in anyjob("group", "show", "web", *within).out.decode()

    assert "still has app groups" in anyjob("namespace", "delete", "shop").err
    assert "still has 1 job. Delete it first." in anyjob("group", "delete", "web", *within).err
    both = anyjob("group", "delete", "--jobs", "web", "wbe", *within)
    assert (both.status, both.out) == (2, b""), "all are looked up before the first is deleted"
    assert "did you mean web?" in both.err
    gone = anyjob("group", "delete", "--jobs", "web", *within, "--json")
    assert json.loads(gone.out) == {"groups": [{"id": "web", "namespace": "shop"}]}
    assert json.loads(anyjob("namespace", "delete", "shop", "--json").out) == {"namespaces": [{"id": "shop"}]}
    nowhere = anyjob("group", "list", *within)
    assert (nowhere.status, "can not find namespace: shop" in nowhere.err) == (2, True)
