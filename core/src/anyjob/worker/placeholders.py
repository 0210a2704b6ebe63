"""`#{schedulerx.*}` in the text of a job.

Replacement is plain text insertion, so only what the job's owner wrote is pasted: who may fire a job must not be able
to write its code.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable

from anyjob.errors import PasteRefused
from anyjob.outcome import Json
from anyjob.run import RunFacts
from anyjob.spec.placeholders import FOREIGN, PLACEHOLDER
from anyjob.version import VERSION

__all__ = ["fill"]


def _json(value: Json) -> str:
    return value if isinstance(value, str) else json.dumps(value)


_OWNERS: dict[str, Callable[[RunFacts], str]] = {
    "jobParameters": lambda run: run.parameters,
    "jobId": lambda run: str(run.job_id),
    "jobName": lambda run: run.job.name,
    "instanceId": lambda run: str(run.instance),
    "shardingId": lambda run: "" if run.shard is None else str(run.shard.id),
    "shardingParameters": lambda run: "" if run.shard is None else run.shard.parameter,
    "shardingNum": lambda run: "" if run.shard is None else str(run.shard.total),
    "attempt": lambda run: str(run.attempt),
    "triggerType": lambda run: str(int(run.trigger)),
    "scheduleTime": lambda run: str(run.schedule_time),
    "dataTime": lambda run: str(run.data_time),
    "agentVersion": lambda _: VERSION,
    "instanceParameters": lambda run: run.instance_parameters,
    "upstreamData": lambda run: _json(run.upstream),
}


def fill(text: str, run: RunFacts, *, paste: bool) -> str:
    """`text` with its placeholders replaced; unknown ones stay as they are.

    `paste`: the owner allows text that is not theirs. Raises PasteRefused.
    """
    if "#{" not in text:
        return text

    def value(found: re.Match[str]) -> str:
        name = found[1]
        read = _OWNERS.get(name)
        if read is None:
            return found[0]
        foreign = FOREIGN.get(name)
        if name == "shardingParameters" and run.instance_parameters:
            # Instance parameters replace the job's for sharding, so the shard's text is the caller's.
            foreign = "ANYJOB_SHARD_PARAMETER"
        if foreign and not paste:
            raise PasteRefused(run.job.name, name, foreign)
        return read(run)

    return PLACEHOLDER.sub(value, text)
