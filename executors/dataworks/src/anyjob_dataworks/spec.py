"""What a dataworks job reads out of a job.

Sources: SchedulerX worker for Java, the properties of a dataworks job's content; DataWorks API 2024-05-18,
CreateWorkflowInstances; DataWorks API 2020-05-18, RunManualDagNodes.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Annotated, Any, Final, Literal, cast

from pydantic import AfterValidator, BeforeValidator, Field, ValidationInfo, WithJsonSchema, field_validator
from pydantic_core import PydanticKnownError

from anyjob.jsontext import parse_json
from anyjob.problem import WrongValue
from anyjob.spec import At, Spec
from anyjob.timezone import check_timezone
from anyjob_dataworks.settings import region_of

__all__ = ["DataworksSpec", "FlowType"]

PLACEHOLDER: Final = re.compile(r"#\{[^}]*\}")
_IDS: Final = re.compile(r"\s*\d{1,19}\s*(,\s*\d{1,19}\s*)*\Z")
_DATE: Final = re.compile(r"\d{4}-\d\d-\d\d( 00:00:00)?\Z")

FlowType = Literal["ManualWorkflow", "Manual", "SmokeTest", "SupplementData", "TriggerWorkflow"]
_FLOW_TYPES: Final[Mapping[str, FlowType]] = {
    "manualworkflow": "ManualWorkflow",
    "manualflow": "ManualWorkflow",
    "manual_workflow": "ManualWorkflow",
    "manual": "Manual",
    "smoketest": "SmokeTest",
    "smoke_test": "SmokeTest",
    "supplementdata": "SupplementData",
    "supplement_data": "SupplementData",
    "triggerworkflow": "TriggerWorkflow",
}
_WITHOUT_FLOW: Final = ("Manual", "SmokeTest", "SupplementData")

_Scalar = str | int | float | bool


def _one_line(text: str | None) -> str | None:
    if text is not None and not text.isprintable():
        raise ValueError("holds a control character; take it out")
    return text


def _nothing(value: str | None, remedy: str) -> Exception:
    """What to raise for a field that is missing, or blank."""
    return PydanticKnownError("missing") if value is None else ValueError(f"is blank; {remedy}")


def _env(value: object) -> object:
    return value.upper() if isinstance(value, str) else value


def _flow_type(value: object) -> object:
    return _FLOW_TYPES.get(value.lower(), value) if isinstance(value, str) else value


def _ids(value: object) -> object:
    """Ids in one text: `1,2`. The vendor writes them so; a list is taken too."""
    if isinstance(value, list):
        value = ",".join(str(part) for part in cast("list[object]", value))
    return str(value) if isinstance(value, int) and not isinstance(value, bool) else value


def _ids_checked(text: str | None) -> str | None:
    if text is not None and PLACEHOLDER.sub("", text) == text and not _IDS.match(text):
        raise ValueError('is no list of ids; write "700001" or "700001,700002"')
    return text


_Ids = Annotated[
    str,
    BeforeValidator(_ids),
    AfterValidator(_ids_checked),
    WithJsonSchema({"type": ["string", "integer", "array"], "examples": ["700001,700002", [700001, 700002]]}),
]


def _object(value: object) -> object:
    """An object, or the same as JSON text: the vendor's API takes it so."""
    if not isinstance(value, str):
        return value
    try:
        return parse_json(value)
    except WrongValue as wrong:
        raise ValueError(wrong.remedy) from None


def _date(text: str | None) -> str | None:
    if text is not None and not PLACEHOLDER.search(text) and not _DATE.match(text):
        raise ValueError("is no day; write it as 2026-11-25")
    return text


