"""An instance as people read it."""

from __future__ import annotations

import time

from anyjob.cli.moment import moment
from anyjob.cli.said import cause_in_words, stop_in_words
from anyjob.outcome import Cause
from anyjob_server.client.instanceinfo import InstanceInfo

__all__ = ["row", "rows"]


def row(one: InstanceInfo) -> tuple[str, ...]:
    """A line among others."""
    name = one.job or str(one.job_id)
    return str(one.id), name, one.trigger.label, _time(one, "schedule_time"), _time(one, "end_time"), _status(one)


def rows(one: InstanceInfo) -> list[tuple[str, str]]:
    """All that is known of it, a label a line, and nothing twice."""
    result = _result(one)
    said = [
        ("job", f"{one.job_id} {one.job}"),
        ("status", _status(one)),
        ("fired by", one.trigger.label),
        ("schedule time", _time(one, "schedule_time")),
        ("data time", _time(one, "data_time")),
        ("started", _time(one, "start_time")),
        ("ended", _time(one, "end_time")),
        ("attempt", _attempt(one)),
        ("node", one.work_addr),
        ("progress", one.progress),
        *(("result", line) for line in result.splitlines()),
    ]
    if one.outcome is not None:
        more = [
            item
            for item in one.outcome.evidence
            if item.source.startswith("attempt ") or item.text not in result
            if item.source != "exit" or one.outcome.cause is not Cause.SIGNAL
        ]
        said += [(item.source, line) for item in more for line in item.text.splitlines()]
        stop, cause = one.outcome.stop, one.outcome.cause
        if stop is not None and cause in (Cause.STOPPED, Cause.TIMED_OUT, Cause.LEFTOVERS):
            said += [("stop", stop_in_words(stop)), *(("may still be going", still) for still in stop.survivors)]
    return [line for line in said if line[1]]


def _status(one: InstanceInfo) -> str:
    if one.stopped_by and one.outcome is None:
        since, force = _time(one, "stop"), _time(one, "force")
        told = f"{one.status.label}, stopped by {one.stopped_by}{f' at {since}' if since else ''}"
        told += (
            f"; {'forced' if one.stamps['force'] / 1000 <= time.time() else 'force comes'} at {force}" if force else ""
        )
        return f"{told}; it has not ended yet"
    words = "" if one.outcome is None or one.outcome.ok else cause_in_words(one.outcome)
    return one.status.label if words in ("", one.status.label) else f"{one.status.label}: {words}"


def _attempt(one: InstanceInfo) -> str:
    if one.attempt is None:
        return ""
    number, most = one.attempt
    after = _time(one, "next_attempt")
    return f"{number} of {most}" + (f" has ended; the next begins at {after}" if after else "")


def _result(one: InstanceInfo) -> str:
    """Empty where it is what the server made of cause and evidence, which are shown as such."""
    if one.outcome is None or one.outcome.ok:
        return one.result
    made = f"it {cause_in_words(one.outcome)}"
    known = [made, *(f"{made}: {item.text}" for item in one.outcome.evidence)]
    return "" if any(text.startswith(one.result) for text in known if one.result.startswith(made)) else one.result


def _time(one: InstanceInfo, name: str) -> str:
    """With this machine's zone, as the other commands; an older server tells its own zone's text alone."""
    at = one.stamps.get(name)
    if at is None:
        return "" if name in ("stop", "force", "next_attempt") else str(getattr(one, name))
    return moment(at / 1000)
