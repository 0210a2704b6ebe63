"""The vendor's own Python SDKs against the practice server: it takes what they send, and they read what it says."""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Mapping
from importlib import import_module
from typing import Any

import pytest

from anyjob_dataworks.credentials import PRACTICE
from anyjob_dataworks.peer import Peer, PeerKey

PATIENCE = 20.0


def old_client(peer: Peer, **key: Any) -> tuple[Any, Any]:
    return _client("alibabacloud_dataworks_public20200518", peer, key)


def new_client(peer: Peer) -> tuple[Any, Any]:
    return _client("alibabacloud_dataworks_public20240518", peer, {})


def _client(package: str, peer: Peer, key: Mapping[str, Any]) -> tuple[Any, Any]:
    """The SDK's client of this server, and its models. Imported by name: none of it has types."""
    config = import_module("alibabacloud_tea_openapi.models").Config(
        **{"access_key_id": PRACTICE.id, "access_key_secret": PRACTICE.secret, **key},
        endpoint=f"127.0.0.1:{peer.port}",
        protocol="http",
    )
    return import_module(f"{package}.client").Client(config), import_module(f"{package}.models")


def until(look: Callable[[], Any], wanted: str) -> None:
    end = time.monotonic() + PATIENCE
    while (seen := look()) != wanted:
        assert time.monotonic() < end, seen
        time.sleep(0.02)


@pytest.fixture
def plain() -> Any:
    """The server with its own check of signatures, which is the one that is shipped."""
    with Peer() as made:
        yield made


def test_a_flow_by_the_older_sdk(plain: Peer) -> None:
    client, models = old_client(plain)
    begun = client.run_manual_dag_nodes(
        models.RunManualDagNodesRequest(
            project_name="practice",
            project_env="PROD",
            flow_name="broken",
            biz_date="2026-11-20 00:00:00",
            dag_parameters=json.dumps({"greeting": "grüße * ~ + &"}),
        )
    )
    dag = begun.body.dag_id
    asked = models.GetDagRequest(dag_id=dag, project_env="PROD")
    until(lambda: client.get_dag(asked).body.data.status, "FAILURE")
    listed = client.list_manual_dag_instances(
        models.ListManualDagInstancesRequest(dag_id=str(dag), project_env="PROD", project_name="practice")
    )
    instances = listed.body.instances
    assert [(item.node_name, item.status) for item in instances] == [
        ("extract", "SUCCESS"), ("transform", "FAILURE"), ("load", "NOT_RUN"),
    ]  # fmt: skip
    assert "greeting=grüße * ~ + &" in instances[0].param_values
    log = client.get_instance_log(
        models.GetInstanceLogRequest(instance_id=instances[1].instance_id, project_env="PROD")
    )
    assert log.body.data == "row 7: no such column: price\n"


def test_a_stop_by_the_older_sdk(plain: Peer) -> None:
    client, models = old_client(plain)
    request = models.CreateManualDagRequest(
        project_name="practice", project_env="PROD", flow_name="sleeps", biz_date="2026-11-20 00:00:00"
    )
    dag = client.create_manual_dag(request).body.dag_id
    asked = models.GetDagRequest(dag_id=dag, project_env="PROD")
    until(lambda: client.get_dag(asked).body.data.status, "RUNNING")
    project = client.get_project(models.GetProjectRequest(project_identifier="practice")).body.data.project_id
    found = client.list_instances(
        models.ListInstancesRequest(project_id=project, project_env="PROD", bizdate="2026-11-20 00:00:00")
    )
    (instance,) = found.body.data.instances
    stopped = client.stop_instance(models.StopInstanceRequest(instance_id=instance.instance_id, project_env="PROD"))
    assert stopped.body.data is True
    assert client.get_dag(asked).body.data.status == "FAILURE"


