"""When a job fires: cron, schedules, calendars, misfire. Pure: no clock of its own, no database.

A scheduler asks `timeline_of(job, ...)` once, then `timeline.next_fire(after)` again and again, and `missed(...)` when
it was away. Whoever creates or updates a job asks `time_problems(job, ...)` first.
"""

from anyjob_server.timing.badcron import BadCron
from anyjob_server.timing.calendar import Calendar, Calendars
from anyjob_server.timing.cron import Cron
from anyjob_server.timing.misfire import Missed, missed
from anyjob_server.timing.ofjob import time_problems, timeline_of, zone_of
from anyjob_server.timing.settings import TimeSettings
from anyjob_server.timing.timeline import Fire, Never, Skip, Timeline

__all__ = [
    "BadCron",
    "Calendar",
    "Calendars",
    "Cron",
    "Fire",
    "Missed",
    "Never",
    "Skip",
    "TimeSettings",
    "Timeline",
    "missed",
    "time_problems",
    "timeline_of",
    "zone_of",
]
