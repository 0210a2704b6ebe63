"""Whether clusters can be reached, in which version, and what the worker may do there."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Final

from anyjob.executor import Health
from anyjob_k8s.api import Api, Call
from anyjob_k8s.client import Login, NoCluster
from anyjob_k8s.faults import WHOLE_ROLE, ApiFault
from anyjob_k8s.objects import part, parts

if TYPE_CHECKING:
    from anyjob_k8s.objects import K8sObject
    from anyjob_k8s.settings import K8sSettings

__all__ = ["NEEDED", "health_of"]

NEEDED: Final = (
    ("batch", "jobs", ("create", "get", "list", "watch", "delete")),
    ("", "pods", ("create", "get", "list", "watch", "delete")),
    ("", "pods/log", ("get",)),
    ("", "configmaps", ("create", "get")),
    ("", "secrets", ("create", "get")),
    ("", "events", ("list",)),
)
"""API group, resource and verbs: all that the worker ever does in a namespace, `patch jobs` for `keep` apart."""


async def health_of(settings: K8sSettings) -> Health:
    """Of the default cluster, or of all where the settings name some."""
    names = list(settings.clusters) or [""]
    found = await asyncio.gather(*(_one(settings, name) for name in names))
    worst = next((health for bad in ("unhealthy", "undetected") for health in found if health.state == bad), found[0])
    why = "; ".join(f"{name}: {health.why}" if name else health.why for name, health in zip(names, found, strict=True))
    return Health(state=worst.state, why=why)


async def _one(settings: K8sSettings, name: str) -> Health:
    reached = settings.connection(name)
    api = Api(Login(reached.kubeconfig, reached.context), timeout=min(10.0, settings.timeout))
    try:
        access = await api.access()
        namespace = reached.namespace or access.namespace or "default"
        version = await api.version()
        lacking = _lacking(await _rules(api, namespace))
    except NoCluster as error:
        none = not settings.clusters and not api.login.kubeconfig
        return Health(state="undetected" if none else "unhealthy", why=str(error))
    except ApiFault as fault:
        return Health(state="unhealthy", why=str(fault))
    finally:
        api.close()
    said = f"Kubernetes {version} at {access.server}, namespace {namespace}"
    if lacking:
        return Health(state="unhealthy", why=f"{said}: the worker may not {', '.join(lacking)} there; {WHOLE_ROLE}")
    return Health(state="healthy", why=said)


async def _rules(api: Api, namespace: str) -> K8sObject:
    body = {
        "apiVersion": "authorization.k8s.io/v1",
        "kind": "SelfSubjectRulesReview",
        "spec": {"namespace": namespace},
    }
    call = Call(verb="create", resource="selfsubjectrulesreviews", group="authorization.k8s.io", body=body)
    return part(await api.call(call), "status")


def _lacking(status: K8sObject) -> list[str]:
    """What is not allowed, in words of a Role. Nothing where the API cannot say all."""
    rules = parts(status, "resourceRules")
    if status.get("incomplete"):
        return []
    lacking: list[str] = []
    for group, resource, verbs in NEEDED:
        missing = [verb for verb in verbs if not any(_allows(rule, group, resource, verb) for rule in rules)]
        if missing:
            lacking.append(f"{'/'.join(missing)} {resource}")
    return lacking


def _allows(rule: K8sObject, group: str, resource: str, verb: str) -> bool:
    wanted = (("apiGroups", (group,)), ("verbs", (verb,)), ("resources", (resource, f"*/{resource.partition('/')[2]}")))
    return all(any(word in rule.get(key, ()) for word in ("*", *words)) for key, words in wanted) and not rule.get(
        "resourceNames"
    )