def test_a_flow_by_the_newer_sdk(plain: Peer) -> None:
    client, models = new_client(plain)
    project = client.list_projects(models.ListProjectsRequest(names=["practice"])).body.paging_info.projects[0].id
    listed = client.list_workflows(models.ListWorkflowsRequest(project_id=project, name="daily", env_type="Prod"))
    workflow = listed.body.paging_info.workflows[0].id
    begun = client.create_workflow_instances(
        models.CreateWorkflowInstancesRequest(
            project_id=project,
            workflow_id=workflow,
            name="by hand",
            type="ManualWorkflow",
            env_type="Prod",
            default_run_properties=models.CreateWorkflowInstancesRequestDefaultRunProperties(root_task_ids=[701001]),
            periods=models.CreateWorkflowInstancesRequestPeriods(
                biz_dates=[
                    models.CreateWorkflowInstancesRequestPeriodsBizDates(
                        start_biz_date="2026-11-20", end_biz_date="2026-11-20"
                    )
                ]
            ),
        )
    )
    asked = models.GetCreateWorkflowInstancesResultRequest(operation_id=begun.body.operation_id)
    until(lambda: client.get_create_workflow_instances_result(asked).body.result.status, "Created")
    (made,) = client.get_create_workflow_instances_result(asked).body.result.workflow_instance_ids
    looked = models.GetWorkflowInstanceRequest(id=made)
    until(lambda: client.get_workflow_instance(looked).body.workflow_instance.status, "Success")
    midnight = client.get_workflow_instance(looked).body.workflow_instance.biz_date
    named = client.list_workflow_instances(
        models.ListWorkflowInstancesRequest(project_id=project, biz_date=midnight, name="by hand")
    )
    assert [item.id for item in named.body.paging_info.workflow_instances] == [made]
    tasks = client.list_task_instances(
        models.ListTaskInstancesRequest(project_id=project, bizdate=midnight, workflow_instance_id=made)
    )
    (task,) = tasks.body.paging_info.task_instances
    assert (task.task_name, task.status) == ("extract", "Success")
    log = client.get_task_instance_log(models.GetTaskInstanceLogRequest(id=task.id, run_number=task.run_number))
    assert log.body.task_instance_log == "120 rows read\n"


def test_a_stop_by_the_newer_sdk(plain: Peer) -> None:
    client, models = new_client(plain)
    flow = plain.flows.start("sleeps", name="x", env="PROD", day="2026-11-20", parameters={})
    until(flow.status, "RUNNING")
    said = client.stop_workflow_instances(models.StopWorkflowInstancesRequest(ids=[flow.id]))
    assert said.body.success_info[str(flow.id)].success is True
    again = client.stop_workflow_instances(models.StopWorkflowInstancesRequest(ids=[flow.id]))
    assert again.body.success_info[str(flow.id)].success is False


@pytest.mark.parametrize(
    ("key", "clock", "code"),
    [
        ({"access_key_id": "nobody"}, 0, "InvalidAccessKeyId.NotFound"),
        ({"access_key_secret": "wrong"}, 0, "SignatureDoesNotMatch"),
        ({"security_token": "stale"}, 0, "InvalidSecurityToken.Malformed"),
        ({"access_key_id": "sts", "access_key_secret": "s", "security_token": "t"}, 0, "InvalidSecurityToken.Expired"),
        ({}, 960, "InvalidTimeStamp.Expired"),
        ({}, -960, "InvalidTimeStamp.Expired"),
    ],
    ids=["nobody", "wrong secret", "token unasked", "token expired", "clock behind", "clock ahead"],
)
def test_what_the_sdk_reads_when_it_is_refused(plain: Peer, key: dict[str, Any], clock: float, code: str) -> None:
    plain.clock = clock
    plain.keys["sts"] = PeerKey(secret="s", token="t", expires=time.time() - 1)
    client, models = old_client(plain, **key)
    with pytest.raises(import_module("alibabacloud_tea_openapi.exceptions").ClientException) as refused:
        client.get_dag(models.GetDagRequest(dag_id=1, project_env="PROD"))
    caught: Any = refused.value
    assert caught.code == code
