"""Creations that a real API server refused: see `sights/record.py`."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from anyjob_k8s.faults import ApiFault, Trouble, trouble_of
from anyjob_k8s.judge import judge_refusal
from anyjob_k8s.quantity import amount, never_fits
from anyjob_k8s.refusal import Patience, read_refusal

ANSWERS: dict[str, dict[str, Any]] = json.loads((Path(__file__).parent / "sights/refusals.json").read_text())

REFUSED = {
    "rights": ("rejected", 'User "limited" cannot create resource "jobs" in API group "batch" in the namespace "ns"'),
    "rights_pod": ("rejected", 'verbs: ["create"]'),
    "token": ("rejected", "create jobs in namespace ns"),
    "quota_pod": ("rejected", "exceeded quota: small, requested: pods=1"),
    "quota_jobs": ("rejected", "exceeded quota: small, requested: count/jobs.batch=1"),
    "pod_security_pod": ("rejected", 'violates PodSecurity "restricted:latest"'),
    "policy": ("rejected", "denied request: jobs need a cost centre"),
    "webhook": ("start_failed", 'failed calling webhook "no-jobs.example.com"'),
    "invalid": ("bad_config", "spec.template.spec.containers[0].ports[0].containerPort: Invalid value: 700000"),
    "invalid_twice": ("bad_config", "spec.completions: Invalid value: -1"),
    "unknown_field": ("bad_config", 'unknown field "spec.retries"'),
    "wrong_kind_of_value": ("bad_config", "JobSpec.spec.backoffLimit of type int32"),
    "no_namespace": ("bad_config", 'namespaces "ns" not found'),
    "leaving_namespace": ("rejected", "because it is being terminated"),
    "too_large": ("bad_config", "limit is 3145728"),
    "large": ("bad_config", "is invalid"),
    "no_service_account_pod": ("bad_config", 'serviceaccount "absent" not found'),
}


def fault(answer: dict[str, Any]) -> ApiFault:
    return ApiFault(
        trouble_of(answer["http"], after=None),
        answer.get("message", ""),
        verb="create",
        resource="jobs",
        namespace="ns",
        group="batch",
        status=answer["http"],
        reason=answer.get("reason", ""),
    )


@pytest.mark.parametrize("name", ANSWERS)
def test_a_refusal_has_its_cause_and_the_servers_words(name: str) -> None:
    cause, words = REFUSED[name]
    verdict = judge_refusal(fault(ANSWERS[name]))
    assert (verdict.cause.value, verdict.code) == (cause, None)
    (evidence,) = verdict.evidence
    assert evidence.source == "kubernetes"
    assert words in evidence.text


def test_every_refusal_was_recorded() -> None:
    assert set(REFUSED) == set(ANSWERS)


def test_a_server_that_cannot_be_reached_is_no_refusal() -> None:
    for trouble in (Trouble.UNREACHED, Trouble.BUSY, Trouble.BROKEN):
        said = ApiFault(trouble, "connection refused", verb="create", resource="jobs", namespace="ns")
        assert judge_refusal(said).cause.value == "start_failed"


@pytest.mark.parametrize(
    ("message", "cause", "patience"),
    [
        ('admission webhook "guard.example.com" denied the request: no', "rejected", Patience.NONE),
        ("exceeded quota: q, requested: pods=1, used: pods=9, limited: pods=10", "rejected", Patience.LIMIT),
        ('pods "a" is forbidden: maximum cpu usage per Container is 1, but limit is 2', "rejected", Patience.LIMIT),
        ('failed calling webhook "x": context deadline exceeded', "start_failed", Patience.LIMIT),
        ('Pod "a" is invalid: spec.containers[0].image: Required value', "bad_config", Patience.NONE),
        ("", "start_failed", Patience.LIMIT),
    ],
)  # fmt: skip
def test_what_may_pass_is_waited_for(message: str, cause: str, patience: Patience) -> None:
    refusal = read_refusal(message)
    assert (refusal.cause.value, refusal.patience) == (cause, patience)


@pytest.mark.parametrize(
    ("said", "number"),
    [("1", 1), ("100m", 0.1), ("1Gi", 2**30), ("1.5G", 1.5e9), ("2e3", 2000), ("1E", 1e18), ("0", 0), ("3k", 3000)],
)
def test_amounts_are_read_as_kubernetes_writes_them(said: str, number: float) -> None:
    assert amount(said) == pytest.approx(number)


@pytest.mark.parametrize("said", ["", "x", "1x", "-1", "1ee3", "9" * 500, "Gi"])
def test_what_is_no_amount_is_none(said: str) -> None:
    assert amount(said) is None


@pytest.mark.parametrize(
    ("message", "vain"),
    [
        ("exceeded quota: q, requested: pods=1, used: pods=0, limited: pods=0", True),
        ("exceeded quota: q, requested: cpu=500m,pods=1, used: cpu=1,pods=1, limited: cpu=1,pods=1", False),
        ("exceeded quota: q, requested: cpu=1500m,pods=1, used: cpu=0,pods=1, limited: cpu=1,pods=5", True),
        ("exceeded quota: q, requested: memory=1Gi, used: memory=1G, limited: memory=1G", True),
        ("exceeded quota: q, requested: pods=what, used: pods=0, limited: pods=0", False),
        ("exceeded quota: q, in other words", False),
    ],
)
def test_waiting_is_in_vain_where_the_whole_quota_is_too_small(message: str, *, vain: bool) -> None:
    assert never_fits(message) is vain
