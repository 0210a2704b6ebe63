"""The operations of the practice server, of both versions of the API.

The error codes of unknown workspaces, flows and nodes are this server's own: the vendor publishes none. Those of the
gateway are the vendor's.

Sources: DataWorks API 2020-05-18, the operations that are served; DataWorks API 2024-05-18, the operations that are
served; Alibaba Cloud API, error codes, the gateway's.
"""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Mapping
from datetime import datetime, timedelta
from typing import Any, Final

from anyjob.timezone import parse_timezone
from anyjob_dataworks.peerflows import FLOWS, PROJECT, PROJECT_ID, PeerFlow, PeerFlows, PeerNode, flow_of

__all__ = ["Refusal", "operations"]

Parameters = Mapping[str, str]
Do = Callable[[Parameters], dict[str, Any]]

_ZONE: Final = "Asia/Shanghai"
_WORDS: Final = {
    "NOT_RUN": "NotRun",
    "RUNNING": "Running",
    "SUCCESS": "Success",
    "FAILURE": "Failure",
    "CREATED": "NotRun",
}


class Refusal(Exception):
    """An answer that says no."""

    def __init__(self, status: int, code: str, message: str) -> None:
        self.status, self.code, self.message = status, code, message
        super().__init__(message)


def operations(flows: PeerFlows) -> dict[tuple[str, str], Do]:
    """By version and name."""
    old, new = _Old(flows), _New(flows)
    return {
        ("2020-05-18", "RunManualDagNodes"): old.start,
        ("2020-05-18", "CreateManualDag"): old.start,
        ("2020-05-18", "GetDag"): old.dag,
        ("2020-05-18", "ListManualDagInstances"): old.instances,
        ("2020-05-18", "GetInstanceLog"): old.log,
        ("2020-05-18", "StopInstance"): old.stop,
        ("2020-05-18", "GetProject"): old.project,
        ("2020-05-18", "ListInstances"): old.listed,
        ("2024-05-18", "ListProjects"): new.projects,
        ("2024-05-18", "ListWorkflows"): new.workflows,
        ("2024-05-18", "CreateWorkflowInstances"): new.start,
        ("2024-05-18", "GetCreateWorkflowInstancesResult"): new.created,
        ("2024-05-18", "GetWorkflowInstance"): new.instance,
        ("2024-05-18", "ListWorkflowInstances"): new.instances,
        ("2024-05-18", "ListTaskInstances"): new.tasks,
        ("2024-05-18", "GetTaskInstanceLog"): new.log,
        ("2024-05-18", "StopWorkflowInstances"): new.stop,
        ("2024-05-18", "StopTaskInstances"): new.stop_tasks,
    }


def _needed(parameters: Parameters, name: str) -> str:
    value = parameters.get(name)
    if not value:
        raise Refusal(400, f"Missing{name}", f"{name} is mandatory for this action.")
    return value


def _day_checked(day: str) -> str:
    try:
        said = datetime.strptime(day, "%Y-%m-%d").date()  # noqa: DTZ007 - a day has no zone
    except ValueError:
        raise Refusal(400, "InvalidBizDate", f"The specified BizDate {day!r} is not valid.") from None
    if said > datetime.now(parse_timezone(_ZONE)).date() - timedelta(days=1):
        raise Refusal(400, "InvalidBizDate", f"The specified BizDate {day} is later than yesterday.")
    return day


def _ids(text: str | None) -> list[int]:
    return [int(part) for part in (text or "").split(",") if part]


def _millis(day: str) -> int:
    return int(datetime.fromisoformat(day).replace(tzinfo=parse_timezone(_ZONE)).timestamp() * 1000)


def _started(flows: PeerFlows, flow: str, **how: Any) -> PeerFlow:
    try:
        return flows.start(flow, **how)
    except KeyError as unknown:
        raise Refusal(404, "Invalid.Node.NotExist", f"The node {unknown} does not exist in the flow {flow}.") from None


