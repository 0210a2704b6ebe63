"""What CreateJob defines: the job, with every field of the API.

Sources: SchedulerX API, CreateJob, names, defaults and ranges of the fields; SchedulerX API, SDK, "StartTime",
"EndTime".
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Annotated, Final

from pydantic import JsonValue

from anyjob.job.alerts import Channels, Contacts
from anyjob.job.contact import Contact
from anyjob.job.errors import BadJob
from anyjob.job.field import Api, JobField, Needed, fields_of
from anyjob.job.owner import owner_of
from anyjob.job.rules import Attributes, Choice, Flag, Text, TextOrJson, Whole
from anyjob.job.timing import check_time_expression
from anyjob.job.words import Channel, ExecuteMode, JobStatus, Priority, TaskDispatchMode, TimeType, parse_job_type
from anyjob.nearest import did_you_mean, nearest
from anyjob.problem import Problem, WrongValue, shown
from anyjob.timezone import check_timezone

__all__ = ["JOB_FIELDS", "Job"]

_LINE: Final = Text(one_line=True)
_TEXT: Final = Text()
_NAME: Final = Text(shortest=1, longest=100, one_line=True)
_TYPE: Final = Text(shortest=1, longest=64, convert=parse_job_type)
_ZONE: Final = Text(one_line=True, convert=check_timezone)
_FLAG: Final = Flag()
_COUNT: Final = Whole()
_SIZE: Final = Whole(1)
_MOMENT: Final = Whole(-1, 253_402_300_799_999)  # the last millisecond of the year 9999
_MODES: Final = Choice(
    ExecuteMode,
    # UpdateJob's page and Terraform write the first two, the Spring starter the last.
    {"broadcatst": ExecuteMode.BROADCAST, "shard": ExecuteMode.SHARDING, "mapreduce": ExecuteMode.BATCH},
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Job:
    """A job: what to run, when, and what then.

    Made from Python with keyword arguments (`Job(name="hello", job_type="shell", content="echo hello")`), from the
    API's names with `Job.from_wire`, from a file with `read_job`. All three check alike and raise BadJob with every
    Problem at once; what a field of one JobType means is checked by that type's spec, not here. `dataclasses.replace`
    checks again.

    Field names, defaults and ranges are those of SchedulerX's CreateJob (2019-04-30). Where its pages state none, the
    default is the one that its clients send or its samples show. Numbers and booleans may come as text, as they do over
    the wire.
    """

    region_id: Annotated[str, Api("RegionId", _LINE, "Id of the region; means nothing here.", Needed.CREATE)] = ""
    namespace: Annotated[str, Api("Namespace", _LINE, "Id of the namespace.", Needed.CREATE)] = ""
    namespace_source: Annotated[str, Api("NamespaceSource", _LINE, "Set by third parties that bring namespaces.")] = ""
    group_id: Annotated[str, Api("GroupId", _LINE, "Id of the app group.", Needed.CREATE)] = ""
    job_type: Annotated[str, Api("JobType", _TYPE, "Which plugin runs the job.", Needed.ALWAYS)]
    name: Annotated[str, Api("Name", _NAME, "Name of the job.", Needed.ALWAYS)]
    description: Annotated[str, Api("Description", _TEXT, "What the job is for.")] = ""
    execute_mode: Annotated[
        ExecuteMode, Api("ExecuteMode", _MODES, "How an instance becomes tasks.", Needed.CREATE)
    ] = ExecuteMode.STANDALONE
    class_name: Annotated[str, Api("ClassName", _LINE, "The class that a java job runs.")] = ""
    content: Annotated[str, Api("Content", TextOrJson(), "Script, manifest or JSON, as the JobType wants it.")] = ""
    parameters: Annotated[
        str, Api("Parameters", Text(longest_bytes=10_000), "Text that every run receives, at most 10000 bytes.")
    ] = ""
    max_concurrency: Annotated[
        int, Api("MaxConcurrency", _SIZE, "Instances at one time; a trigger beyond them is skipped.")
    ] = 1
    max_attempt: Annotated[int, Api("MaxAttempt", _COUNT, "Further attempts after a failure.")] = 0
    attempt_interval: Annotated[int, Api("AttemptInterval", _COUNT, "Seconds between two attempts.")] = 30
    page_size: Annotated[int, Api("PageSize", _SIZE, "Tasks fetched at one time.")] = 100
    consumer_size: Annotated[int, Api("ConsumerSize", _SIZE, "Tasks at one time on one worker.")] = 5
    queue_size: Annotated[int, Api("QueueSize", _SIZE, "Tasks that may wait in the queue.")] = 10_000
    dispatcher_size: Annotated[int, Api("DispatcherSize", _SIZE, "Threads that dispatch tasks.")] = 5
    time_type: Annotated[TimeType, Api("TimeType", Choice(TimeType), "What fires the job.", Needed.CREATE)] = (
        TimeType.API
    )
    time_expression: Annotated[str, Api("TimeExpression", _LINE, "When, in the form that TimeType wants.")] = ""
    calendar: Annotated[str, Api("Calendar", _LINE, "Calendar on whose days only the job fires.")] = ""
    data_offset: Annotated[
        int, Api("DataOffset", Whole(-(2**31), 2**31 - 1), "Seconds from schedule time to data time.")
    ] = 0
    timezone: Annotated[str, Api("Timezone", _ZONE, "Zone of the times.")] = ""
    """Empty: the server's."""
    timeout_enable: Annotated[bool, Api("TimeoutEnable", _FLAG, "Alert when a run takes longer than Timeout.")] = False
    timeout: Annotated[int, Api("Timeout", _SIZE, "Seconds that a run may take.")] = 7200
    timeout_kill_enable: Annotated[bool, Api("TimeoutKillEnable", _FLAG, "Stop a run at its Timeout.")] = False
    fail_enable: Annotated[bool, Api("FailEnable", _FLAG, "Alert after FailTimes failures.")] = False
    fail_times: Annotated[int, Api("FailTimes", _SIZE, "Failures in a row before the alert.")] = 1
    miss_worker_enable: Annotated[bool, Api("MissWorkerEnable", _FLAG, "Alert when no worker can run the job.")] = False
    success_notice_enable: Annotated[bool, Api("SuccessNoticeEnable", _FLAG, "Tell of every success.")] = False
    send_channel: Annotated[tuple[Channel, ...], Api("SendChannel", Channels(), "Ways of the alerts.")] = (
        Channel.DEFAULT,
    )
    task_max_attempt: Annotated[int, Api("TaskMaxAttempt", _COUNT, "Further attempts of a failed task.")] = 0
    task_attempt_interval: Annotated[int, Api("TaskAttemptInterval", _COUNT, "Seconds between them.")] = 0
    contact_info: Annotated[
        tuple[Contact, ...], Api("ContactInfo", Contacts(), "Who is told. Deprecated by the API.")
    ] = ()
    status: Annotated[JobStatus, Api("Status", Choice(JobStatus), "Whether time fires the job.")] = JobStatus.ENABLED
    xattrs: Annotated[Mapping[str, JsonValue], Api("XAttrs", Attributes(), "Further attributes, an object.")] = field(
        default_factory=dict[str, JsonValue]
    )
    priority: Annotated[Priority, Api("Priority", Choice(Priority), "Place in the app group's queue.")] = (
        Priority.MEDIUM
    )
    start_time: Annotated[int, Api("StartTime", _MOMENT, "Not fired before, epoch ms; -1: at once.")] = -1
    end_time: Annotated[int, Api("EndTime", _MOMENT, "Not fired after, epoch ms; -1: never ends.")] = -1
    task_dispatch_mode: Annotated[
        TaskDispatchMode, Api("TaskDispatchMode", Choice(TaskDispatchMode), "Who moves tasks to the workers.")
    ] = TaskDispatchMode.PUSH
    """UpdateJob's field. CreateJob has it only as the key `taskDispatchMode` of XAttrs, which wins."""
    template: Annotated[str, Api("Template", _TEXT, "Pod manifest of a k8s script job with its own template.")] = ""
    """UpdateJob's field."""

    def __post_init__(self) -> None:
        given = {
            item.attribute: value
            for item in JOB_FIELDS
            if (value := getattr(self, item.attribute)) is not item.default or item.default is None
        }
        read, problems = _read(given)
        if problems:
            raise BadJob(problems, shown(self.name))
        for attribute, value in read.items():
            object.__setattr__(self, attribute, value)

    @classmethod
    def from_wire(cls, fields: Mapping[str, object], *, strict: bool = False, source: str = "") -> Job:
        """The job of the API's names and spellings.

        A field that is None or blank counts as not given. `strict` asks for every field that
        CreateJob requires; without it JobType and Name are enough. `source` is named in the message. Raises BadJob with
        every Problem.
        """
        given, unknown = dict[str, object](), list[Problem]()
        for name, value in fields.items():
            item = _BY_NAME.get(name)
            if item is None:
                unknown.append(_unknown(name, value))
            elif value is not None and value != "":
                given[item.attribute] = value
        needed = _NEEDED_BY_CREATE if strict else _NEEDED_ALWAYS
        missing = [item for item in needed if item.attribute not in given]
        given.setdefault("xattrs", {})
        read, problems = _read(given)
        problems = [*unknown, *map(_missing, missing), *problems]
        if given.get("time_expression") and "time_type" not in given and _TIME_TYPE not in missing:
            problems.append(
                Problem(field="TimeType", value="", remedy="is missing; without it TimeExpression fires nothing")
            )
        if problems:
            if "job_type" not in read and "job_type" not in given:
                # What the type finds wrong is told with the rest, also where only the key is mistyped.
                read |= _meant(fields)
            rest = cls._of(read) if "job_type" in read else None
            raise BadJob(problems, _name_in(fields), source, rest=rest)
        return cls._of(read)

    @classmethod
    def _of(cls, read: Mapping[str, object]) -> Job:
        """A job of values that have been read: not a second time, it is on the way of every call."""
        job = object.__new__(cls)
        for item in JOB_FIELDS:
            object.__setattr__(job, item.attribute, read.get(item.attribute, item.default))
        return job

    @property
    def owner(self) -> str:
        """The app group in one word, also where several namespaces have one of the same name: `GROUP` in namespace
        `default` or none, else `NAMESPACE/GROUP`; empty where the job names no group. What belongs to an app group is
        kept by it."""
        return owner_of(self.namespace, self.group_id)

    def to_wire(self) -> dict[str, JsonValue]:
        """Every field that has a value, defaults too, under the API's names: XAttrs as JSON text, channels as one text.

        `Job.from_wire(job.to_wire()) == job`, also when a later version has other defaults.
        """
        written = ((item.name, item.rule.write(getattr(self, item.attribute))) for item in JOB_FIELDS)
        return {name: value for name, value in written if value not in ("", [])}


