"""DataWorks 2020-05-18: manually triggered workflows, as DAGs.

Source: DataWorks API 2020-05-18, RunManualDagNodes, GetDag, ListManualDagInstances, GetInstanceLog, StopInstance.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any, ClassVar, Final

from anyjob.problem import short
from anyjob_dataworks.api import Api, Ask, Known, NotThere, StopSaid
from anyjob_dataworks.client import Operation
from anyjob_dataworks.faults import CallFault
from anyjob_dataworks.plan import MARK
from anyjob_dataworks.sight import Node, Sight, status_in

if TYPE_CHECKING:
    from collections.abc import Mapping

    from anyjob_dataworks.answer import Answer
    from anyjob_dataworks.plan import Plan

__all__ = ["Api2020"]

_VERSION: Final = "2020-05-18"
_PAGE: Final = 100
_PAGES: Final = 20
"""Pages of instances, newest first, that are searched for a mark."""


def _operation(name: str, *, query: Mapping[str, str] | None = None, text: str = "", **body: str) -> Operation:
    return Operation(name=name, version=_VERSION, query=query or {}, body=body, text=text)


class Api2020(Api):
    """DataWorks' OpenAPI of 2020-05-18: flows by name, instances by DAG."""

    version: ClassVar[str] = _VERSION

    def resolve(self, plan: Plan, ask: Ask) -> Known:
        del plan, ask
        return {}

    def start(self, plan: Plan, known: Known) -> Operation:
        del known
        body = {
            "ProjectName": plan.project,
            "ProjectEnv": plan.env,
            "FlowName": plan.flow,
            "BizDate": f"{plan.day} 00:00:00",
        }
        if plan.tasks:
            body["IncludeNodeIds"] = plan.ids
        if plan.excluded:
            body["ExcludeNodeIds"] = ",".join(map(str, plan.excluded))
        if plan.node_parameters:
            body["NodeParameters"] = json.dumps(plan.node_parameters, ensure_ascii=False)
        parameters = {**plan.dag_parameters, **({MARK: plan.mark} if plan.mark else {})}
        if parameters:
            body["DagParameters"] = json.dumps(parameters, ensure_ascii=False)
        return Operation(name=plan.operation, version=_VERSION, body=body, starts=True)

    def started(self, answer: Answer) -> Known | None:
        dag = _number(answer.object().get("DagId"))
        return None if dag is None else {"dag": dag}

    def find(self, plan: Plan, known: Known, ask: Ask) -> Known | None:
        del known
        if not plan.mark:
            return None
        project = plan.project_id or self._project(plan, ask)
        for page in range(1, _PAGES + 1):
            answer = ask(
                _operation(
                    "ListInstances",
                    ProjectId=str(project),
                    ProjectEnv=plan.env,
                    Bizdate=f"{plan.day} 00:00:00",
                    OrderBy="CREATE_TIME_DESC",
                    PageNumber=str(page),
                    PageSize=str(_PAGE),
                )
            )
            instances = answer.objects("Data", "Instances")
            for item in instances:
                dag = _number(item.get("DagId"))
                if dag is not None and plan.mark in str(item.get("ParamValues")):
                    return {"dag": dag}
            if len(instances) < _PAGE:
                return None
        return None

    def look(self, plan: Plan, known: Known, ask: Ask) -> Sight:
        dag = str(known["dag"])
        said = ask(_operation("GetDag", DagId=dag, ProjectEnv=plan.env)).object("Data")
        listed = ask(
            _operation("ListManualDagInstances", DagId=dag, ProjectEnv=plan.env, ProjectName=plan.project)
        ).objects("Instances")
        return Sight(status=status_in(said, "GetDag"), by="GetDag", nodes=[_node(item) for item in listed])

    def log(self, plan: Plan, node: Node) -> Operation:
        return _operation("GetInstanceLog", text="Data", InstanceId=str(node.id), ProjectEnv=plan.env)

    def stop(self, plan: Plan, known: Known, sight: Sight, ask: Ask) -> StopSaid:
        del known
        taken: set[int] = set()
        refused: list[str] = []
        for node in sight.nodes:
            if node.phase.over:
                continue
            try:
                answer = ask(_operation("StopInstance", InstanceId=str(node.id), ProjectEnv=plan.env))
                if answer.object().get("Data") is False:
                    refused.append(f"node {node.who}: StopInstance answered false")
                else:
                    taken.add(node.id)
            except CallFault as fault:
                refused.append(f"node {node.who}: {fault}")
        return StopSaid(taken=frozenset(taken), refused=tuple(refused))

    def name(self, known: Known) -> str:
        return f"DAG {known.get('dag')}"

    def _project(self, plan: Plan, ask: Ask) -> int:
        answer = ask(_operation("GetProject", query={"ProjectIdentifier": plan.project}))
        found = _number(answer.object("Data").get("ProjectId"))
        if found is None:
            raise NotThere("Content.projectName", plan.project, "GetProject gives no such workspace")
        return found


def _node(item: Mapping[str, Any]) -> Node:
    kind = str(item.get("TaskType") or "")
    return Node(
        id=_number(item.get("InstanceId")) or 0,
        name=str(item.get("NodeName") or item.get("NodeId") or ""),
        status=short(str(item.get("Status")), 40),
        note="" if kind.startswith(("NORMAL", "MANUAL")) else short(kind, 40),
    )


def _number(value: object) -> int | None:
    if isinstance(value, str) and value.isascii() and value.isdigit():
        return int(value)
    return value if isinstance(value, int) and not isinstance(value, bool) else None
