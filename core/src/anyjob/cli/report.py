"""The end of an instance as JSON."""

from __future__ import annotations

from pathlib import Path

from anyjob.outcome import Json, Outcome
from anyjob.worker.instance import LiveInstance
from anyjob.worker.worker import LiveRun

__all__ = ["instance_json", "log_of", "run_json"]


def log_of(run: LiveRun, runs: Path) -> Path:
    """The log of a run in the folder of all runs. It need not exist."""
    return runs / run.name / "log"


def instance_json(live: LiveInstance, outcome: Outcome, runs: Path) -> dict[str, Json]:
    """The object of `--json`.

    With one run the whole is that run. With several, `task`, `attempt`, `fence`, `run` and `log` are those of the last
    attempt of an only task, null where there are several tasks, and `runs` holds every run in the order of their
    starts. Times are epoch seconds.
    """
    alone = live.runs[-1] if live.runs and len(live.plans) == 1 else None
    started = [run.record.started for run in live.runs if run.record.started is not None]
    ended = [run.record.ended for run in live.runs if run.record.ended is not None]
    said = _object(
        live.firing.job.name,
        live.firing.instance,
        alone,
        outcome,
        runs,
        min(started, default=None),
        max(ended, default=None),
    )
    if len(live.runs) > 1 or len(live.plans) > 1:
        said["runs"] = [run_json(run, runs) for run in live.runs]
    return said


def run_json(run: LiveRun, runs: Path) -> dict[str, Json]:
    """One run that is over."""
    record = run.record
    assert record.outcome is not None
    return _object(
        record.order.job.name, record.order.instance, run, record.outcome, runs, record.started, record.ended
    )


def _object(
    job: str,
    instance: int,
    run: LiveRun | None,
    outcome: Outcome,
    runs: Path,
    started: float | None,
    ended: float | None,
) -> dict[str, Json]:
    order = None if run is None else run.record.order
    log = None if run is None else log_of(run, runs)
    return {
        "job": job,
        "instance": instance,
        "task": None if order is None else order.task,
        "attempt": None if order is None else order.attempt,
        "fence": None if order is None else order.fence,
        "run": None if order is None else order.name,
        "ok": outcome.ok,
        "cause": outcome.cause.value,
        "code": outcome.code,
        "result": outcome.result,
        "outputs": dict(outcome.outputs),
        "evidence": [item.to_json() for item in outcome.evidence],
        "stop": None if outcome.stop is None else outcome.stop.to_json(),
        "log": str(log) if log is not None and log.exists() else None,
        "started": started,
        "ended": ended,
    }