JOB_FIELDS: Final[tuple[JobField, ...]] = fields_of(Job)
"""Every field of Job in the API's order."""

_BY_NAME: Final = {item.name: item for item in JOB_FIELDS}
_BY_ATTRIBUTE: Final = {item.attribute: item for item in JOB_FIELDS}
_TIME_TYPE: Final = _BY_NAME["TimeType"]
_NEEDED_ALWAYS: Final = [item for item in JOB_FIELDS if item.needed is Needed.ALWAYS]
_NEEDED_BY_CREATE: Final = [item for item in JOB_FIELDS if item.needed is not Needed.NEVER]


def _read(given: Mapping[str, object]) -> tuple[dict[str, object], list[Problem]]:
    read, problems = dict[str, object](), list[Problem]()
    for attribute, value in given.items():
        item = _BY_ATTRIBUTE[attribute]
        try:
            read[attribute] = item.rule.read(value, item.name, problems.append)
        except WrongValue as wrong:
            problems.append(wrong.problem(item.name, value))
    _check_times(given, read, problems)
    return read, problems


def _check_times(given: Mapping[str, object], read: Mapping[str, object], problems: list[Problem]) -> None:
    time_type, expression = read.get("time_type"), read.get("time_expression", "")
    wrong_already = "time_expression" in given and "time_expression" not in read
    if isinstance(time_type, TimeType) and isinstance(expression, str) and not wrong_already:
        try:
            check_time_expression(time_type, expression)
        except WrongValue as wrong:
            problems.append(wrong.problem("TimeExpression", expression))
    start, end = read.get("start_time", -1), read.get("end_time", -1)
    if isinstance(start, int) and isinstance(end, int) and -1 < end <= start:
        problems.append(
            Problem(
                field="EndTime", value=str(end), remedy=f"is not after StartTime ({start}); write a later one, or -1"
            )
        )


def _unknown(name: str, value: object) -> Problem:
    if name == "JarUrl":
        remedy = "is not supported, as in SchedulerX itself, whose older pages list it; take it away"
    else:
        remedy = f"is not a field of a job; {did_you_mean(name, _BY_NAME) or 'take it away'}"
    return Problem(field=name, value=shown(value), remedy=remedy)


def _meant(fields: Mapping[str, object]) -> dict[str, object]:
    """The job type under a key that was to be JobType, if there is just one such key."""
    found = [value for name, value in fields.items() if name not in _BY_NAME and nearest(name, _BY_NAME) == ["JobType"]]
    return {"job_type": found[0]} if len(found) == 1 and isinstance(found[0], str) and found[0] else {}


def _missing(item: JobField) -> Problem:
    by = "CreateJob needs it" if item.needed is Needed.CREATE else "every job has one"
    return Problem(field=item.name, value="", remedy=f"is missing; {by}")


def _name_in(fields: Mapping[str, object]) -> str:
    name = fields.get("Name", "")
    return name if isinstance(name, str) else shown(name)
