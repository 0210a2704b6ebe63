"""The jobs of `anyjob up`, made by the API of its server."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from anyjob.outcome import Json
from anyjob_server.client.client import Client
from anyjob_server.client.errors import UnknownJob
from anyjob_server.client.jobfile import JobFile
from anyjob_server.client.target import Target, find_target

__all__ = ["make_job"]


def make_job(state: Path, job: JobFile, *, lasting: bool) -> tuple[Target, int]:
    """Where the job is now, and its id.

    `state`: the server's folder. `lasting`: it is the caller's own, where a job whose name is known is updated; else
    time fires nothing. Raises what the calls raise.
    """
    target = find_target(state, environment={})
    namespace, group = job.text("Namespace") or target.namespace, job.text("GroupId") or target.group
    target = replace(target, namespace=namespace, group=group)
    with Client(target) as client:
        _make_group(client)
        if not lasting:
            return target, client.create_job(replace(job, fields={**job.fields, "Status": 0}))
        try:
            known = client.job(job.name)
        except UnknownJob:
            return target, client.create_job(job)
        client.update_job(known, job)
        return target, known.id


def _make_group(client: Client) -> None:
    """Files may name namespace and app group of a server that is not this one."""
    target = client.target
    namespace: dict[str, Json] = {"Namespace": target.namespace}
    if not client.call("ListNamespaces", namespace)["Namespaces"]:
        client.call("CreateNamespace", {"Name": target.namespace, "Uid": target.namespace})
    groups = client.call("ListGroups", namespace)["AppGroups"]
    if target.group not in [one["GroupId"] for one in groups]:
        client.call("CreateAppGroup", {"AppName": target.group})
