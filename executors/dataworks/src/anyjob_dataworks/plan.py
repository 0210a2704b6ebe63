"""What a run asks DataWorks to do: the job's fields with everything filled in.

Sources: DataWorks API 2020-05-18, RunManualDagNodes, "BizDate"; DataWorks API 2024-05-18, CreateWorkflowInstances,
"Periods".
"""

from __future__ import annotations

import json
import re
import time
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import TYPE_CHECKING, Final

from anyjob.job import BadJob
from anyjob.problem import Problem
from anyjob.timezone import parse_timezone

if TYPE_CHECKING:
    from anyjob.run import RunFacts
    from anyjob_dataworks.settings import DataworksSettings
    from anyjob_dataworks.spec import DataworksSpec, FlowType

__all__ = ["MARK", "Plan", "default_day", "plan_of"]

MARK: Final = "anyjob_run"
"""The parameter of a flow that says which run started it."""

_ID: Final = re.compile(r"\d{1,19}\Z")


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """`mark` is the run's and nobody else's; empty: none is sent. `midnight`: epoch milliseconds of the business date
    in the workspace's time zone. `title` is the job's name, for people who look in the console."""

    project: str
    project_id: int | None
    env: str
    flow: str
    flow_type: FlowType
    workflow_id: int | None
    tasks: tuple[int, ...]
    excluded: tuple[int, ...]
    day: date
    midnight: int
    node_parameters: Mapping[str, str]
    dag_parameters: Mapping[str, str]
    operation: str
    mark: str
    title: str

    @property
    def what(self) -> str:
        """For people: `flow daily of finance (PROD), business date 2026-11-25`."""
        name = f"flow {self.flow or self.workflow_id}" if self.flow or self.workflow_id else f"tasks {self.ids}"
        return f"{name} of {self.project or self.project_id} ({self.env}), business date {self.day}"

    @property
    def ids(self) -> str:
        """The nodes, as the API takes them."""
        return ",".join(map(str, self.tasks))


def default_day(data_time: int, schedule_time: int, zone: str) -> date:
    """The business date of a run that names none, times in epoch milliseconds.

    The day of its data time, but at the latest the day before it was scheduled: DataWorks takes no later one. So a
    job without DataOffset has yesterday, as the vendor's own flows do.
    """
    place = parse_timezone(zone)

    def day(at: int) -> date:
        return datetime.fromtimestamp(at / 1000, place).date()

    return min(day(data_time), day(schedule_time) - timedelta(days=1))


def plan_of(
    run: RunFacts, spec: DataworksSpec, settings: DataworksSettings, *, mark: str, day: date | None = None
) -> Plan:
    """The plan of a run. `day`: the business date that an earlier worker took. Raises BadJob, or what `run.fill`
    raises."""
    zone = spec.timezone or settings.timezone
    if day is None:
        day = _day(run, spec, zone)
    midnight = datetime(day.year, day.month, day.day, tzinfo=parse_timezone(zone))
    nodes = {
        name: run.fill(value) if isinstance(value, str) else " ".join(f"{k}={_text(run, v)}" for k, v in value.items())
        for name, value in spec.node_parameters.items()
    }
    return Plan(
        project=run.fill(spec.project_name or ""),
        project_id=spec.project_id,
        env=spec.project_env,
        flow=run.fill(spec.flow_name or ""),
        flow_type=spec.flow_type,
        workflow_id=spec.workflow_id,
        tasks=_ids(run, "taskIds", spec.task_ids),
        excluded=_ids(run, "excludeTaskIds", spec.exclude_task_ids),
        day=day,
        midnight=int(midnight.timestamp() * 1000),
        node_parameters=nodes,
        dag_parameters={name: _text(run, value) for name, value in spec.dag_parameters.items()},
        operation=spec.operation,
        mark=mark if spec.mark else "",
        title=run.job.name,
    )


def _text(run: RunFacts, value: object) -> str:
    return run.fill(value) if isinstance(value, str) else json.dumps(value)


def _day(run: RunFacts, spec: DataworksSpec, zone: str) -> date:
    now = int(time.time() * 1000)
    if spec.biz_date is None:
        schedule = run.schedule_time or now
        return default_day(run.data_time or schedule, schedule, zone)
    said = run.fill(spec.biz_date).strip()
    try:
        day = date.fromisoformat(said.removesuffix(" 00:00:00"))
    except ValueError:
        raise _bad(run, "bizDate", said, "is no day; write it as 2026-11-25") from None
    today = datetime.fromtimestamp(now / 1000, parse_timezone(zone)).date()
    if day >= today:
        raise _bad(
            run, "bizDate", said, f"is not over yet in {zone}; DataWorks takes {today - timedelta(days=1)} or before"
        )
    return day


def _ids(run: RunFacts, key: str, text: str | None) -> tuple[int, ...]:
    said = [] if text is None else [part.strip() for part in run.fill(text).split(",")]
    wrong = next((part for part in said if not _ID.match(part)), None)
    if wrong is not None:
        raise _bad(run, key, wrong, 'is no id of a node; write "700001" or "700001,700002"')
    return tuple(map(int, said))


def _bad(run: RunFacts, key: str, value: str, remedy: str) -> BadJob:
    return BadJob([Problem(field=f"Content.{key}", value=value, remedy=remedy)], run.job.name)
