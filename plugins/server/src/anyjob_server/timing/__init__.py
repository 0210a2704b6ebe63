"""When a job fires: cron, schedules, calendars, misfire. Pure: no clock of its own, no database."""
