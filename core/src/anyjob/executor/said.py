"""What a process with a run of its own is told, and what it says: the `start` and `result` messages as files."""

from __future__ import annotations

import json
import os
import stat
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from pydantic import TypeAdapter, ValidationError

from anyjob.executor.command import Exit
from anyjob.outcome import Cause, Evidence, Json, Outcome, Strength
from anyjob.signalname import signal_name

if TYPE_CHECKING:
    from anyjob.run import Run

__all__ = ["OUTCOME_FILE", "START_FILE", "read_said", "run_facts", "start_message", "without_word"]

START_FILE: Final = "start.json"
OUTCOME_FILE: Final = "outcome.json"
_LIMIT: Final = 16 << 20
_OUTCOME: Final = TypeAdapter(Outcome)


def run_facts(run: Run) -> dict[str, Json]:
    """The run as JSON: `facts` of a start message, without the environment."""
    shard = run.shard
    return {
        "job": run.job.name,
        "job_type": run.job.job_type,
        "job_id": run.job_id,
        "group": run.job.group_id,
        "namespace": run.job.namespace,
        "execute_mode": run.job.execute_mode.value,
        "time_type": run.job.time_type.value,
        "time_expression": run.job.time_expression,
        "max_attempt": run.job.max_attempt,
        "task_max_attempt": run.job.task_max_attempt,
        "task_attempt_interval": run.job.task_attempt_interval,
        "content": run.job.content,
        "instance": run.instance,
        "task": run.task,
        "task_name": run.task_name,
        "attempt": run.attempt,
        "fence": run.fence,
        "key": run.key,
        "phase": run.phase.value,
        "parameters": run.parameters,
        "instance_parameters": run.instance_parameters,
        "shard": None if shard is None else {"id": shard.id, "parameter": shard.parameter, "total": shard.total},
        "payload": run.payload,
        "upstream": run.upstream,
        **({} if run.results is None else {"results": run.results}),
        "schedule_time": run.schedule_time,
        "data_time": run.data_time,
        "trigger": int(run.trigger),
        "deadline": None if run.deadline is None else int(run.deadline * 1000),
        "grace": run.grace,
        "saved": run.saved,
    }


def start_message(run: Run, request: Mapping[str, Json]) -> dict[str, Json]:
    """The `start` message of a run. Secrets and environment are not in it: a process has them by its own means."""
    return {"type": "start", "run": run.name, "facts": run_facts(run), "spec": dict(request)}


def read_said(exit_: Exit) -> Outcome | None:
    """The outcome that the process wrote, joined with how it ended; None: it wrote none.

    What the launcher knows better (out of memory, leftovers) stays. What cannot be read is no outcome: the evidence of
    the exit then says so.
    """
    path = exit_.returned.get(OUTCOME_FILE)
    if path is None:
        return None
    try:
        body = _read(path)
        said = _OUTCOME.validate_python(body["outcome"])
    except (OSError, ValueError, KeyError, TypeError, RecursionError, ValidationError) as error:
        text = f"{OUTCOME_FILE} was not read: {str(error).splitlines()[0] if str(error) else type(error).__name__}"
        return Outcome(
            cause=exit_.cause or Cause.UNKNOWN,
            code=exit_.code,
            evidence=[*exit_.evidence, Evidence(source="application", text=text)],
            stop=exit_.stop,
            ended=exit_.ended,
        )
    evidence = [*said.evidence, *exit_.evidence]
    if said.cause is Cause.SUCCEEDED and (exit_.signal is not None or exit_.code):
        evidence.append(Evidence(source="process", text=f"after it had succeeded its process {how(exit_)}"))
    stop = exit_.stop
    if stop is not None and said.stop is not None:
        # The launcher's proof; which step it took is the application's to tell.
        stop = replace(stop, evidence=[*stop.evidence, *said.stop.evidence])
    elif said.stop is not None and said.stop.strength is Strength.PROVEN:
        stop = replace(said.stop, strength=Strength.REPORTED)
    return replace(
        said,
        cause=exit_.cause or said.cause,
        code=exit_.code or None if said.code is None else said.code,
        outputs=said.outputs or exit_.outputs,
        evidence=evidence,
        stop=stop,
        ended=exit_.ended,
    )


def without_word(exit_: Exit) -> Outcome:
    """A process that ended and said nothing of its run: never a success, whatever its code.

    Where nobody saw it end it may never have begun, or go on: the launcher's own words stand alone then.
    """
    outcome = exit_.outcome()
    if exit_.code is None and exit_.signal is None:
        return outcome
    text = f"its process {how(exit_)} before the run had ended"
    cause = Cause.FAILED if outcome.cause is Cause.SUCCEEDED else outcome.cause
    return replace(outcome, cause=cause, evidence=[*outcome.evidence, Evidence(source="process", text=text)])


def how(exit_: Exit) -> str:
    """How the process was seen to end, as the rest of a sentence."""
    if exit_.signal is not None:
        return f"was ended by signal {signal_name(exit_.signal)}"
    return f"ended with exit code {exit_.code}"


def _read(path: Path) -> dict[str, Any]:
    # The job owns the place: what lies there may be a link to somebody else's file, or a pipe that never ends.
    file = os.open(path, os.O_RDONLY | os.O_CLOEXEC | os.O_NOFOLLOW | os.O_NONBLOCK)
    with os.fdopen(file, "rb") as stream:
        if not stat.S_ISREG(os.fstat(file).st_mode):
            raise ValueError("it is no regular file")
        data = stream.read(_LIMIT + 1)
    if len(data) > _LIMIT:
        raise ValueError(f"it holds over {_LIMIT} bytes")
    body: object = json.loads(data)
    if not isinstance(body, dict):
        raise ValueError("it holds no JSON object")
    return body  # pyright: ignore[reportUnknownVariableType] - JSON has only str keys
