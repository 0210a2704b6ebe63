"""Policies as a table: what statements decide about what is wanted."""

from __future__ import annotations

import json
from typing import Any

import pytest

from anyjob_server.trust.actions import ACTIONS, RUNS_CODE
from anyjob_server.trust.policy import EVERYTHING, BadPolicy, Policy
from anyjob_server.trust.wanted import Wanted, WantedJob

SHELL = WantedJob(job_type="shell", launcher="local")
AS_ROOT = WantedJob(job_type="shell", launcher="local", user="root")
AS_BILLING = WantedJob(job_type="shell", launcher="local", user="billing")
IN_DOCKER = WantedJob(job_type="shell", launcher="docker")
OWNS_THE_NODE = WantedJob(job_type="k8s", launcher="k8s", privileges=("Content.spec.hostNetwork: true",))
K8S = WantedJob(job_type="k8s", launcher="k8s")


def allow(*actions: str, **conditions: Any) -> dict[str, Any]:
    return {"effect": "allow", "actions": actions, **conditions}


def deny(*actions: str, **conditions: Any) -> dict[str, Any]:
    return {"effect": "deny", "actions": actions, **conditions}


def wanted(action: str, job: WantedJob | None = None, namespace: str = "n", group: str = "g") -> Wanted:
    return Wanted(action=action, namespace=namespace, group=group, job=job)


@pytest.mark.parametrize(
    ("statements", "asked", "allowed"),
    [
        ([allow("job.read")], wanted("job.read"), True),
        ([allow("job.read")], wanted("job.delete"), False),
        ([allow("job.*")], wanted("job.delete"), True),
        ([allow("job.*")], wanted("instance.read"), False),
        ([allow("*")], wanted("key.create"), True),
        # Deny wins, wherever it stands.
        ([allow("*"), deny("job.delete")], wanted("job.delete"), False),
        ([deny("job.delete"), allow("*")], wanted("job.delete"), False),
        ([allow("*"), deny("job.delete")], wanted("job.create", SHELL), True),
        # Scopes.
        ([allow("*", namespaces=["n"])], wanted("job.read"), True),
        ([allow("*", namespaces=["other"])], wanted("job.read"), False),
        ([allow("*", namespaces=["n"], groups=["g*"])], wanted("job.read"), True),
        ([allow("*", groups=["x", "y"])], wanted("job.read"), False),
        ([allow("*"), deny("*", namespaces=["prod"])], wanted("job.read", namespace="prod"), False),
        # JobType.
        ([allow("job.create", job_types=["shell", "http"])], wanted("job.create", SHELL), True),
        ([allow("job.create", job_types=["HTTP"])], wanted("job.create", WantedJob(job_type="http")), True),
        ([allow("job.create", job_types=["http"])], wanted("job.create", SHELL), False),
        ([allow("*"), deny("*", job_types=["k8s"])], wanted("job.execute", K8S), False),
        ([allow("*"), deny("*", job_types=["k8s"])], wanted("job.execute", SHELL), True),
        # A condition about a job says nothing of what runs nobody's code.
        ([allow("*", job_types=["*"])], wanted("job.read"), False),
        ([allow("*"), deny("*", job_types=["*"])], wanted("job.read"), True),
        # Run-as.
        ([allow("*", users=[""])], wanted("job.create", SHELL), True),
        ([allow("*", users=[""])], wanted("job.create", AS_ROOT), False),
        ([allow("*", users=["", "billing"])], wanted("job.create", AS_BILLING), True),
        ([allow("*"), deny("*", users=["root"])], wanted("job.create", AS_ROOT), False),
        # Launcher.
        ([allow("*", launchers=["docker"])], wanted("job.create", IN_DOCKER), True),
        ([allow("*", launchers=["docker"])], wanted("job.create", SHELL), False),
        ([allow("*"), deny("*", launchers=["local"])], wanted("job.create", SHELL), False),
        # Privileged.
        ([allow("*", privileged=False)], wanted("job.create", K8S), True),
        ([allow("*", privileged=False)], wanted("job.create", OWNS_THE_NODE), False),
        ([allow("*"), deny("*", privileged=True)], wanted("job.create", OWNS_THE_NODE), False),
        ([allow("*"), deny("*", privileged=True)], wanted("job.create", SHELL), True),
        # All conditions of one statement together.
        ([allow("*", job_types=["shell"], launchers=["docker"])], wanted("job.create", IN_DOCKER), True),
        ([allow("*", job_types=["shell"], launchers=["docker"])], wanted("job.create", SHELL), False),
    ],
)
def test_what_statements_decide(statements: list[dict[str, Any]], asked: Wanted, *, allowed: bool) -> None:
    decision = Policy.read(json.dumps(statements)).decide(asked)
    assert decision.allowed is allowed, decision


def test_a_key_without_a_policy_may_all_within_its_scope() -> None:
    assert EVERYTHING.decide(wanted("key.create")).allowed
    assert Policy.read("", "n").decide(wanted("job.delete", namespace="n", group="any")).allowed
    assert not Policy.read("", "n").decide(wanted("job.delete", namespace="m")).allowed
    assert not Policy.read("", "n", "g").decide(wanted("namespace.delete", namespace="n", group="")).allowed
    scoped = Policy.read(json.dumps([allow("*")]), "n", "g")
    assert scoped.decide(wanted("job.create", SHELL)).allowed
    assert scoped.decide(wanted("job.create", SHELL, group="h")).why == "it is for app group 'g' alone"


def test_a_refusal_quotes_the_statement_or_says_that_there_is_none() -> None:
    policy = Policy.read(json.dumps([allow("job.*", job_types=["shell"]), deny("*", users=["root"], privileged=False)]))
    assert policy.decide(wanted("job.create", AS_ROOT)).why == (
        "its policy says: deny * where users is root and privileged is false"
    )
    assert policy.decide(wanted("job.create", OWNS_THE_NODE)).why == (
        "no statement of its policy allows job.create of JobType k8s; launcher k8s; Content.spec.hostNetwork: true"
    )


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("{", "policy is not JSON"),
        ("{}", "policy is no list of statements"),
        ("[]", "policy is no list of statements"),
        ("[1]", 'policy[0]: "1" is no statement'),
        ('[{"effect": "allow"}]', "policy[0].actions is missing"),
        ('[{"effect": "grant", "actions": ["*"]}]', 'policy[0].effect: "grant"'),
        ('[{"effect": "allow", "actions": ["job.craete"]}]', "did you mean job.create"),
        ('[{"effect": "allow", "actions": ["jobs.*"]}]', "is no action"),
        ('[{"effect": "allow", "actions": ["*"], "jobtypes": ["x"]}]', "job_types"),
        ('[{"effect": "allow", "actions": ["*"], "groups": []}]', "policy[0].groups"),
    ],
)
def test_a_policy_that_cannot_be_is_told_with_place_value_and_remedy(text: str, said: str) -> None:
    with pytest.raises(BadPolicy) as error:
        Policy.read(text)
    assert said in str(error.value)


def test_what_runs_code_are_actions() -> None:
    assert set(ACTIONS) >= RUNS_CODE
