"""The keys of XAttrs that tune how an instance's tasks are dealt out.

Sources: SchedulerX user guide, advanced parameters, push and pull model; SchedulerX worker for Go,
internal/constants/constants.go.
"""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field

from anyjob.spec.model import At, Spec

__all__ = ["ModeXAttrs"]


class ModeXAttrs(Spec):
    """What the modes read from XAttrs, by SchedulerX's names.

    None: not given, so the job's own field or the mode's default counts. For parallel, grid, batch and sharding.
    Intervals in seconds. `dispatcherSize` is capped at 200, as SchedulerX's worker does.
    """

    page_size: Annotated[int | None, Field(description="tasks in a page", ge=1), At("XAttrs.$.pageSize")] = None
    queue_size: Annotated[
        int | None, Field(description="tasks that wait in the master's queue", ge=1), At("XAttrs.$.queueSize")
    ] = None
    consumer_size: Annotated[
        int | None, Field(description="tasks at one time on a worker", ge=1), At("XAttrs.$.consumerSize")
    ] = None
    dispatcher_size: Annotated[
        int | None, Field(description="threads that deal tasks out", ge=1, le=200), At("XAttrs.$.dispatcherSize")
    ] = None
    task_max_attempt: Annotated[
        int | None, Field(description="further tries of a failed task", ge=0), At("XAttrs.$.taskMaxAttempt")
    ] = None
    task_attempt_interval: Annotated[
        int | None, Field(description="seconds between two tries of a task", ge=0), At("XAttrs.$.taskAttemptInterval")
    ] = None
    global_consumer_size: Annotated[
        int | None, Field(description="tasks at one time on all workers", ge=1), At("XAttrs.$.globalConsumerSize")
    ] = None
    task_dispatch_mode: Annotated[
        Literal["push", "pull"] | None,
        Field(description="push: the master sends tasks; pull: workers fetch them"),
        At("XAttrs.$.taskDispatchMode"),
    ] = None
    failover: Annotated[
        bool | None, Field(description="give the tasks of a lost worker to others"), At("XAttrs.$.failover")
    ] = None
    exec_on_master: Annotated[
        bool | None, Field(description="run tasks on the master too"), At("XAttrs.$.execOnMaster")
    ] = None
    produce_interval: Annotated[
        int | None,
        Field(description="seconds between two rounds of making tasks", ge=1),
        At("XAttrs.$.produceInterval"),
    ] = None
