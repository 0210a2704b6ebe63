"""Jobs for the methods of an application, by the rules of SchedulerX's own import (`ScheduledJobSyncConfigurer` and
`JobSyncService` of spring-cloud-alibaba): name, trigger, time limit and retries are what it would make.

Source: Spring Cloud Alibaba, ScheduledJobSyncConfigurer and JobSyncService.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Final

from anyjob.job import Job, TimeType, parts_of
from anyjob.outcome import Json
from anyjob.problem import WrongValue
from anyjob_springschedule.crontext import quartz_cron
from anyjob_springschedule.described import Method, Trigger

__all__ = ["Created", "NotCreated", "create"]

_SHORT: Final = 60
"""Seconds below which a period is one of `second_delay`."""
_DEFAULTS: Final[dict[str, Json]] = {
    "TimeoutEnable": True,
    "Timeout": 3600,
    "TimeoutKillEnable": True,
    "FailEnable": True,
    "MaxAttempt": 3,
    "AttemptInterval": 30,
}
"""What the import sets in every job that it makes."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Created:
    """A job. `fields` are those to write down, in order; `job` is what they make. `notes` say where it differs from
    what Spring did."""

    fields: dict[str, Json]
    job: Job
    notes: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class NotCreated:
    """A trigger for which there is no job, and why."""

    method: Method
    why: str


def create(methods: Iterable[Method], group: str) -> tuple[list[Created], list[NotCreated]]:
    """One job for each trigger of each method that can be called. `group`: the word of the app group."""
    namespace, group_id = parts_of(group)
    known = list(methods)
    shared = Counter(method.plain_name for method in known)
    pairs = [(method, trigger) for method in known for trigger in method.triggers or (Trigger(),)]
    names = _names(pairs)
    made: list[Created] = []
    left: list[NotCreated] = []
    for (method, trigger), name in zip(pairs, names, strict=True):
        if method.refused:
            left.append(NotCreated(method=method, why=method.refused))
            continue
        try:
            when, notes = _when(trigger)
        except WrongValue as wrong:
            left.append(NotCreated(method=method, why=f"its trigger, {trigger}, {wrong.remedy}"))
            continue
        content: dict[str, Json] = {"className": method.class_name, "method": method.method}
        if shared[method.plain_name] > 1:
            content["bean"] = method.bean
        fields: dict[str, Json] = {
            "Name": name,
            "JobType": "springschedule",
            **({"Namespace": namespace} if namespace else {}),
            **({"GroupId": group_id} if group_id else {}),
            "Description": f"@Scheduled {trigger} in Spring",
            "Content": content,
            **when,
            **_DEFAULTS,
        }
        made.append(Created(fields=fields, job=Job.from_wire(fields), notes=tuple(notes)))
    return made, left


def _when(trigger: Trigger) -> tuple[dict[str, Json], list[str]]:
    """TimeType, TimeExpression and Timezone. Raises WrongValue for what a job cannot say."""
    if trigger.unreadable:
        raise WrongValue("cannot be read")
    notes: list[str] = []
    if trigger.initial_delay:
        notes.append(f"Spring waits {trigger.initial_delay / 1000:g} s first; the job does not")
    if trigger.cron == "-":
        return _timed(TimeType.API, ""), notes
    if trigger.cron is not None:
        if trigger.gap is not None and trigger.gap < _SHORT:
            seconds = max(1, trigger.gap)
            notes.append(f"Spring's cron is {trigger.cron}; the job starts {seconds} s after the run before has ended")
            return _timed(TimeType.SECOND_DELAY, str(seconds)), notes
        zone: dict[str, Json] = {"Timezone": trigger.zone} if trigger.zone else {}
        return _timed(TimeType.CRON, quartz_cron(trigger.cron)) | zone, notes
    millis = trigger.fixed_delay if trigger.fixed_rate is None else trigger.fixed_rate
    if millis is None:
        raise WrongValue("fires once after the start of the application, which a job cannot say")
    seconds = max(1, (millis + 500) // 1000)
    if seconds * 1000 != millis:
        notes.append(f"Spring's period is {millis / 1000:g} s; the job's is {seconds} s, as it has whole seconds")
    if seconds < _SHORT:
        if trigger.fixed_rate is not None:
            notes.append(
                f"Spring counts from start to start; the job starts {seconds} s after the run before has ended"
            )
        return _timed(TimeType.SECOND_DELAY, str(seconds)), notes
    if trigger.fixed_rate is None:
        notes.append(f"Spring counts from the end of a run to the next start; the job starts every {seconds} s")
    return _timed(TimeType.FIXED_RATE, str(seconds)), notes


def _timed(kind: TimeType, expression: str) -> dict[str, Json]:
    return {"TimeType": kind.value, **({"TimeExpression": expression} if expression else {})}


def _names(pairs: Sequence[tuple[Method, Trigger]]) -> list[str]:
    """`SimpleClass_method`, with the bean where several have that, and a number where a method has several triggers."""
    short = [f"{_simple(method.class_name)}_{method.method}" for method, _ in pairs]
    owners: dict[str, set[str]] = {}
    for name, (method, _) in zip(short, pairs, strict=True):
        owners.setdefault(name, set()).add(f"{method.class_name} {method.bean}")
    longer = [
        name if len(owners[name]) == 1 else f"{name}_{method.bean}"
        for name, (method, _) in zip(short, pairs, strict=True)
    ]
    seen = Counter[str]()
    names: list[str] = []
    for name in longer:
        seen[name] += 1
        suffix = f"_{seen[name]}" if seen[name] > 1 else ""
        names.append(f"{name[: 100 - len(suffix)]}{suffix}")
    return names


def _simple(class_name: str) -> str:
    return class_name.rpartition(".")[2].rpartition("$")[2]