class DataworksSpec(Spec):
    """Content is a JSON object, with the vendor's names and further ones. `#{schedulerx.*}` placeholders are filled in
    the names, ids, parameters and in `bizDate`."""

    api: Annotated[
        Literal["2020-05-18", "2024-05-18"],
        Field(description="which version of the DataWorks API is spoken"),
        At("XAttrs.$.api"),
    ] = "2020-05-18"
    region: Annotated[
        str | None,
        Field(description="the region of the workspace, such as cn-shanghai; default: the worker's setting"),
        AfterValidator(lambda value: value if value is None else region_of(value)),
        At("Content.$.region"),
    ] = None
    project_id: Annotated[
        int | None,
        Field(
            ge=1,
            description="the id of the workspace; beside its name, or with the newer API instead of it, it "
            "saves looking it up",
        ),
        At("Content.$.projectId"),
    ] = None
    project_name: Annotated[
        str | None,
        Field(description="the name of the workspace", validate_default=True),
        AfterValidator(_one_line),
        At("Content.$.projectName"),
    ] = None
    project_env: Annotated[
        Literal["PROD", "DEV"],
        Field(description="PROD or DEV"),
        BeforeValidator(_env),
        At("Content.$.projectEnv"),
    ] = "PROD"
    flow_type: Annotated[
        FlowType,
        Field(
            description="what is started: ManualWorkflow; with api 2024-05-18 also TriggerWorkflow, and "
            "Manual, SmokeTest, SupplementData, which start the tasks of taskIds. The vendor "
            "publishes no values of this key; others are refused, not guessed"
        ),
        BeforeValidator(_flow_type),
        At("Content.$.flowType"),
    ] = "ManualWorkflow"
    workflow_id: Annotated[
        int | None,
        Field(ge=1, description="the id of the flow, with api 2024-05-18; saves looking it up by its name"),
        At("Content.$.workflowId"),
    ] = None
    task_ids: Annotated[
        _Ids | None,
        Field(
            description='these nodes alone, "700001,700002", as the vendor writes them, or a list; default: '
            "the whole flow"
        ),
        At("Content.$.taskIds"),
    ] = None
    flow_name: Annotated[
        str | None,
        Field(description="the name of the flow", validate_default=True),
        AfterValidator(_one_line),
        At("Content.$.flowName"),
    ] = None
    exclude_task_ids: Annotated[
        _Ids | None,
        Field(description="of taskIds, those that are only passed through, as dry runs"),
        At("Content.$.excludeTaskIds"),
    ] = None
    biz_date: Annotated[
        str | None,
        Field(
            description="the business date, 2026-11-25, at the latest yesterday; default: the day of the "
            "run's data time, at the latest the day before it was scheduled; both in the "
            "workspace's time zone"
        ),
        AfterValidator(_date),
        At("Content.$.bizDate"),
    ] = None
    node_parameters: Annotated[
        dict[str, str | dict[str, _Scalar]],
        Field(description='scheduling parameters by node id: {"700001": {"day": "1"}} or {"700001": "day=1"}'),
        BeforeValidator(_object),
        At("Content.$.nodeParameters"),
    ] = Field(default_factory=dict[str, Any])
    dag_parameters: Annotated[
        dict[str, _Scalar],
        Field(
            description="parameters of the flow, for all its nodes; the run's mark, anyjob_run, is added (older API)"
        ),
        BeforeValidator(_object),
        At("Content.$.dagParameters"),
    ] = Field(default_factory=dict[str, Any])
    ignored_class: Annotated[
        str | None,
        Field(description="part of the vendor's content; means nothing here"),
        At("Content.$.className"),
    ] = None
    ignored_handler: Annotated[
        str | None,
        Field(description="part of the vendor's content; means nothing here"),
        At("Content.$.jobHandler"),
    ] = None
    ignored_jar: Annotated[
        str | None, Field(description="part of the vendor's content; means nothing here"), At("Content.$.jarUrl")
    ] = None
    operation: Annotated[
        Literal["RunManualDagNodes", "CreateManualDag"],
        Field(description="by which operation of the older API the flow is started"),
        At("XAttrs.$.operation"),
    ] = "RunManualDagNodes"
    timezone: Annotated[
        str | None,
        Field(description="the time zone of the workspace; default: the worker's setting, Asia/Shanghai"),
        AfterValidator(lambda value: value if value is None else check_timezone(value)),
        At("XAttrs.$.timezone"),
    ] = None
    poll: Annotated[
        float | None,
        Field(ge=1, le=3600, description="seconds between two looks; default: the worker's setting"),
        At("XAttrs.$.pollSeconds"),
    ] = None
    log: Annotated[
        Literal["all", "output", "states"],
        Field(
            description="what the log shows: all; output: what the nodes wrote and nothing else; states: no "
            "logs are pulled"
        ),
        At("XAttrs.$.log"),
    ] = "all"
    mark: Annotated[
        bool,
        Field(description="false: the run's mark is not sent; a start that is not answered is then `unknown` at once"),
        At("XAttrs.$.mark"),
    ] = True
    secrets: Annotated[
        dict[str, str],
        Field(description="ACCESS_KEY_ID, ACCESS_KEY_SECRET and SECURITY_TOKEN are the key of the job itself"),
        At("XAttrs.$.secrets"),
    ] = Field(default_factory=dict[str, str])
    group: Annotated[str, Field(description="the app group, whose key the settings hold"), At("GroupId")] = ""

    @property
    def own_key(self) -> bool:
        """Whether the job brings its own access key."""
        return "ACCESS_KEY_ID" in self.secrets

    @property
    def ignored(self) -> list[str]:
        """What stands there and means nothing here, `className` and the like."""
        values = {"className": self.ignored_class, "jobHandler": self.ignored_handler, "jarUrl": self.ignored_jar}
        return [f"Content.{name}: {value!r}" for name, value in values.items() if value]

    @field_validator("project_name")
    @classmethod
    def _some_project(cls, value: str | None, info: ValidationInfo) -> str | None:
        """With api 2024-05-18 its id does as well."""
        said = info.data
        if value or (said.get("project_id") is not None and said.get("api") == "2024-05-18"):
            return value
        raise _nothing(value, "write the name of the workspace")

    @field_validator("flow_type")
    @classmethod
    def _type_of_the_api(cls, value: FlowType, info: ValidationInfo) -> FlowType:
        if info.data.get("api") == "2020-05-18" and value not in ("ManualWorkflow", "Manual"):
            raise ValueError('is started by api 2024-05-18 only; write XAttrs {"api": "2024-05-18"}')
        return value

    @field_validator("flow_name")
    @classmethod
    def _something_to_start(cls, value: str | None, info: ValidationInfo) -> str | None:
        """With api 2024-05-18 its id does as well, or the tasks of a type that belongs to no flow."""
        said = info.data
        if value or "task_ids" not in said or "flow_type" not in said:
            return value
        known = said["task_ids"] if said["flow_type"] in _WITHOUT_FLOW else said.get("workflow_id")
        if known is not None and said.get("api") == "2024-05-18":
            return value
        raise _nothing(value, "write the name of the flow; of its nodes alone, write taskIds beside it")

    @field_validator("exclude_task_ids")
    @classmethod
    def _of_the_nodes(cls, value: str | None, info: ValidationInfo) -> str | None:
        if value is not None and info.data.get("task_ids") is None:
            raise ValueError("needs taskIds, which it takes some out of; write them too")
        return value

    @field_validator("secrets")
    @classmethod
    def _whole_key(cls, value: dict[str, str]) -> dict[str, str]:
        for name in ("ACCESS_KEY_ID", "ACCESS_KEY_SECRET"):
            if name not in value and {"ACCESS_KEY_ID", "ACCESS_KEY_SECRET", "SECURITY_TOKEN"} & value.keys():
                raise ValueError(f"holds a part of an access key and no {name}; list it too")
        return value