class _Old:
    """2020-05-18."""

    def __init__(self, flows: PeerFlows) -> None:
        self._flows = flows

    def start(self, p: Parameters) -> dict[str, Any]:
        project, flow = _needed(p, "ProjectName"), _needed(p, "FlowName")
        if project != PROJECT:
            raise Refusal(404, "Invalid.Project.NotExist", f"The project {project} does not exist.")
        if flow not in FLOWS:
            raise Refusal(404, "Invalid.Flow.NotExist", f"The flow {flow} does not exist.")
        made = _started(
            self._flows,
            flow,
            name=flow,
            env=_needed(p, "ProjectEnv"),
            day=_day_checked(_needed(p, "BizDate").removesuffix(" 00:00:00")),
            parameters=json.loads(p.get("DagParameters") or "{}"),
            tasks=_ids(p.get("IncludeNodeIds")),
            dry=_ids(p.get("ExcludeNodeIds")),
        )
        return {"DagId": made.id}

    def _dag(self, p: Parameters) -> PeerFlow:
        found = self._flows.find(int(_needed(p, "DagId")))
        if found is None or found.env != _needed(p, "ProjectEnv"):
            raise Refusal(200, "1101040001", "The dag does not exist.")
        return found

    def _node(self, p: Parameters) -> tuple[PeerFlow, PeerNode]:
        found = self._flows.node(int(_needed(p, "InstanceId")))
        if found is None or found[0].env != _needed(p, "ProjectEnv"):
            raise Refusal(200, "1101040002", "The instance does not exist.")
        return found

    def dag(self, p: Parameters) -> dict[str, Any]:
        flow = self._dag(p)
        data = {
            "DagId": flow.id,
            "Name": flow.flow,
            "Status": flow.status(),
            "Type": "MANUAL",
            "ProjectId": PROJECT_ID,
            "Bizdate": _millis(flow.day),
        }
        return {"Success": True, "HttpStatusCode": 200, "Data": data}

    def _shown(self, flow: PeerFlow) -> list[dict[str, Any]]:
        values = " ".join(f"{name}={value}" for name, value in flow.parameters.items())
        return [
            {
                "InstanceId": node.id,
                "NodeId": node.task,
                "NodeName": node.script.name,
                "Status": status,
                "TaskType": "SKIP(3)" if node.dry else "MANUAL(1)",
                "DagId": flow.id,
                "DagType": "MANUAL",
                "BizDate": _millis(flow.day),
                "ParamValues": values,
            }
            for node, status in zip(flow.nodes, flow.statuses(), strict=True)
        ]

    def instances(self, p: Parameters) -> dict[str, Any]:
        _needed(p, "ProjectName")
        return {"Instances": self._shown(self._dag(p))}

    def listed(self, p: Parameters) -> dict[str, Any]:
        _needed(p, "ProjectId")
        env, day = _needed(p, "ProjectEnv"), p.get("Bizdate", "").removesuffix(" 00:00:00")
        found = [
            node
            for flow in reversed(self._flows.started)
            if flow.env == env and flow.day == day
            for node in self._shown(flow)
        ]
        page, size = int(p.get("PageNumber", "1")), int(p.get("PageSize", "10"))
        shown = found[(page - 1) * size : page * size]
        data = {"Instances": shown, "PageNumber": page, "PageSize": size, "TotalCount": len(found)}
        return {"Success": True, "HttpStatusCode": 200, "Data": data}

    def log(self, p: Parameters) -> dict[str, Any]:
        flow, node = self._node(p)
        return {"Success": True, "HttpStatusCode": 200, "Data": node.log(flow.parameters, time.monotonic())}

    def stop(self, p: Parameters) -> dict[str, Any]:
        return {"Success": True, "HttpStatusCode": 200, "Data": self._flows.stop(self._node(p)[1])}

    def project(self, p: Parameters) -> dict[str, Any]:
        name = _needed(p, "ProjectIdentifier")
        if name != PROJECT:
            raise Refusal(404, "Invalid.Project.NotExist", f"The project {name} does not exist.")
        data = {"ProjectId": PROJECT_ID, "ProjectIdentifier": PROJECT, "ProjectName": PROJECT}
        return {"Success": True, "HttpStatusCode": 200, "Data": data}


