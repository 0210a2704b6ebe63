"""The timeline of a job, and what is wrong with its times."""

from __future__ import annotations

from datetime import datetime, tzinfo
from typing import Final

from anyjob.job import BadJob, Job, TimeType, check_time_expression
from anyjob.nearest import did_you_mean
from anyjob.problem import Problem, WrongValue
from anyjob.timezone import parse_timezone
from anyjob_server.timing.badcron import BadCron
from anyjob_server.timing.calendar import Calendars
from anyjob_server.timing.cron import Cron
from anyjob_server.timing.localtime import epoch_of, wall_after
from anyjob_server.timing.schedule import CronSchedule, FixedRate, OnDemand, OneTime, Schedule, SecondDelay
from anyjob_server.timing.timeline import LAST, Never, Timeline

__all__ = ["time_problems", "timeline_of", "told_more", "zone_of"]

_ON_DEMAND: Final = (TimeType.API, TimeType.NONE)


def zone_of(job: Job, default: tzinfo) -> tzinfo:
    """The zone of the job's times: its own, or the server's. Raises BadJob for one that is not known here any more."""
    try:
        return parse_timezone(job.timezone) if job.timezone else default
    except WrongValue as wrong:
        raise BadJob([wrong.problem("Timezone", job.timezone)], job.name) from None


def timeline_of(job: Job, created: int, calendars: Calendars, default: tzinfo) -> Timeline:
    """When the job fires. For a new one and for one from the store: what was allowed once is not judged again.

    `created` in epoch milliseconds: a fixed_rate without StartTime counts from there. `default` is the server's zone.
    Raises BadJob for a TimeExpression that cannot be read.
    """
    zone = zone_of(job, default)
    calendar = calendars.get(job.calendar) if job.calendar and job.time_type not in _ON_DEMAND else None
    return Timeline(
        schedule=_schedule(job, created, zone),
        zone=zone,
        start=job.start_time if job.start_time >= 0 else None,
        end=job.end_time if job.end_time >= 0 else None,
        data_offset=job.data_offset,
        calendar=calendar,
    )


def time_problems(job: Job, now: int, calendars: Calendars, default: tzinfo) -> list[Problem]:
    """What is wrong with the times of a job that is created or updated now, epoch milliseconds.

    Beside what `timeline_of` refuses: a calendar that there is not, and times none of which is to come.
    """
    found: list[Problem] = []
    if job.calendar and not calendars.has(job.calendar):
        other = f"write {' or '.join(calendars.names)}, or add [server.calendars] to the settings"
        hint = did_you_mean(job.calendar, calendars.names) or other
        found.append(Problem(field="Calendar", value=job.calendar, remedy=f"is no calendar here; {hint}"))
    try:
        timeline = timeline_of(job, now, calendars, default)
    except BadJob as bad:
        return [*found, *bad.problems]
    if found or job.time_type in _ON_DEMAND:
        return found
    if 0 <= job.end_time <= now:
        return [Problem(field="EndTime", value=str(job.end_time), remedy="has passed; write a later one, or -1")]
    answer = timeline.next_fire(now)
    if isinstance(answer, Never):
        found.append(
            Problem(field="TimeExpression", value=job.time_expression, remedy=_never(job, timeline, answer, now))
        )
    return found


def _never(job: Job, timeline: Timeline, answer: Never, now: int) -> str:
    if isinstance(timeline.schedule, OneTime) and timeline.schedule.at <= now:
        there = datetime.fromtimestamp(now // 1000, timeline.zone).strftime("%Y-%m-%d %H:%M:%S")
        return f"has passed: it is {there} in {timeline.zone}; write a time to come"
    if timeline.schedule.next(now) is None:
        return f"never fires again: {answer.reason}; write a time to come"
    return f"never fires: {answer.reason}"


def told_more(problem: Problem) -> Problem:
    """What core says of a cron that has not as many fields, with what this dialect is and what crontab's would be."""
    if problem.field == "TimeExpression" and problem.value and "(cron)" in problem.remedy:
        try:
            Cron.parse(problem.value)
        except BadCron as bad:
            return bad.problem()
    return problem


def _schedule(job: Job, created: int, zone: tzinfo) -> Schedule:
    text = job.time_expression
    try:
        check_time_expression(job.time_type, text)
        match job.time_type:
            case TimeType.CRON:
                return CronSchedule(Cron.parse(text), zone)
            case TimeType.FIXED_RATE:
                period = int(text) * 1000
                first = job.start_time if job.start_time >= 0 else created // 1000 * 1000 + period
                return FixedRate(first, period)
            case TimeType.SECOND_DELAY:
                return SecondDelay(int(text) * 1000)
            case TimeType.ONE_TIME:
                return OneTime(_moment(text, zone))
            case _:
                return OnDemand()
    except WrongValue as wrong:
        raise BadJob([wrong.problem("TimeExpression", text)], job.name) from None
    except BadCron as bad:
        raise BadJob([bad.problem()], job.name) from None


def _moment(text: str, zone: tzinfo) -> int:
    """Epoch milliseconds. Raises WrongValue."""
    if text.isdigit():
        at = int(text)
        if at > LAST:
            raise WrongValue("lies behind the year 9999; write milliseconds since 1970")
        return at
    local = datetime.strptime(text, "%Y-%m-%d %H:%M:%S")  # noqa: DTZ007 - in the job's zone, which epoch_of knows
    wall = (local.year, local.month, local.day, local.hour, local.minute, local.second)
    at = epoch_of(wall, zone)
    if at is None:
        after = datetime(*wall_after(wall, zone))  # noqa: DTZ001 - shown as it is written
        raise WrongValue(f"does not come in {zone}, whose clocks skip it; write {after} or later")
    return at * 1000
