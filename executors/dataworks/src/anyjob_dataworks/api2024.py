"""DataWorks 2024-05-18: instances of workflows and tasks.

Source: DataWorks API 2024-05-18, CreateWorkflowInstances, GetWorkflowInstance, GetTaskInstanceLog,
StopWorkflowInstances.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any, ClassVar, Final, cast

from anyjob.problem import short
from anyjob_dataworks.api import Api, Ask, Known, NotThere, StopSaid
from anyjob_dataworks.client import Operation
from anyjob_dataworks.sight import Node, Phase, Sight, phase_of, status_in

if TYPE_CHECKING:
    from collections.abc import Mapping

    from anyjob_dataworks.answer import Answer
    from anyjob_dataworks.plan import Plan

__all__ = ["Api2024"]

_VERSION: Final = "2024-05-18"
_PAGE: Final = 100
_PAGES: Final = 50
_NO_WORKFLOW: Final = 1
"""The WorkflowId of tasks that belong to none."""


def _get(name: str, *, text: str = "", **query: str) -> Operation:
    return Operation(name=name, version=_VERSION, query=query, text=text)


def _post(name: str, **body: str) -> Operation:
    return Operation(name=name, version=_VERSION, body=body)


class Api2024(Api):
    """DataWorks' OpenAPI of 2024-05-18: workflows by id, instances by workflow instance."""

    version: ClassVar[str] = _VERSION

    def resolve(self, plan: Plan, ask: Ask) -> Known:
        project = plan.project_id
        if project is None:
            answer = ask(_post("ListProjects", Names=json.dumps([plan.project], ensure_ascii=False), PageSize="100"))
            project = _named(answer.objects("PagingInfo", "Projects"), plan.project)
            if project is None:
                raise NotThere("Content.projectName", plan.project, "ListProjects gives no such workspace")
        workflow = plan.workflow_id
        if workflow is None and plan.flow:
            workflow = self._workflow(plan, project, ask)
        return {"project": project, "workflow": workflow or _NO_WORKFLOW}

    def _workflow(self, plan: Plan, project: int, ask: Ask) -> int:
        for page in range(1, _PAGES + 1):
            answer = ask(
                _post(
                    "ListWorkflows",
                    ProjectId=str(project),
                    Name=plan.flow,
                    EnvType=_env(plan),
                    PageNumber=str(page),
                    PageSize=str(_PAGE),
                )
            )
            listed = answer.objects("PagingInfo", "Workflows")
            found = _named(listed, plan.flow)
            if found is not None:
                return found
            if len(listed) < _PAGE:
                break
        raise NotThere("Content.flowName", plan.flow, f"ListWorkflows gives none of that name in workspace {project}")

    def start(self, plan: Plan, known: Known) -> Operation:
        day = str(plan.day)
        body = {
            "ProjectId": str(known.get("project")),
            "WorkflowId": str(known.get("workflow")),
            "Name": plan.mark or plan.title,
            "Comment": f"anyjob: {plan.title}",
            "Type": plan.flow_type,
            "EnvType": _env(plan),
            "AutoStartEnabled": "true",
            "Periods": json.dumps({"BizDates": [{"StartBizDate": day, "EndBizDate": day}]}),
        }
        properties = _properties(plan)
        if properties:
            body["DefaultRunProperties"] = json.dumps(properties)
        if plan.node_parameters:
            body["TaskParameters"] = json.dumps(plan.node_parameters, ensure_ascii=False)
        if plan.dag_parameters and known.get("workflow") != _NO_WORKFLOW:
            # A manual workflow takes JSON, all others key=value.
            body["WorkflowParameters"] = (
                json.dumps(plan.dag_parameters, ensure_ascii=False)
                if plan.flow_type == "ManualWorkflow"
                else " ".join(f"{name}={value}" for name, value in plan.dag_parameters.items())
            )
        return Operation(name="CreateWorkflowInstances", version=_VERSION, body=body, starts=True)

    def started(self, answer: Answer) -> Known | None:
        operation = answer.object().get("OperationId")
        return {"operation": str(operation)} if operation else None

    def find(self, plan: Plan, known: Known, ask: Ask) -> Known | None:
        if not plan.mark:
            return None
        answer = ask(
            _post(
                "ListWorkflowInstances",
                ProjectId=str(known.get("project")),
                BizDate=str(plan.midnight),
                EnvType=_env(plan),
                Name=plan.mark,
                PageSize=str(_PAGE),
            )
        )
        found = [
            item["Id"]
            for item in answer.objects("PagingInfo", "WorkflowInstances")
            if item.get("Name") == plan.mark and item.get("Id")
        ]
        return {"instances": found} if found else None

    def look(self, plan: Plan, known: Known, ask: Ask) -> Sight:
        instances = known.get("instances")
        kept: dict[str, Any] = {}
        if not instances:
            result = ask(_get("GetCreateWorkflowInstancesResult", OperationId=str(known["operation"]))).object("Result")
            status = status_in(result, "GetCreateWorkflowInstancesResult")
            if status == "CreateFailure":
                return Sight(status=status, by="GetCreateWorkflowInstancesResult", refused=_failure(result))
            instances = result.get("WorkflowInstanceIds")
            if not instances:
                return Sight(status=status, by="GetCreateWorkflowInstancesResult")
            kept = {"instances": instances}
        statuses: list[str] = []
        nodes: list[Node] = []
        for instance in cast("list[Any]", instances):
            said = ask(_get("GetWorkflowInstance", Id=str(instance))).object("WorkflowInstance")
            statuses.append(status_in(said, "GetWorkflowInstance"))
            nodes += self._tasks(plan, str(known.get("project") or said.get("ProjectId")), str(instance), ask)
        return Sight(status=_joint(statuses), by="GetWorkflowInstance", nodes=nodes, kept=kept)

    def _tasks(self, plan: Plan, project: str, instance: str, ask: Ask) -> list[Node]:
        nodes: list[Node] = []
        for page in range(1, _PAGES + 1):
            answer = ask(
                _post(
                    "ListTaskInstances",
                    ProjectId=project,
                    ProjectEnv=_env(plan),
                    Bizdate=str(plan.midnight),
                    WorkflowInstanceId=instance,
                    SortBy="Id Asc",
                    PageNumber=str(page),
                    PageSize=str(_PAGE),
                )
            )
            listed = answer.objects("PagingInfo", "TaskInstances")
            nodes += [_node(item) for item in listed]
            if len(listed) < _PAGE:
                break
        return nodes

    def log(self, plan: Plan, node: Node) -> Operation:
        del plan
        return _get("GetTaskInstanceLog", text="TaskInstanceLog", Id=str(node.id), RunNumber=str(node.run))

    def stop(self, plan: Plan, known: Known, sight: Sight, ask: Ask) -> StopSaid:
        instances = [
            int(item) for item in cast("list[Any]", known.get("instances") or sight.kept.get("instances") or [])
        ]
        if not instances:
            return StopSaid(taken=frozenset(), refused=("its instances are not made yet",))
        ids, comment = json.dumps(instances), f"anyjob: stop of {plan.title}"
        info = ask(_post("StopWorkflowInstances", Ids=ids, Comment=comment)).object("SuccessInfo")
        taken = {item for item in instances if _taken(info, item)}
        refused = [
            f"workflow instance {item}: {info.get(str(item), 'nothing was said of it')}"
            for item in instances
            if item not in taken
        ]
        if taken:
            taken |= {node.id for node in sight.nodes if not node.phase.over}
        return StopSaid(taken=frozenset(taken), refused=tuple(refused))

    def name(self, known: Known) -> str:
        instances = cast("list[Any]", known.get("instances") or [])
        if instances:
            return f"workflow instance {', '.join(map(str, instances))}"
        return f"operation {known.get('operation')}"