class _New:
    """2024-05-18."""

    def __init__(self, flows: PeerFlows) -> None:
        self._flows = flows

    def projects(self, p: Parameters) -> dict[str, Any]:
        names = json.loads(p.get("Names") or "[]")
        known = [{"Id": PROJECT_ID, "Name": PROJECT}, {"Id": PROJECT_ID + 1, "Name": f"{PROJECT}_other"}]
        shown = [item for item in known if not names or any(name in str(item["Name"]) for name in names)]
        return {"PagingInfo": {"Projects": shown, "TotalCount": len(shown), "PageNumber": 1, "PageSize": 100}}

    def workflows(self, p: Parameters) -> dict[str, Any]:
        self._project(p)
        shown = [{"Id": self._flows.workflow_of(name), "Name": name} for name in FLOWS if p.get("Name", "") in name]
        return {"PagingInfo": {"Workflows": shown, "TotalCount": len(shown), "PageNumber": 1, "PageSize": 100}}

    def start(self, p: Parameters) -> dict[str, Any]:
        self._project(p)
        workflow, kind = int(_needed(p, "WorkflowId")), _needed(p, "Type")
        properties: dict[str, Any] = json.loads(p.get("DefaultRunProperties") or "{}")
        tasks: list[Any] = properties.get("RootTaskIds") or properties.get("IncludeTaskIds") or []
        excluded: list[int] = properties.get("ExcludeTaskIds") or []
        flow = next((name for name in FLOWS if self._flows.workflow_of(name) == workflow), None)
        if workflow == 1:
            if not tasks:
                raise Refusal(400, "MissingRootTaskIds", "RootTaskIds is mandatory for this action.")
            flow = flow_of(int(tasks[0]))
        if flow is None:
            raise Refusal(404, "Invalid.Workflow.NotExist", f"The workflow {workflow} does not exist.")
        (period,) = json.loads(_needed(p, "Periods"))["BizDates"]
        said = p.get("WorkflowParameters") or "{}"
        parameters = (
            json.loads(said)
            if kind == "ManualWorkflow"
            else dict(part.split("=", 1) for part in said.split() if "=" in part)
        )
        made = _started(
            self._flows,
            flow,
            name=_needed(p, "Name"),
            env="PROD" if p.get("EnvType") == "Prod" else "DEV",
            day=_day_checked(period["StartBizDate"]),
            parameters=parameters,
            tasks=[int(task) for task in tasks],
            dry=excluded,
        )
        return {"OperationId": made.operation}

    def created(self, p: Parameters) -> dict[str, Any]:
        operation = _needed(p, "OperationId")
        made = next((flow for flow in self._flows.started if flow.operation == operation), None)
        if made is None:
            raise Refusal(404, "Invalid.Operation.NotExist", f"The operation {operation} does not exist.")
        if time.monotonic() - made.created < 0.03:
            return {"Result": {"Status": "Creating"}}
        return {"Result": {"Status": "Created", "WorkflowInstanceIds": [made.id], "UnifiedWorkflowInstanceIds": [1]}}

    def _flow(self, number: int) -> PeerFlow:
        found = self._flows.find(number)
        if found is None:
            raise Refusal(404, "Invalid.WorkflowInstance.NotExist", f"The workflow instance {number} does not exist.")
        return found

    def _shown(self, flow: PeerFlow) -> dict[str, Any]:
        return {
            "Id": flow.id,
            "Name": flow.name,
            "Status": _WORDS[flow.status()],
            "Type": "ManualWorkflow",
            "ProjectId": PROJECT_ID,
            "WorkflowId": self._flows.workflow_of(flow.flow),
            "BizDate": _millis(flow.day),
        }

    def instance(self, p: Parameters) -> dict[str, Any]:
        return {"WorkflowInstance": self._shown(self._flow(int(_needed(p, "Id"))))}

    def instances(self, p: Parameters) -> dict[str, Any]:
        self._project(p)
        day, name = int(_needed(p, "BizDate")), p.get("Name", "")
        shown = [
            self._shown(flow)
            for flow in reversed(self._flows.started)
            if _millis(flow.day) == day and name in flow.name
        ]
        return {"PagingInfo": {"WorkflowInstances": shown, "TotalCount": len(shown), "PageNumber": 1, "PageSize": 100}}

    def tasks(self, p: Parameters) -> dict[str, Any]:
        self._project(p)
        _needed(p, "Bizdate")
        flow = self._flow(int(_needed(p, "WorkflowInstanceId")))
        shown = [
            {
                "Id": node.id,
                "TaskId": node.task,
                "TaskName": node.script.name,
                "Status": _WORDS[status],
                "RunNumber": node.run,
                "WorkflowInstanceId": flow.id,
            }
            for node, status in zip(flow.nodes, flow.statuses(), strict=True)
        ]
        page, size = int(p.get("PageNumber", "1")), int(p.get("PageSize", "10"))
        found = shown[(page - 1) * size : page * size]
        return {"PagingInfo": {"TaskInstances": found, "TotalCount": len(shown), "PageNumber": page, "PageSize": size}}

    def log(self, p: Parameters) -> dict[str, Any]:
        found = self._flows.node(int(_needed(p, "Id")))
        if found is None:
            raise Refusal(404, "Invalid.TaskInstance.NotExist", "The task instance does not exist.")
        return {"TaskInstanceLog": found[1].log(found[0].parameters, time.monotonic())}

    def stop(self, p: Parameters) -> dict[str, Any]:
        info: dict[str, Any] = {}
        for number in json.loads(_needed(p, "Ids")):
            stopped = [self._flows.stop(node) for node in self._flow(int(number)).nodes]
            info[str(number)] = (
                {"Success": True} if any(stopped) else {"Success": False, "Message": "The instance is over."}
            )
        return {"SuccessInfo": info}

    def stop_tasks(self, p: Parameters) -> dict[str, Any]:
        info: dict[str, Any] = {}
        for number in json.loads(_needed(p, "Ids")):
            found = self._flows.node(int(number))
            info[str(number)] = {"Success": found is not None and self._flows.stop(found[1])}
        return {"SuccessInfo": info}

    @staticmethod
    def _project(p: Parameters) -> None:
        if _needed(p, "ProjectId") != str(PROJECT_ID):
            raise Refusal(403, "Forbidden.Access", "You are not authorized to access the workspace.")