def _env(plan: Plan) -> str:
    return "Prod" if plan.env == "PROD" else "Dev"


def _properties(plan: Plan) -> dict[str, Any]:
    found: dict[str, Any] = {}
    if plan.tasks:
        key = "IncludeTaskIds" if plan.flow_type == "TriggerWorkflow" else "RootTaskIds"
        found[key] = list(plan.tasks)
        if plan.flow_type == "ManualWorkflow":
            found["IncludeTaskIds"] = list(plan.tasks)
    if plan.excluded:
        found["ExcludeTaskIds"] = list(plan.excluded)
    if plan.flow_type == "SupplementData":
        found |= {"Mode": "ManualSelection", "Parallelism": 1, "Analysis": {"Enabled": False, "Blocked": False}}
    return found


def _named(items: list[Mapping[str, Any]], name: str) -> int | None:
    """The id of the one with exactly this name: the service also gives those that only hold it."""
    return next((int(item["Id"]) for item in items if item.get("Name") == name and item.get("Id")), None)


def _failure(result: Mapping[str, Any]) -> str:
    return str(result.get("FailureMessage") or "no reason is given")


def _taken(info: Mapping[str, Any], item: int) -> bool:
    said = info.get(str(item))
    return isinstance(said, dict) and cast("dict[str, Any]", said).get("Success") is True


def _joint(statuses: list[str]) -> str:
    """Of several instances: what keeps them from being over, else what failed."""
    for wanted in ((Phase.RUNNING, Phase.WAITING), (Phase.FAILED,)):
        found = [status for status in statuses if phase_of(status) in wanted]
        if found:
            return found[0]
    return statuses[0]


def _node(item: Mapping[str, Any]) -> Node:
    changed = f"{item.get('OperationType')} by {item.get('ModifyUser')}" if item.get("OperationType") else ""
    return Node(
        id=int(item.get("Id") or 0),
        name=str(item.get("TaskName") or item.get("TaskId") or ""),
        status=short(str(item.get("Status")), 40),
        run=int(item.get("RunNumber") or 1),
        note=short(changed),
    )
